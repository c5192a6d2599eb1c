// The encoder's self-attention over bf16 (AVX512-BF16): a lane takes two products at once where floats have one. Queries, keys,
// values and probabilities are rounded, sums and softmax stay floats. Panels lie where those of floats would, and fill half.
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

// A pair of bf16 is what a lane multiplies: the first in the low half.
constexpr int PANEL_PAIRS = PANEL / 2;

static inline vi two_bf16(vf low, vf high) { return (vi) _mm512_cvtne2ps_pbh(high, low); }
static inline vi widened(vf a) { return _mm512_cvtepu16_epi32((__m256i) _mm512_cvtneps_pbh(a)); }

// Every lane: sum + its two products. By hand, as in vector_avx512.h.
static inline vf dot_bf16(vf sum, vi a, vi b) {
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

// [position / 64][dim / 2][position % 64][dim % 2]
static void pack_keys_bf16(const float * keys, int64_t stride, int64_t first, int64_t last, float * packed) {
    for (int64_t position = first; position < padded(last, PANEL); ++position) {
        int32_t pairs[PANEL_PAIRS] = {};
        if (position < last) {
            const float * key = keys + position * stride;
            for (int i = 0; i < 2; ++i, key += 2 * WIDTH) {
                _mm512_storeu_si512(pairs + i * WIDTH, two_bf16(load(key), load(key + WIDTH)));
            }
        }
        int32_t * to = reinterpret_cast<int32_t *>(packed + position / PANEL * PANEL * HEAD) + position % PANEL;
        for (int pair = 0; pair < PANEL_PAIRS; ++pair) to[pair * PANEL] = pairs[pair];
    }
}

// [position / 64][position % 64 / 2][channel][position % 2]
static void pack_values_bf16(const float * values, int64_t stride, int64_t first, int64_t last, float * packed) {
    for (int64_t position = first; position < padded(last, PANEL); position += 2) {
        int32_t * to = reinterpret_cast<int32_t *>(packed + position / PANEL * PANEL * HEAD) + position % PANEL / 2 * HEAD;
        for (int channel = 0; channel < HEAD; channel += WIDTH) {
            const float * from = values + position * stride + channel;
            const vi low = widened(position < last ? load(from) : zero());
            const vi high = widened(position + 1 < last ? load(from + stride) : zero());
            _mm512_storeu_si512(to + channel, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
        }
    }
}

// Adds to the sums of T rows of `x` over `pairs` of pairs, times 64 columns of which each pair is a row of 64.
template <int T> static inline void add_bf16(const int32_t * columns, int pairs, const int32_t * x, int64_t stride, vf (&sums)[T][STRIP]) {
    for (int pair = 0; pair < pairs; ++pair, columns += PANEL) {
        vi row[STRIP];
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) row[v] = _mm512_loadu_si512(columns + v * WIDTH);
        SOTTO_UNROLL for (int t = 0; t < T; ++t) {
            const vi both = int_set1(x[t * stride + pair]);
            SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) sums[t][v] = dot_bf16(sums[t][v], row[v], both);
        }
    }
}

template <int T> static inline void clear(vf (&sums)[T][STRIP]) {
    SOTTO_UNROLL for (int t = 0; t < T; ++t) {
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) sums[t][v] = zero();
    }
}

// Scores become e^(scale (score - maximum)) as bf16, at the beginning of their own row. Returns 1 / the sum of what they were
// rounded to.
static inline float softmax_bf16(float * scores, int64_t count, float scale) {
    const float nothing = -__builtin_inff();
    const int64_t end = padded(count, 2 * WIDTH);
    for (int64_t i = count; i < end; ++i) scores[i] = nothing;
    vf largest = set1(nothing);
    for (int64_t i = 0; i < end; i += WIDTH) largest = max(load(scores + i), largest);
    const vf offset = set1(-scale * top(largest));
    const vi ones = int_set1(0x3f803f80);
    int32_t * to = reinterpret_cast<int32_t *>(scores);
    vf total = zero();
    for (int64_t i = 0; i < end; i += 2 * WIDTH) {
        const vf low = exp(fma(load(scores + i), set1(scale), offset));
        const vf high = exp(fma(load(scores + i + WIDTH), set1(scale), offset));
        const vi both = two_bf16(low, high);
        _mm512_storeu_si512(to + i / 2, both);
        total = dot_bf16(total, both, ones);
    }
    return 1.0f / sum(total);
}

template <int T>
static inline void attend_bf16(const float * queries, int64_t query_stride, const float * keys, const float * values,
                               int64_t positions, float * out, int64_t out_stride, float * scratch) {
    const int64_t stride = scores_stride(positions);
    int32_t q[T][PANEL_PAIRS];
    for (int t = 0; t < T; ++t) {
        const float * from = queries + t * query_stride;
        for (int i = 0; i < 2; ++i, from += 2 * WIDTH) {
            _mm512_storeu_si512(q[t] + i * WIDTH, two_bf16(load(from), load(from + WIDTH)));
        }
    }
    for (int64_t panel = 0; panel < panels_of(positions); ++panel) {
        vf sums[T][STRIP];
        clear<T>(sums);
        add_bf16<T>(reinterpret_cast<const int32_t *>(keys + panel * PANEL * HEAD), PANEL_PAIRS, q[0], PANEL_PAIRS, sums);
        SOTTO_UNROLL for (int t = 0; t < T; ++t) {
            SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) store(scratch + t * stride + panel * PANEL + v * WIDTH, sums[t][v]);
        }
    }
    float inverse[T];
    for (int t = 0; t < T; ++t) inverse[t] = softmax_bf16(scratch + t * stride, positions, 0.125f);
    const int32_t * weights = reinterpret_cast<const int32_t *>(scratch);
    vf sums[T][STRIP];
    clear<T>(sums);
    for (int64_t first = 0; first < positions; first += PANEL) {
        const int64_t left = (positions - first + 1) / 2;
        const int pairs = left < PANEL_PAIRS ? static_cast<int>(left) : PANEL_PAIRS;
        add_bf16<T>(reinterpret_cast<const int32_t *>(values + first * HEAD), pairs, weights + first / 2, stride, sums);
    }
    SOTTO_UNROLL for (int t = 0; t < T; ++t) {
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) store(out + t * out_stride + v * WIDTH, mul(sums[t][v], set1(inverse[t])));
    }
}

static void encoder_attention_bf16(const float * queries, int64_t query_stride, const float * keys, const float * values,
                                   int64_t positions, int64_t first, int64_t last, float * out, int64_t out_stride, float * scratch) {
    in_tiles(first, last, QUERIES_AT_ONCE, [&](int64_t query, int count) {
        const float * q = queries + query * query_stride;
        float * to = out + query * out_stride;
        switch (count) {
            case 1: attend_bf16<1>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 2: attend_bf16<2>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 3: attend_bf16<3>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 4: attend_bf16<4>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            case 5: attend_bf16<5>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
            default: attend_bf16<6>(q, query_stride, keys, values, positions, to, out_stride, scratch); break;
        }
    });
}

constexpr kernel_table make_bf16_table(const char * name) {
    kernel_table table = make_table(name);
    table.rounds_attention  = true;
    table.encoder_attention = encoder_attention_bf16;
    table.pack_keys         = pack_keys_bf16;
    table.pack_values       = pack_values_bf16;
    return table;
}

} // namespace sotto::kernels::SOTTO_VARIANT
