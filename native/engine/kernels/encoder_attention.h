// The encoder's self-attention, one head. Whole rows of scores for a few queries at once stay in the innermost cache
// (6 x 1536 floats are 36 KB); keys and values of a head (2 x 384 KB) in the next one.
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

static void pack_keys(const float * keys, int64_t stride, int64_t first, int64_t last, float * packed) {
    for (int64_t panel = first / PANEL; panel < panels_of(last); ++panel) {
        float * to = packed + panel * PANEL * HEAD;
        for (int64_t lane = 0; lane < PANEL; ++lane) {
            const int64_t position = panel * PANEL + lane;
            for (int64_t dim = 0; dim < HEAD; ++dim) {
                to[dim * PANEL + lane] = position < last ? keys[position * stride + dim] : 0.0f;
            }
        }
    }
}

static void pack_values(const float * values, int64_t stride, int64_t first, int64_t last, float * packed) {
    for (int64_t position = first; position < padded(last, PANEL); ++position) {
        for (int64_t channel = 0; channel < HEAD; channel += WIDTH) {
            const vf value = position < last ? load(values + position * stride + channel) : zero();
            store(packed + position * HEAD + channel, value);
        }
    }
}

// Scores become e^(scale (score - maximum)), which are left unnormalized. Returns 1 / their sum.
static inline float softmax(float * scores, int64_t count, float scale) {
    const float nothing = -__builtin_inff();
    const int64_t end = padded(count, WIDTH);
    for (int64_t i = count; i < end; ++i) scores[i] = nothing;
    vf largest = set1(nothing);
    for (int64_t i = 0; i < end; i += WIDTH) largest = max(load(scores + i), largest);
    const vf offset = set1(-scale * top(largest));
    vf total = zero();
    for (int64_t i = 0; i < end; i += WIDTH) {
        const vf weight = exp(fma(load(scores + i), set1(scale), offset));
        store(scores + i, weight);
        total = add(total, weight);
    }
    // What stands in the padding is e^-87, which is 0 beside the maximum's 1.
    return 1.0f / sum(total);
}

template <int T>
static inline void attend(const float * queries, int64_t query_stride, const float * keys, const float * values,
                          int64_t positions, float * out, int64_t out_stride, float * scratch) {
    const int64_t stride = scores_stride(positions);
    vf sums[T][STRIP];
    for (int64_t panel = 0; panel < panels_of(positions); ++panel) {
        for (int strip = 0; strip < STRIPS; ++strip) {
            const int64_t at = strip * STRIP * WIDTH;
            f32_tile<T>(keys + panel * PANEL * HEAD + at, HEAD, queries, query_stride, sums);
            for (int t = 0; t < T; ++t) {
                for (int v = 0; v < STRIP; ++v) store(scratch + t * stride + panel * PANEL + at + v * WIDTH, sums[t][v]);
            }
        }
    }
    float inverse[T];
    for (int t = 0; t < T; ++t) inverse[t] = softmax(scratch + t * stride, positions, 0.125f);
    for (int strip = 0; strip < STRIPS; ++strip) {
        const int64_t at = strip * STRIP * WIDTH;
        f32_tile<T>(values + at, positions, scratch, stride, sums);
        for (int t = 0; t < T; ++t) {
            for (int v = 0; v < STRIP; ++v) store(out + t * out_stride + at + v * WIDTH, mul(sums[t][v], set1(inverse[t])));
        }
    }
}

static void encoder_attention(const float * queries, int64_t query_stride, const float * keys, const float * values,
                              int64_t positions, int64_t first, int64_t last, float * out, int64_t out_stride, float * scratch) {
    in_tiles(first, last, QUERIES_AT_ONCE, [&](int64_t query, int count) {
        const float * q = queries + query * query_stride;
        float * to = out + query * out_stride;
        switch (count) {
            case 1: attend<1>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 2: attend<2>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 3: attend<3>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 4: attend<4>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 5: attend<5>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            default: attend<6>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
        }
    });
}

} // namespace sotto::kernels::SOTTO_VARIANT
