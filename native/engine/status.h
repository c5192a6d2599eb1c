// How a function of the C face ends: with a status, and a reason for the calling thread.
#pragma once

#include "engine.h"

#include <exception>
#include <new>
#include <string>

namespace sotto {

// Keeps `reason` for sotto_last_error() of this thread.
sotto_status fail(sotto_status status, std::string reason);

// Runs `body`. An exception must not cross into Rust, where it would abort the process.
template <typename Body> sotto_status guarded(Body && body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return fail(SOTTO_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception & error) {
        return fail(SOTTO_COMPUTE_FAILED, error.what());
    } catch (...) {
        return fail(SOTTO_COMPUTE_FAILED, "an unknown exception");
    }
}

} // namespace sotto
