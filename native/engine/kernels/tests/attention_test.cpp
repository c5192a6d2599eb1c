#include "check.h"

#include "kernels/aligned_array.h"

#include <cstring>

namespace sotto::kernels::tests {

namespace {

std::string at(int64_t positions, values kind) {
    return std::to_string(positions) + " positions, values " + std::to_string(static_cast<int>(kind));
}

struct cross_cache_of {
    aligned_array<uint8_t> keys;
    aligned_array<int8_t>  values_;
    aligned_array<float>   key_scales, value_scales, mean;
    cross_head             head;

    explicit cross_cache_of(int32_t positions)
        : keys(padded(positions, PANEL) * HEAD), values_(padded(positions, PANEL) * HEAD), key_scales(padded(positions, PANEL)),
          value_scales(padded(positions, PANEL)), mean(HEAD) {
        head = { keys.data(), key_scales.data(), values_.data(), value_scales.data(), mean.data(), positions };
    }
};

// To the nearest bf16, ties to even; what is denormal becomes zero, as the instructions do it.
float rounded(float x) {
    if (std::fabs(x) < 1.17549435e-38f) return 0.0f;
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
    std::memcpy(&x, &bits, sizeof bits);
    return x;
}

// One head: packed and attended to by a table. `operands_of`: rounded as that table does it first.
std::vector<float> attended(const kernel_table & table, const kernel_table & operands_of, std::vector<float> q, std::vector<float> k,
                            std::vector<float> v, int64_t positions, int64_t stride, int64_t head) {
    if (operands_of.rounds_attention) {
        for (auto * operand : { &q, &k, &v }) {
            for (float & x : *operand) x = rounded(x);
        }
    }
    aligned_array<float> keys(panels_of(positions) * PANEL * HEAD), packed_values(panels_of(positions) * PANEL * HEAD);
    aligned_array<float> scratch(attention_scratch(positions));
    table.pack_keys(k.data() + head * HEAD, stride, 0, positions, keys.data());
    table.pack_values(v.data() + head * HEAD, stride, 0, positions, packed_values.data());
    std::vector<float> out(static_cast<size_t>(positions * stride), 7.0f);
    table.encoder_attention(q.data() + head * HEAD, stride, keys.data(), packed_values.data(), positions, 0, positions, out.data() + head * HEAD,
                            stride, scratch.data());
    return out;
}

// Probabilities keep eight bits.
double attention_bound(const kernel_table & table, double of_floats) { return table.rounds_attention ? 4e-3 : of_floats; }

} // namespace

SOTTO_TEST(encoder_attention_of_every_size) {
    for (const int64_t positions : { 1, 2, 5, 16, 63, 64, 65, 100, 129 }) {
        for (const int heads : { 1, 2, 3 }) {
            const int64_t stride = heads * HEAD;
            const auto q = make(values::normal, positions * stride, 1), k = make(values::normal, positions * stride, 2);
            const auto v = make(values::normal, positions * stride, 3);
            for (int head = 0; head < heads; ++head) {
                each_table([&](const kernel_table & table) {
                    const auto expected = attended(plain_table(), table, q, k, v, positions, stride, head);
                    check_near(attended(table, plain_table(), q, k, v, positions, stride, head), expected, attention_bound(table, 1e-5),
                               at(positions, values::normal));
                });
            }
        }
    }
}

SOTTO_TEST(encoder_attention_of_extreme_values) {
    const int64_t positions = 70;
    for (const values kind : ALL_VALUES) {
        if (kind == values::huge) continue; // scores of 1e30 leave no digit for the order of additions
        const auto q = make(kind, positions * HEAD, 1), k = make(kind, positions * HEAD, 2), v = make(kind, positions * HEAD, 3);
        each_table([&](const kernel_table & table) {
            const auto expected = attended(plain_table(), table, q, k, v, positions, HEAD, 0);
            check_near(attended(table, plain_table(), q, k, v, positions, HEAD, 0), expected, attention_bound(table, 1e-4), at(positions, kind));
        });
    }
}

SOTTO_TEST(decoder_self_attention_of_every_length) {
    for (const int64_t length : { 1, 2, 3, 7, 8, 15, 16, 17, 100, 447, 448 }) {
        for (const values kind : { values::normal, values::zeros, values::negative_zeros, values::constant, values::one_large, values::tiny }) {
            const auto k = make(kind, length * HEAD, 1), v = make(kind, length * HEAD, 2), q = make(kind, HEAD, 3);
            std::vector<uint16_t> keys(static_cast<size_t>(length * HEAD)), cached(keys.size());
            for (int64_t i = 0; i < length; ++i) {
                plain_table().append(k.data() + i * HEAD, keys.data() + i * HEAD);
                plain_table().append(v.data() + i * HEAD, cached.data() + i * HEAD);
            }
            const auto run = [&](const kernel_table & table) {
                std::vector<float> out(HEAD), scratch(static_cast<size_t>(length));
                table.self_attention(q.data(), keys.data(), cached.data(), length, out.data(), scratch.data());
                return out;
            };
            const auto expected = run(plain_table());
            each_table([&](const kernel_table & table) { check_near(run(table), expected, 1e-4, at(length, kind)); });
        }
    }
}

SOTTO_TEST(cross_attention_of_every_size) {
    for (const int32_t positions : { 1, 2, 3, 4, 5, 63, 64, 65, 100, 1500 }) {
        const auto k = make(values::normal, positions * HEAD * 3, 1), v = make(values::normal, positions * HEAD * 3, 2);
        const int64_t most = 8;
        const auto q = make(values::normal, most * HEAD * 2, 3);
        cross_cache_of expected_cache(positions);
        plain_table().pack_cross(k.data() + HEAD, v.data() + HEAD, HEAD * 3, expected_cache.head);
        each_table([&](const kernel_table & table) {
            cross_cache_of cache(positions);
            table.pack_cross(k.data() + HEAD, v.data() + HEAD, HEAD * 3, cache.head);
            for (int64_t i = 0; i < cache.keys.size(); ++i) {
                // The mean is summed in another order; a value between two steps may go either way.
                check(std::abs(cache.keys[i] - expected_cache.keys[i]) <= 1 && std::abs(cache.values_[i] - expected_cache.values_[i]) <= 1,
                      "a byte of the cache differs");
            }
            for (int64_t count = 1; count <= most; ++count) {
                const auto run = [&](const kernel_table & which) {
                    std::vector<float> out(static_cast<size_t>(count * HEAD));
                    aligned_array<float> scratch(attention_scratch(positions));
                    which.cross_attention(q.data(), HEAD * 2, count, cache.head, out.data(), HEAD, scratch.data());
                    return out;
                };
                check_near(run(table), run(plain_table()), 1e-3, at(positions, values::normal));
            }
        });
    }
}

SOTTO_TEST(cross_attention_of_extreme_values) {
    const int32_t positions = 90;
    for (const values kind : ALL_VALUES) {
        const auto k = make(kind, positions * HEAD, 1), v = make(kind, positions * HEAD, 2), q = make(values::normal, 4 * HEAD, 3);
        each_table([&](const kernel_table & table) {
            cross_cache_of cache(positions);
            table.pack_cross(k.data(), v.data(), HEAD, cache.head);
            const auto run = [&](const kernel_table & which) {
                std::vector<float> out(4 * HEAD);
                aligned_array<float> scratch(attention_scratch(positions));
                which.cross_attention(q.data(), HEAD, 4, cache.head, out.data(), HEAD, scratch.data());
                return out;
            };
            check_near(run(table), run(plain_table()), 1e-3, at(positions, kind));
        });
    }
}

// The bound of the whole: bytes in the cache against attention over the floats, with a large constant channel in the keys.
SOTTO_TEST(cross_attention_is_near_that_of_floats) {
    const int32_t positions = 1500;
    auto k = make(values::normal, positions * HEAD, 1);
    const auto v = make(values::normal, positions * HEAD, 2), q = make(values::normal, 4 * HEAD, 3);
    for (int64_t i = 0; i < positions; ++i) k[static_cast<size_t>(i * HEAD + 5)] += 30.0f;
    aligned_array<float> packed(panels_of(positions) * PANEL * HEAD), packed_values(panels_of(positions) * PANEL * HEAD);
    plain_table().pack_keys(k.data(), HEAD, 0, positions, packed.data());
    plain_table().pack_values(v.data(), HEAD, 0, positions, packed_values.data());
    std::vector<float> expected(4 * HEAD);
    plain_table().encoder_attention(q.data(), HEAD, packed.data(), packed_values.data(), positions, 0, 4, expected.data(), HEAD, nullptr);
    each_table([&](const kernel_table & table) {
        cross_cache_of cache(positions);
        table.pack_cross(k.data(), v.data(), HEAD, cache.head);
        std::vector<float> out(4 * HEAD);
        aligned_array<float> scratch(attention_scratch(positions));
        table.cross_attention(q.data(), HEAD, 4, cache.head, out.data(), HEAD, scratch.data());
        check_near(out, expected, 0.01, "cross-attention");
    });
}

} // namespace sotto::kernels::tests
