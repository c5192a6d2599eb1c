// The decoder's attentions: over its own cache of f16, and over the window's cache of bytes.
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

constexpr int HEAD_VECTORS = HEAD / WIDTH;

static void append(const float * from, uint16_t * to) {
    for (int i = 0; i < HEAD; i += WIDTH) store_f16(to + i, load(from + i));
}

static void self_attention(const float * query, const uint16_t * keys, const uint16_t * values, int64_t length, float * out,
                           float * scratch) {
    vf q[HEAD_VECTORS];
    for (int v = 0; v < HEAD_VECTORS; ++v) q[v] = mul(load(query + v * WIDTH), set1(0.125f));
    float best = -__builtin_inff();
    for (int64_t position = 0; position < length; ++position) {
        const uint16_t * key = keys + position * HEAD;
        vf score = mul(q[0], load_f16(key));
        for (int v = 1; v < HEAD_VECTORS; ++v) score = fma(q[v], load_f16(key + v * WIDTH), score);
        scratch[position] = sum(score);
        best = scratch[position] > best ? scratch[position] : best;
    }
    vf totals = zero();
    for (int64_t i = 0; i < length; i += WIDTH) {
        const int64_t left = length - i;
        const vf weight = exp(sub(load_first(scratch + i, left, -__builtin_inff()), set1(best)));
        store_first(scratch + i, left, weight);
        totals = add(totals, weight);
    }
    vf sums[2][HEAD_VECTORS];
    for (int v = 0; v < HEAD_VECTORS; ++v) sums[0][v] = sums[1][v] = zero();
    int64_t position = 0;
    for (; position + 2 <= length; position += 2) {
        for (int k = 0; k < 2; ++k) {
            const vf weight = set1(scratch[position + k]);
            const uint16_t * value = values + (position + k) * HEAD;
            for (int v = 0; v < HEAD_VECTORS; ++v) sums[k][v] = fma(weight, load_f16(value + v * WIDTH), sums[k][v]);
        }
    }
    if (position < length) {
        const vf weight = set1(scratch[position]);
        for (int v = 0; v < HEAD_VECTORS; ++v) {
            sums[0][v] = fma(weight, load_f16(values + position * HEAD + v * WIDTH), sums[0][v]);
        }
    }
    const vf inverse = set1(1.0f / sum(totals));
    for (int v = 0; v < HEAD_VECTORS; ++v) store(out + v * WIDTH, mul(add(sums[0][v], sums[1][v]), inverse));
}

static inline float largest_apart(const float * x, const float * mean) {
    vf largest = zero();
    for (int i = 0; i < HEAD; i += WIDTH) largest = max(abs(sub(load(x + i), load(mean + i))), largest);
    return __builtin_fminf(top(largest), 3.0e38f);
}

// One position of 64 values as bytes; returns the scale.
static inline float bytes_apart(const float * x, const float * mean, int8_t * out) {
    const float bound = largest_apart(x, mean);
    const float inverse = bound > 1e-30f ? 127.0f / bound : 0.0f;
    for (int i = 0; i < HEAD; i += WIDTH) {
        const vf scaled = mul(nan_to_zero(sub(load(x + i), load(mean + i))), set1(inverse));
        store_s8(out + i, to_int(min(max(scaled, set1(-127.0f)), set1(127.0f))));
    }
    return bound > 1e-30f ? bound / 127.0f : 0.0f;
}

static void pack_cross(const float * keys, const float * values, int64_t stride, cross_head & head) {
    const int64_t positions = head.positions;
    float key_mean[HEAD];
    for (int i = 0; i < HEAD; i += WIDTH) {
        vf key = zero();
        vf value = zero();
        for (int64_t position = 0; position < positions; ++position) {
            key = add(key, load(keys + position * stride + i));
            value = add(value, load(values + position * stride + i));
        }
        const vf inverse = set1(1.0f / static_cast<float>(positions));
        store(key_mean + i, mul(key, inverse));
        store(head.value_mean + i, mul(value, inverse));
    }
    int8_t bytes[HEAD];
    const int64_t end = padded(positions, PANEL);
    for (int64_t position = 0; position < end; ++position) {
        uint8_t * key_to = head.keys + position / PANEL * PANEL * HEAD + position % PANEL * GROUP;
        int8_t * value_to = head.values + position / GROUP * GROUP * HEAD + position % GROUP;
        if (position < positions) {
            head.key_scales[position] = bytes_apart(keys + position * stride, key_mean, bytes);
        } else {
            head.key_scales[position] = 0.0f;
            __builtin_memset(bytes, 0, sizeof bytes);
        }
        for (int dim = 0; dim < HEAD; dim += GROUP) {
            for (int i = 0; i < GROUP; ++i) {
                key_to[dim / GROUP * PANEL * GROUP + i] = static_cast<uint8_t>(static_cast<int>(bytes[dim + i]) + 128);
            }
        }
        if (position < positions) {
            head.value_scales[position] = bytes_apart(values + position * stride, head.value_mean, bytes);
        } else {
            head.value_scales[position] = 0.0f;
        }
        for (int dim = 0; dim < HEAD; ++dim) value_to[dim * GROUP] = bytes[dim];
    }
}

// A query in two digits, value = scale (high + low / 254): 15 bits, at the price of one more byte product.
struct query_digits {
    alignas(ALIGNMENT) int8_t high[HEAD];
    alignas(ALIGNMENT) int8_t low[HEAD];
    float   scale;
    int32_t high_sum; // times 128
    int32_t low_sum;
};

static inline void split_query(const float * query, query_digits & digits) {
    vf largest = zero();
    for (int i = 0; i < HEAD; i += WIDTH) largest = max(abs(load(query + i)), largest);
    const float bound = __builtin_fminf(top(largest), 3.0e38f);
    const float inverse = bound > 1e-30f ? 127.0f / bound : 0.0f;
    vi high_sums = int_zero();
    vi low_sums = int_zero();
    for (int i = 0; i < HEAD; i += WIDTH) {
        const vf scaled = min(max(mul(nan_to_zero(load(query + i)), set1(inverse)), set1(-127.0f)), set1(127.0f));
        const vf whole = round(scaled);
        const vi high = to_int(whole);
        const vi low = to_int(mul(sub(scaled, whole), set1(254.0f)));
        store_s8(digits.high + i, high);
        store_s8(digits.low + i, low);
        high_sums = int_add(high_sums, high);
        low_sums = int_add(low_sums, low);
    }
    digits.scale = bound > 1e-30f ? bound / 127.0f : 0.0f;
    digits.high_sum = 128 * int_sum(high_sums);
    digits.low_sum = 128 * int_sum(low_sums);
}

// Probabilities times the values' scales, in two digits, value = scale (256 high + low): 16 bits. They go where the scores
// were: two rows of bytes fit into one of floats.
static inline float split_weights(float * weights, const float * scales, int64_t count, uint8_t * high, uint8_t * low) {
    const int64_t end = padded(count, WIDTH);
    vf largest = zero();
    for (int64_t i = 0; i < end; i += WIDTH) {
        const vf weight = mul(load(weights + i), load(scales + i));
        store(weights + i, weight);
        largest = max(weight, largest);
    }
    const float bound = top(largest);
    const vf inverse = set1(bound > 1e-30f ? 65535.0f / bound : 0.0f);
    for (int64_t i = 0; i < end; i += WIDTH) {
        const vi whole = to_int(min(mul(load(weights + i), inverse), set1(65535.0f)));
        store_s8(reinterpret_cast<int8_t *>(high + i), int_high_byte(whole));
        store_s8(reinterpret_cast<int8_t *>(low + i), int_low_byte(whole));
    }
    for (int64_t i = end; i < padded(count, PANEL); ++i) high[i] = low[i] = 0;
    return bound > 1e-30f ? bound / 65535.0f : 0.0f;
}

template <int T>
static inline void cross_attend(const float * queries, int64_t query_stride, const cross_head & head, float * out,
                                int64_t out_stride, float * scratch) {
    const int64_t positions = head.positions;
    const int64_t stride = scores_stride(positions);
    query_digits digits[T];
    for (int t = 0; t < T; ++t) split_query(queries + t * query_stride, digits[t]);

    for (int64_t panel = 0; panel < panels_of(positions); ++panel) {
        for (int strip = 0; strip < STRIPS; ++strip) {
            const int64_t at = panel * PANEL + strip * STRIP * WIDTH;
            const uint8_t * keys = head.keys + panel * PANEL * HEAD + strip * STRIP * WIDTH * GROUP;
            vi high[T][STRIP];
            vi low[T][STRIP];
            SOTTO_UNROLL for (int t = 0; t < T; ++t) {
                SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) high[t][v] = low[t][v] = int_zero();
            }
            for (int dim = 0; dim < HEAD; dim += GROUP, keys += PANEL * GROUP) {
                unsigned_bytes rows[STRIP];
                SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) rows[v] = load_unsigned(keys + v * WIDTH * GROUP);
                SOTTO_UNROLL for (int t = 0; t < T; ++t) {
                    const signed_bytes upper = broadcast_signed(digits[t].high + dim);
                    const signed_bytes lower = broadcast_signed(digits[t].low + dim);
                    SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) {
                        high[t][v] = dot(high[t][v], rows[v], upper);
                        low[t][v] = dot(low[t][v], rows[v], lower);
                    }
                }
            }
            SOTTO_UNROLL for (int t = 0; t < T; ++t) {
                SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) {
                    const vf upper = to_float(int_sub(high[t][v], int_set1(digits[t].high_sum)));
                    const vf lower = to_float(int_sub(low[t][v], int_set1(digits[t].low_sum)));
                    const vf both = fma(lower, set1(1.0f / 254.0f), upper);
                    const vf scales = mul(load(head.key_scales + at + v * WIDTH), set1(digits[t].scale));
                    store(scratch + t * stride + at + v * WIDTH, mul(both, scales));
                }
            }
        }
    }

    const int64_t row = padded(positions, PANEL);
    uint8_t * bytes = reinterpret_cast<uint8_t *>(scratch + CROSS_TOKENS * stride);
    float factor[T];
    for (int t = 0; t < T; ++t) {
        float * scores = scratch + t * stride;
        const float inverse = softmax(scores, positions, 0.125f);
        factor[t] = inverse * split_weights(scores, head.value_scales, positions, bytes + 2 * t * row, bytes + (2 * t + 1) * row);
    }
    for (int strip = 0; strip < STRIPS; ++strip) {
        const int64_t at = strip * STRIP * WIDTH;
        const int8_t * values = head.values + at * GROUP;
        vi high[T][STRIP];
        vi low[T][STRIP];
        SOTTO_UNROLL for (int t = 0; t < T; ++t) {
            SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) high[t][v] = low[t][v] = int_zero();
        }
        for (int64_t position = 0; position < positions; position += GROUP, values += GROUP * HEAD) {
            signed_bytes rows[STRIP];
            SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) rows[v] = load_signed(values + v * WIDTH * GROUP);
            SOTTO_UNROLL for (int t = 0; t < T; ++t) {
                const unsigned_bytes upper = broadcast_unsigned(bytes + 2 * t * row + position);
                const unsigned_bytes lower = broadcast_unsigned(bytes + (2 * t + 1) * row + position);
                SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) {
                    high[t][v] = dot(high[t][v], upper, rows[v]);
                    low[t][v] = dot(low[t][v], lower, rows[v]);
                }
            }
        }
        SOTTO_UNROLL for (int t = 0; t < T; ++t) {
            SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) {
                const vf whole = fma(to_float(high[t][v]), set1(256.0f), to_float(low[t][v]));
                const vf mean = load(head.value_mean + at + v * WIDTH);
                store(out + t * out_stride + at + v * WIDTH, fma(whole, set1(factor[t]), mean));
            }
        }
    }
}

static void cross_attention(const float * queries, int64_t query_stride, int64_t count, const cross_head & head, float * out,
                            int64_t out_stride, float * scratch) {
    in_tiles(0, count, CROSS_TOKENS, [&](int64_t query, int tokens) {
        const float * q = queries + query * query_stride;
        float * to = out + query * out_stride;
        switch (tokens) {
            case 1: cross_attend<1>(q, query_stride, head, to, out_stride, scratch); break;
            case 2: cross_attend<2>(q, query_stride, head, to, out_stride, scratch); break;
            default: cross_attend<CROSS_TOKENS>(q, query_stride, head, to, out_stride, scratch); break;
        }
    });
}

} // namespace sotto::kernels::SOTTO_VARIANT
