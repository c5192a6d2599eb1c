// Speed of single kernels in one thread, for every table that this processor runs. Tables take turns within each row, so that
// a neighbour's load falls on all of them; the fastest of the rounds counts.
//   kernels_bench [word...]   only rows whose name holds a word
#include "kernels/aligned_array.h"
#include "kernels/pack.h"
#include "kernels/table.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <ctime>
#include <string>
#include <vector>

using namespace sotto::kernels;

namespace {

int argument_count;
char ** arguments;

aligned_array<float> noise(int64_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    aligned_array<float> result(count);
    for (int64_t i = 0; i < count; ++i) result[i] = normal(random);
    return result;
}

// Of this thread alone: what neighbours take of the processor is not counted, what they take of its caches is.
double processor_seconds() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_of(const std::function<void()> & body) {
    const double start = processor_seconds();
    body();
    return processor_seconds() - start;
}

// `operations` of one call of body(table).
void row(const std::string & name, double operations, const char * unit, const std::function<void(const kernel_table &)> & body) {
    bool wanted = argument_count == 1;
    for (int i = 1; i < argument_count; ++i) wanted = wanted || name.find(arguments[i]) != std::string::npos;
    if (!wanted) return;
    std::vector<const kernel_table *> tables;
    for (const kernel_table * const * table = runnable_tables(); *table; ++table) {
        if (*table != &plain_table()) tables.push_back(*table);
    }
    std::vector<double> best(tables.size(), 1e30);
    for (int round = 0; round < 9; ++round) {
        for (size_t i = 0; i < tables.size(); ++i) {
            const double once = seconds_of([&] { body(*tables[i]); });
            const int repeats = once > 0.01 ? 1 : static_cast<int>(0.01 / once) + 1;
            const double many = seconds_of([&] { for (int k = 0; k < repeats; ++k) body(*tables[i]); });
            best[i] = std::min(best[i], many / repeats);
        }
    }
    std::printf("%-34s", name.c_str());
    for (size_t i = 0; i < tables.size(); ++i) {
        std::printf("  %s %8.1f %s (%.3f ms)", tables[i]->name, operations / best[i] * 1e-9, unit, best[i] * 1e3);
    }
    std::printf("\n");
    std::fflush(stdout);
}

void int8(const char * what, int64_t rows, int64_t columns, int64_t count) {
    packed_int8 packed(rows, columns);
    const auto w = noise(columns, 1);
    for (int64_t i = 0; i < rows; ++i) packed.set_row(i, w.data(), columns);
    const auto x = noise(count * columns, 2);
    aligned_array<int8_t> values(count * padded(columns, COLUMN_PAD));
    aligned_array<float> scales(count), out(count * rows);
    aligned_array<int32_t> sums(count);
    int8_tokens tokens = { values.data(), scales.data(), sums.data(), padded(columns, COLUMN_PAD) };
    epilogue then;
    then.out = out.data();
    then.out_stride = rows;
    row(std::string(what) + " " + std::to_string(rows) + "x" + std::to_string(columns) + " N=" + std::to_string(count),
        2.0 * rows * columns * count, "GOP/s", [&](const kernel_table & table) {
            for (int64_t i = 0; i < count; ++i) table.quantize(x.data() + i * columns, columns, tokens, i);
            for (int64_t i = 0; i < count; i += 192) {
                table.int8_product(packed.weights(), 0, panels_of(rows), tokens, i, std::min(count, i + 192), then);
            }
        });
}

} // namespace

int main(int argc, char ** argv) {
    argument_count = argc;
    arguments = argv;
    for (const int64_t width : { 384, 512, 768 }) {
        int8("int8 wide", width, width, 1500);
        int8("int8 wide", 4 * width, width, 1500);
        int8("int8 wide", width, 4 * width, 1500);
    }
    for (const int64_t count : { 1, 2, 4, 8, 16 }) {
        int8("int8 narrow", 2048, 512, count);
        int8("int8 narrow", 512, 2048, count);
        int8("int8 logits", 51865, 512, count);
    }
    {
        const int64_t positions = 1500;
        const auto q = noise(positions * HEAD, 1), k = noise(positions * HEAD, 2), v = noise(positions * HEAD, 3);
        aligned_array<float> packed(panels_of(positions) * PANEL * HEAD), packed_values(panels_of(positions) * PANEL * HEAD);
        aligned_array<float> scratch(attention_scratch(positions)), out(positions * HEAD);
        row("encoder attention, a head", 4.0 * positions * positions * HEAD, "GFLOP/s", [&](const kernel_table & table) {
            table.pack_keys(k.data(), HEAD, 0, positions, packed.data());
            table.pack_values(v.data(), HEAD, 0, positions, packed_values.data());
            table.encoder_attention(q.data(), HEAD, packed.data(), packed_values.data(), positions, 0, positions, out.data(), HEAD, scratch.data());
        });
        aligned_array<uint8_t> keys(padded(positions, PANEL) * HEAD);
        aligned_array<int8_t> values(padded(positions, PANEL) * HEAD);
        aligned_array<float> key_scales(padded(positions, PANEL)), value_scales(padded(positions, PANEL)), mean(HEAD);
        cross_head head = { keys.data(), key_scales.data(), values.data(), value_scales.data(), mean.data(), positions };
        row("pack cross, a head (GB/s)", 2.0 * positions * HEAD * 4, "GB/s",
            [&](const kernel_table & table) { table.pack_cross(k.data(), v.data(), HEAD, head); });
        for (const int64_t count : { 1, 3, 8 }) {
            row("cross-attention, a head, queries " + std::to_string(count), 2.0 * positions * HEAD, "GB/s", [&](const kernel_table & table) {
                table.cross_attention(q.data(), HEAD, count, head, out.data(), HEAD, scratch.data());
            });
        }
        for (const int64_t length : { 10, 100, 448 }) {
            std::vector<uint16_t> cached(static_cast<size_t>(length * HEAD));
            for (int64_t i = 0; i < length; ++i) plain_table().append(k.data() + i * HEAD, cached.data() + i * HEAD);
            row("self-attention, a head, length " + std::to_string(length), 4.0 * length * HEAD, "GFLOP/s", [&](const kernel_table & table) {
                table.self_attention(q.data(), cached.data(), cached.data(), length, out.data(), scratch.data());
            });
        }
    }
    for (const int64_t width : { 80, 512 }) {
        const int64_t rows = 512, count = 1500, step = width == 80 ? width : 2 * width;
        packed_f32 packed(rows, 3 * width);
        const auto x = noise((count + 3) * step, 4);
        for (int64_t i = 0; i < rows; ++i) packed.set_row(i, x.data());
        aligned_array<float> out(count * rows), bias(rows);
        epilogue then;
        then.out = out.data();
        then.out_stride = rows;
        then.bias = bias.data();
        then.gelu = true;
        row("convolution " + std::to_string(rows) + "x3x" + std::to_string(width), 6.0 * rows * width * count, "GFLOP/s",
            [&](const kernel_table & table) {
                for (int64_t i = 0; i < count; i += 48) {
                    table.f32_product(packed.weights(), 0, panels_of(rows), x.data(), step, i, std::min(count, i + 48), then);
                }
            });
    }
    {
        const auto x = noise(51865, 1);
        row("maximum of 51865", 51865, "G/s", [&](const kernel_table & table) {
            volatile float keep = table.maximum(x.data(), 51865);
            (void) keep;
        });
        row("sum of 51865 exponentials", 51865, "G/s", [&](const kernel_table & table) {
            volatile double keep = table.sum_exp(x.data(), 51865, 5.0f, 1.0f);
            (void) keep;
        });
        aligned_array<float> y(512), gamma(512);
        row("layer norm of 512", 512, "G/s", [&](const kernel_table & table) {
            table.layer_norm(x.data(), gamma.data(), gamma.data(), 512, y.data());
        });
    }
    return 0;
}
