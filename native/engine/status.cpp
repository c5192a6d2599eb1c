#include "status.h"

#include <utility>

namespace {

thread_local std::string last_error;

} // namespace

namespace sotto {

sotto_status fail(sotto_status status, std::string reason) {
    last_error = std::move(reason);
    return status;
}

} // namespace sotto

const char * sotto_last_error(void) { return last_error.c_str(); }
