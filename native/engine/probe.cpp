// Products as the models need them, on one device, held against plain loops: whether its kernels are right, and how fast.
#include "engine.h"
#include "status.h"
#include "upstream_log.h"

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

using sotto::fail;
using sotto::guarded;

namespace {

// Multiples of every tile there is: AMX wants 32 rows and blocks of 32 or 256 inputs.
constexpr int64_t INPUTS  = 512;
constexpr int64_t OUTPUTS = 512;
constexpr int64_t WIDE    = 96;
constexpr int64_t NARROW  = 1;
constexpr int     REPEATS = 8;

constexpr ggml_type TYPES[] = { GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q5_0 };

struct weights {
    ggml_type            type;
    std::vector<uint8_t> packed;
    std::vector<float>   plain; // what `packed` stands for
};

std::vector<float> noise(size_t count, std::mt19937 & random) {
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float & value : values) value = normal(random);
    return values;
}

weights make_weights(ggml_type type, std::mt19937 & random) {
    std::vector<float> values = noise(INPUTS * OUTPUTS, random);
    // Rows of nothing, of tiny and of large numbers: scales at the ends of what half a float holds.
    std::fill_n(values.begin(), INPUTS, 0.0f);
    for (int64_t i = 0; i < INPUTS; ++i) {
        values[1 * INPUTS + i] *= 1e-4f;
        values[2 * INPUTS + i] *= 1e+3f;
    }
    weights result = { type, std::vector<uint8_t>(ggml_row_size(type, INPUTS) * OUTPUTS), std::vector<float>(values.size()) };
    ggml_quantize_chunk(type, values.data(), result.packed.data(), 0, OUTPUTS, INPUTS, nullptr);
    ggml_get_type_traits(type)->to_float(result.packed.data(), result.plain.data(), static_cast<int64_t>(values.size()));
    return result;
}

std::vector<double> plain_product(const std::vector<float> & w, const std::vector<float> & x, int64_t columns) {
    std::vector<double> y(static_cast<size_t>(OUTPUTS * columns));
    for (int64_t c = 0; c < columns; ++c) {
        for (int64_t r = 0; r < OUTPUTS; ++r) {
            double sum = 0.0;
            for (int64_t k = 0; k < INPUTS; ++k) {
                sum += static_cast<double>(w[r * INPUTS + k]) * x[c * INPUTS + k];
            }
            y[c * OUTPUTS + r] = sum;
        }
    }
    return y;
}

// Root mean square of the error over that of the result. Of many columns row by row, and the worst row counts, so that
// large rows do not hide small ones; a single column's sums may cancel out, so its rows count together.
double relative_error(const std::vector<float> & came, const std::vector<double> & expected, int64_t columns) {
    const int64_t rows = columns == NARROW ? OUTPUTS : 1;
    double worst = 0.0;
    for (int64_t first = 0; first < OUTPUTS; first += rows) {
        double error = 0.0;
        double size = 1e-12; // of a row of zeros
        for (int64_t c = 0; c < columns; ++c) {
            for (int64_t r = first; r < first + rows; ++r) {
                const double difference = came[c * OUTPUTS + r] - expected[c * OUTPUTS + r];
                error += difference * difference;
                size += expected[c * OUTPUTS + r] * expected[c * OUTPUTS + r];
            }
        }
        if (!std::isfinite(error)) {
            return INFINITY;
        }
        worst = std::max(worst, std::sqrt(error / size));
    }
    return worst;
}

// The places where whisper.cpp may put weights on a device: those with kernels of their own (AMX, repacked) first.
std::vector<ggml_backend_buffer_type_t> places_of(ggml_backend_dev_t device) {
    std::vector<ggml_backend_buffer_type_t> places;
    auto * extra_of = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts"));
    for (ggml_backend_buffer_type_t * extra = extra_of ? extra_of(device) : nullptr; extra && *extra; ++extra) {
        places.push_back(*extra);
    }
    places.push_back(ggml_backend_dev_buffer_type(device));
    return places;
}

struct product {
    bool   is_supported = false;
    double error        = 0.0;
    double best_ms      = 0.0;
};

product check(ggml_backend_dev_t device, ggml_backend_t backend, ggml_backend_buffer_type_t place, const weights & w,
              const std::vector<float> & x, const std::vector<double> & expected, int64_t columns) {
    const ggml_init_params params = { 16 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true };
    ggml_context_ptr context { ggml_init(params) };
    ggml_tensor * weight = ggml_new_tensor_2d(context.get(), w.type, INPUTS, OUTPUTS);
    ggml_backend_buffer_ptr weight_buffer { ggml_backend_buft_alloc_buffer(place, ggml_backend_buft_get_alloc_size(place, weight)) };
    if (!weight_buffer || ggml_backend_tensor_alloc(weight_buffer.get(), weight, ggml_backend_buffer_get_base(weight_buffer.get())) != GGML_STATUS_SUCCESS) {
        throw std::bad_alloc();
    }
    ggml_backend_buffer_set_usage(weight_buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    ggml_tensor * input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, INPUTS, columns);
    ggml_tensor * output = ggml_mul_mat(context.get(), weight, input);
    if (!ggml_backend_dev_supports_op(device, output)) {
        return {};
    }
    ggml_backend_buffer_ptr buffer { ggml_backend_alloc_ctx_tensors(context.get(), backend) };
    ggml_backend_tensor_set(weight, w.packed.data(), 0, w.packed.size());
    ggml_backend_tensor_set(input, x.data(), 0, ggml_nbytes(input));
    ggml_cgraph * graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, output);

    product result = { true, 0.0, INFINITY };
    std::vector<float> came(static_cast<size_t>(OUTPUTS * columns));
    for (int repeat = 0; repeat < REPEATS; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) {
            throw std::runtime_error("a product failed");
        }
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        result.best_ms = std::min(result.best_ms, took.count());
    }
    ggml_backend_tensor_get(output, came.data(), 0, ggml_nbytes(output));
    result.error = relative_error(came, expected, columns);
    return result;
}

} // namespace

sotto_status sotto_probe_products(const char * device_name, int32_t threads, sotto_product * out, size_t capacity, size_t * count) {
    return guarded([&]() -> sotto_status {
        sotto::listen_to_upstream();
        ggml_backend_dev_t device = *device_name ? ggml_backend_dev_by_name(device_name)
                                                 : ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
        if (!device) {
            return fail(SOTTO_INVALID_ARGUMENT, "no such device");
        }
        ggml_backend_ptr backend { ggml_backend_dev_init(device, nullptr) };
        if (!backend) {
            return fail(SOTTO_COMPUTE_FAILED, sotto::upstream_error("the device did not start"));
        }
        auto * set_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(ggml_backend_reg_get_proc_address(
            ggml_backend_dev_backend_reg(device), "ggml_backend_set_n_threads"));
        if (set_threads) {
            set_threads(backend.get(), threads);
        }
        std::mt19937 random(1);
        *count = 0;
        for (const ggml_type type : TYPES) {
            const weights w = make_weights(type, random);
            for (const int64_t columns : { WIDE, NARROW }) {
                const std::vector<float> x = noise(static_cast<size_t>(INPUTS * columns), random);
                const std::vector<double> expected = plain_product(w.plain, x, columns);
                bool is_first = true; // whisper.cpp takes the first place that will have them
                for (ggml_backend_buffer_type_t place : places_of(device)) {
                    const product result = check(device, backend.get(), place, w, x, expected, columns);
                    if (!result.is_supported) continue;
                    if (*count == capacity) {
                        return fail(SOTTO_INVALID_ARGUMENT, "more products than there is room for");
                    }
                    out[(*count)++] = { ggml_type_name(type), ggml_backend_buft_name(place), columns == WIDE ? 1 : 0,
                                        is_first ? 1 : 0, result.error, result.best_ms };
                    is_first = false;
                }
            }
        }
        return SOTTO_OK;
    });
}
