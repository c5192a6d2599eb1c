// The kernels of one instruction set. Each works on a part of the whole, in the calling thread, and allocates nothing.
#pragma once

#include "layout.h"

namespace sotto::kernels {

constexpr int MEL_FRAMES = 16;  // frames that `power_spectra` takes at once
constexpr int FFT_SIZE   = 400;
constexpr int FFT_BINS   = FFT_SIZE / 2 + 1;
constexpr int FFT_POINTS = FFT_SIZE / 2; // complex: even samples are the real part, odd ones the imaginary
constexpr int FFT_RADICES[] = { 5, 5, 4, 2 };

struct fft_plan {
    float window[FFT_SIZE];
    // Of every pass, for p < n / radix and 0 < k < radix, e^(-2 pi i p k / n): [pass][p][k - 1][re, im]
    float twiddles[4][FFT_POINTS][2];
    float halves[FFT_POINTS + 1][2]; // e^(-2 pi i k / 400)
};

// A filter is a triangle: of its weights, [mel][FFT_BINS], those outside [first, last) are zero.
struct mel_filters {
    int32_t         count;
    const float *   weights;
    const int32_t * first;
    const int32_t * last;
};

// Scratch of the attentions, in floats: rows of scores for the queries taken at once.
constexpr int  QUERIES_AT_ONCE = 6;
constexpr int64_t scores_stride(int64_t positions) { return padded(positions, PANEL) + 16; } // not a multiple of a page
constexpr int64_t attention_scratch(int64_t positions) { return QUERIES_AT_ONCE * scores_stride(positions); }

struct kernel_table {
    const char * name;
    // Whether `encoder_attention` takes its operands as bf16.
    bool rounds_attention;

    // out[i] = (x[i] - mean) / sqrt(variance + 1e-5) * gamma[i] + beta[i]
    void (*layer_norm)(const float * x, const float * gamma, const float * beta, int64_t count, float * out);
    // Byte = x / scale with scale = max |x| / 127; what is not a number becomes 0 and takes no part in the maximum.
    void (*quantize)(const float * x, int64_t count, int8_tokens & tokens, int64_t token);
    // Tokens [first_token, last_token) times the rows of panels [first_panel, last_panel).
    void (*int8_product)(const int8_weights & weights, int64_t first_panel, int64_t last_panel, const int8_tokens & tokens,
                         int64_t first_token, int64_t last_token, const epilogue & then);
    // The same in floats; token t lies at x + t * stride, and tokens may overlap: a convolution is such a product.
    void (*f32_product)(const f32_weights & weights, int64_t first_panel, int64_t last_panel, const float * x, int64_t stride,
                        int64_t first_token, int64_t last_token, const epilogue & then);
    // GELU as ggml and GPT-2 have it, by tanh.
    void (*gelu)(float * x, int64_t count);

    // Queries [first, last) of one head over all positions. Keys and values are packed by the two below, each a panel of 64
    // positions in 64 * 64 floats. Softmax of query · key / 8.
    void (*encoder_attention)(const float * queries, int64_t query_stride, const float * keys, const float * values,
                              int64_t positions, int64_t first, int64_t last, float * out, int64_t out_stride, float * scratch);
    // Of positions [first, last) into panels. `first` is a multiple of 64; the last panel is filled up with zeros.
    void (*pack_keys)(const float * keys, int64_t stride, int64_t first, int64_t last, float * packed);
    void (*pack_values)(const float * values, int64_t stride, int64_t first, int64_t last, float * packed);

    // One position of a head of the decoder's own cache, as f16.
    void (*append)(const float * from, uint16_t * to);
    // One query over the first `length` positions of a head of that cache, [position][64] f16. `scratch`: `length` floats.
    void (*self_attention)(const float * query, const uint16_t * keys, const uint16_t * values, int64_t length, float * out,
                           float * scratch);
    // Fills a head of the cross-attention's cache from keys and values of all its positions.
    void (*pack_cross)(const float * keys, const float * values, int64_t stride, cross_head & head);
    // `count` queries over the same head of the same window. `scratch`: attention_scratch(positions) floats.
    void (*cross_attention)(const float * queries, int64_t query_stride, int64_t count, const cross_head & head, float * out,
                            int64_t out_stride, float * scratch);

    // A row of packed weights as floats, plus `add`: the embedding of a token at its position.
    void (*unpack_row)(const int8_weights & weights, int64_t row, const float * add, float * out);

    // |FFT|² of MEL_FRAMES frames of FFT_SIZE samples, `hop` apart: out[bin][frame].
    void (*power_spectra)(const float * samples, int64_t hop, const fft_plan & plan, float * out);
    // log10(max(filter · power, 1e-10)) of these frames: out[frame * out_stride + mel]. Returns the maximum.
    float (*log_mel)(const float * power, const mel_filters & filters, float * out, int64_t out_stride);

    // The maximum of x[0, count); minus infinity when there is none. What is not a number is passed over.
    float (*maximum)(const float * x, int64_t count);
    // Sum of exp((x - top) / temperature) over those of x[0, count) that lie above top - 20 * temperature.
    double (*sum_exp)(const float * x, int64_t count, float top, float temperature);
};

// The plain loops: the oracle of the tests, and the fallback where there is nothing better.
const kernel_table & plain_table();
// The best that this processor has.
const kernel_table & best_table();
// Every table that this processor can run, the best first, the plain one last; null ends it.
const kernel_table * const * runnable_tables();

} // namespace sotto::kernels
