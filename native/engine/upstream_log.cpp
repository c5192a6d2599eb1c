#include "upstream_log.h"

#include "ggml.h"
#include "whisper.h"

namespace {

thread_local std::string last_error;

void keep_errors(ggml_log_level level, const char * text, void *) {
    if (level != GGML_LOG_LEVEL_ERROR) {
        return;
    }
    last_error = text;
    while (!last_error.empty() && last_error.back() == '\n') {
        last_error.pop_back();
    }
}

} // namespace

namespace sotto {

void listen_to_upstream() {
    // whisper.cpp sets ggml's too, and sets it again at each start of a GPU.
    whisper_log_set(keep_errors, nullptr);
    last_error.clear();
}

std::string upstream_error(const char * otherwise) { return last_error.empty() ? otherwise : last_error; }

} // namespace sotto
