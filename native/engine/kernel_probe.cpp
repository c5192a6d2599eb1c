// Our own kernels, held against plain loops: whether those of one instruction set are right, and how fast.
#include "engine.h"
#include "status.h"

#include "kernels/caches.h"
#include "kernels/encoder.h"
#include "kernels/pack.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <vector>

using sotto::fail;
using sotto::guarded;

namespace {

using namespace sotto::kernels;

constexpr int64_t INPUTS  = 512;
constexpr int64_t OUTPUTS = 512;
constexpr int64_t WIDE    = 96;
constexpr int64_t NARROW  = 1;
constexpr int     REPEATS = 8;

const kernel_table * table_of(const std::string & name) {
    for (const kernel_table * const * table = runnable_tables(); *table != &plain_table(); ++table) {
        if (name == (*table)->name) return *table;
    }
    return nullptr;
}

std::vector<float> noise(int64_t count, std::mt19937 & random) {
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(count));
    for (float & value : values) value = normal(random);
    return values;
}

// Root mean square of the difference over that of the expected.
double relative_error(const float * came, const float * expected, size_t count) {
    double error = 0.0;
    double size = 1e-12;
    for (size_t i = 0; i < count; ++i) {
        const double difference = static_cast<double>(came[i]) - static_cast<double>(expected[i]);
        error += difference * difference;
        size += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
    }
    return std::isfinite(error) ? std::sqrt(error / size) : INFINITY;
}

// The fastest of some repetitions, in milliseconds.
template <typename Body> double fastest_ms(const Body & body) {
    double best = INFINITY;
    for (int repeat = 0; repeat < REPEATS; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        body();
        best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

// Bytes by the plain table, so that the kernels of both multiply the same.
sotto_product product(const kernel_table & table, int64_t columns, std::mt19937 & random) {
    const std::vector<float> w = noise(INPUTS * OUTPUTS, random);
    packed_int8 packed(OUTPUTS, INPUTS);
    for (int64_t row = 0; row < OUTPUTS; ++row) packed.set_row(row, w.data() + row * INPUTS, INPUTS);
    const std::vector<float> x = noise(INPUTS * columns, random);
    const token_buffer buffer(columns, INPUTS);
    int8_tokens tokens = buffer.tokens();
    for (int64_t token = 0; token < columns; ++token) plain_table().quantize(x.data() + token * INPUTS, INPUTS, tokens, token);
    const auto run = [&](const kernel_table & with, aligned_array<float> & out) {
        epilogue then;
        then.out        = out.data();
        then.out_stride = OUTPUTS;
        with.int8_product(packed.weights(), 0, panels_of(OUTPUTS), tokens, 0, columns, then);
    };
    aligned_array<float> expected(OUTPUTS * columns), came(OUTPUTS * columns);
    run(plain_table(), expected);
    const double ms = fastest_ms([&] { run(table, came); });
    return { "int8", "", columns == NARROW ? 0 : 1, 1, relative_error(came.data(), expected.data(), static_cast<size_t>(came.size())), ms };
}

// Cross-attention of a few queries over one window's head, packed and read by the same table.
sotto_product attention(const kernel_table & table, std::mt19937 & random) {
    constexpr int64_t POSITIONS = 200;
    constexpr int64_t QUERIES = 3;
    const std::vector<float> keys = noise(POSITIONS * HEAD, random), values = noise(POSITIONS * HEAD, random);
    const std::vector<float> queries = noise(QUERIES * HEAD, random);
    model_dimensions dimensions = {};
    dimensions.audio_context = POSITIONS;
    dimensions.text_layers = dimensions.text_heads = 1;
    const auto run = [&](const kernel_table & with, std::vector<float> & out) {
        cross_cache cache(dimensions, 1);
        cache.set_positions(0, POSITIONS);
        cross_head head = cache.head(0, 0, 0);
        with.pack_cross(keys.data(), values.data(), HEAD, head);
        aligned_array<float> scratch(attention_scratch(POSITIONS));
        with.cross_attention(queries.data(), HEAD, QUERIES, head, out.data(), HEAD, scratch.data());
    };
    std::vector<float> expected(QUERIES * HEAD), came(QUERIES * HEAD);
    run(plain_table(), expected);
    run(table, came);
    return { "int8", "attention", 0, 0, relative_error(came.data(), expected.data(), came.size()), 0.0 };
}

// The encoder's attention of one head: half of a window's wide work, and what tells tables apart whose products are the same.
sotto_product encoder_attention(const kernel_table & table, std::mt19937 & random) {
    constexpr int64_t POSITIONS = 512;
    constexpr int64_t QUERIES = 96;
    const std::vector<float> keys = noise(POSITIONS * HEAD, random), values = noise(POSITIONS * HEAD, random);
    const std::vector<float> queries = noise(QUERIES * HEAD, random);
    aligned_array<float> packed_keys(POSITIONS * HEAD), packed_values(POSITIONS * HEAD), scratch(attention_scratch(POSITIONS));
    const auto pack = [&](const kernel_table & with) {
        with.pack_keys(keys.data(), HEAD, 0, POSITIONS, packed_keys.data());
        with.pack_values(values.data(), HEAD, 0, POSITIONS, packed_values.data());
    };
    const auto run = [&](const kernel_table & with, std::vector<float> & out) {
        with.encoder_attention(queries.data(), HEAD, packed_keys.data(), packed_values.data(), POSITIONS, 0, QUERIES, out.data(), HEAD,
                               scratch.data());
    };
    std::vector<float> expected(QUERIES * HEAD), came(QUERIES * HEAD);
    pack(plain_table());
    run(plain_table(), expected);
    pack(table);
    const double ms = fastest_ms([&] { run(table, came); });
    const char * operands = table.rounds_attention ? "bf16" : "f32";
    return { operands, "attention", 1, 1, relative_error(came.data(), expected.data(), came.size()), ms };
}

} // namespace

const char * sotto_kernels_name(size_t index) {
    const kernel_table * const * tables = runnable_tables();
    for (size_t i = 0; tables[i] != &plain_table(); ++i) {
        if (i == index) return tables[i]->name;
    }
    return nullptr;
}

sotto_status sotto_probe_kernels(const char * name, sotto_product * out, size_t capacity, size_t * count) {
    return guarded([&]() -> sotto_status {
        const kernel_table * table = table_of(name);
        if (!table) {
            return fail(SOTTO_INVALID_ARGUMENT, "no kernels of that name for this processor");
        }
        std::mt19937 random(1);
        const sotto_product products[] = { product(*table, WIDE, random), product(*table, NARROW, random), attention(*table, random),
                                           encoder_attention(*table, random) };
        *count = 0;
        for (const sotto_product & one : products) {
            if (*count < capacity) out[(*count)++] = one;
        }
        return SOTTO_OK;
    });
}
