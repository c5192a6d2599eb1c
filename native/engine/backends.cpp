// ggml's backends: modules that are loaded by their full path. ggml's own search is never asked: it looks into the folder
// of the node program and the working directory, and skips what does not load without a word.
#include "engine.h"
#include "status.h"
#include "upstream_log.h"

#include "ggml-backend-dl.h"
#include "ggml-backend-impl.h"
#include "ggml-backend.h"

using sotto::fail;
using sotto::guarded;

sotto_status sotto_backend_load(const char * path, const char ** name) {
    return guarded([&]() -> sotto_status {
        sotto::listen_to_upstream();
        ggml_backend_reg_t registry = ggml_backend_load(path);
        if (!registry) {
            return fail(SOTTO_LOAD_FAILED, sotto::upstream_error("it is for another processor, or not of this version of ggml"));
        }
        *name = ggml_backend_reg_name(registry);
        return SOTTO_OK;
    });
}

sotto_status sotto_backend_score(const char * path, int32_t * score) {
    return guarded([&]() -> sotto_status {
        dl_handle_ptr handle { dl_load_library(fs::u8path(path)) };
        if (!handle) {
            return fail(SOTTO_LOAD_FAILED, dl_error());
        }
        auto * score_of = reinterpret_cast<ggml_backend_score_t>(dl_get_sym(handle.get(), "ggml_backend_score"));
        *score = score_of ? score_of() : 1;
        return SOTTO_OK;
    });
}

size_t sotto_device_count(void) { return ggml_backend_dev_count(); }

sotto_status sotto_device_describe(size_t index, sotto_device * out) {
    return guarded([&]() -> sotto_status {
        if (index >= ggml_backend_dev_count()) {
            return fail(SOTTO_INVALID_ARGUMENT, "no such device");
        }
        ggml_backend_dev_t device = ggml_backend_dev_get(index);
        size_t free_bytes = 0;
        size_t total_bytes = 0;
        ggml_backend_dev_memory(device, &free_bytes, &total_bytes);
        const enum ggml_backend_dev_type type = ggml_backend_dev_type(device);
        const bool is_gpu = type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU;
        *out = { ggml_backend_dev_name(device), ggml_backend_dev_description(device),
                 is_gpu ? 1 : 0, free_bytes, total_bytes };
        return SOTTO_OK;
    });
}
