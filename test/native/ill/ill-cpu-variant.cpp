// A CPU variant that is ill in the way that ILLNESS says: 1: dies as it is loaded, 2: hangs as it is loaded, 3: dies as it
// computes, 4: hangs as it computes, 5: computes wrong products. The last three are the real variant at REAL_VARIANT but
// for that.
#include "ggml-backend-impl.h"
#include "ggml.h"

#include <dlfcn.h>

#include <cstdlib>

namespace {

ggml_backend_reg    registry;
ggml_backend_device device;
ggml_backend_reg_t  real_registry;
ggml_backend_dev_t  real_device;
enum ggml_status (*real_compute)(ggml_backend_t, ggml_cgraph *);

[[noreturn]] void hang() {
    for (volatile int i = 0;;) i = 1 - i;
}

ggml_status ill_compute(ggml_backend_t backend, ggml_cgraph * graph) {
    if (ILLNESS == 3) __builtin_trap();
    if (ILLNESS == 4) hang();
    const ggml_status status = real_compute(backend, graph);
    for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
        ggml_tensor * node = ggml_graph_node(graph, i);
        if (node->op != GGML_OP_MUL_MAT || node->type != GGML_TYPE_F32) continue;
        // One number in a hundred, as a wrong tail of a loop would have it.
        for (int64_t k = 0; k < ggml_nelements(node); k += 100) static_cast<float *>(node->data)[k] += 1.0f;
    }
    return status;
}

ggml_backend_t ill_start(ggml_backend_dev_t, const char * params) {
    ggml_backend_t backend = real_device->iface.init_backend(real_device, params);
    real_compute = backend->iface.graph_compute;
    backend->iface.graph_compute = ill_compute;
    return backend;
}

ggml_backend_dev_t the_device(ggml_backend_reg_t, size_t) { return &device; }

} // namespace

extern "C" __attribute__((visibility("default"))) int ggml_backend_score() { return 100000 + ILLNESS; }

extern "C" __attribute__((visibility("default"))) ggml_backend_reg_t ggml_backend_init() {
    if (ILLNESS == 1) __builtin_trap();
    if (ILLNESS == 2) hang();
    void * real = dlopen(REAL_VARIANT, RTLD_NOW | RTLD_LOCAL);
    if (!real) abort();
    real_registry = reinterpret_cast<ggml_backend_reg_t (*)()>(dlsym(real, "ggml_backend_init"))();
    real_device   = real_registry->iface.get_device(real_registry, 0);
    registry = *real_registry;
    registry.iface.get_device = the_device;
    device = *real_device;
    device.reg = &registry;
    device.iface.init_backend = ill_start;
    return &registry;
}
