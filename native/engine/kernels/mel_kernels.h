// The log-mel spectrogram's frames: a lane holds a frame, so that the transform needs no shuffles.
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

constexpr int LANE_VECTORS = MEL_FRAMES / WIDTH;

struct complex_vf {
    vf re, im;
};
static inline complex_vf add(complex_vf a, complex_vf b) { return { add(a.re, b.re), add(a.im, b.im) }; }
static inline complex_vf sub(complex_vf a, complex_vf b) { return { sub(a.re, b.re), sub(a.im, b.im) }; }
static inline complex_vf minus_i(complex_vf a) { return { a.im, sub(zero(), a.re) }; }
static inline complex_vf scaled(complex_vf a, float by) { return { mul(a.re, set1(by)), mul(a.im, set1(by)) }; }
static inline complex_vf scaled_add(complex_vf a, float by, complex_vf b) {
    return { fma(a.re, set1(by), b.re), fma(a.im, set1(by), b.im) };
}
static inline complex_vf turned(complex_vf a, const float * by) {
    const vf re = set1(by[0]);
    const vf im = set1(by[1]);
    return { fnma(a.im, im, mul(a.re, re)), fma(a.im, re, mul(a.re, im)) };
}

template <int R> static inline void butterfly(complex_vf * a);
template <> inline void butterfly<2>(complex_vf * a) {
    const complex_vf difference = sub(a[0], a[1]);
    a[0] = add(a[0], a[1]);
    a[1] = difference;
}
template <> inline void butterfly<4>(complex_vf * a) {
    const complex_vf even_sum = add(a[0], a[2]), even = sub(a[0], a[2]);
    const complex_vf odd_sum = add(a[1], a[3]), odd = minus_i(sub(a[1], a[3]));
    a[0] = add(even_sum, odd_sum);
    a[1] = add(even, odd);
    a[2] = sub(even_sum, odd_sum);
    a[3] = sub(even, odd);
}
template <> inline void butterfly<5>(complex_vf * a) {
    constexpr float C1 = 0.309016994374947424f, C2 = -0.809016994374947424f; // cos(2 pi / 5), cos(4 pi / 5)
    constexpr float S1 = 0.951056516295153572f, S2 = 0.587785252292473129f;  // sin of the same
    const complex_vf sum1 = add(a[1], a[4]), difference1 = minus_i(sub(a[1], a[4]));
    const complex_vf sum2 = add(a[2], a[3]), difference2 = minus_i(sub(a[2], a[3]));
    const complex_vf near = scaled_add(sum2, C2, scaled_add(sum1, C1, a[0]));
    const complex_vf far = scaled_add(sum2, C1, scaled_add(sum1, C2, a[0]));
    const complex_vf near_turn = scaled_add(difference2, S2, scaled(difference1, S1));
    const complex_vf far_turn = scaled_add(difference2, -S1, scaled(difference1, S2));
    a[0] = add(a[0], add(sum1, sum2));
    a[1] = add(near, near_turn);
    a[2] = add(far, far_turn);
    a[3] = sub(far, far_turn);
    a[4] = sub(near, near_turn);
}

// One pass of Stockham's transform, which sorts itself: from [part][R... ] to [...][R], `stride` values apart.
template <int R> static inline void pass(const float * from, float * to, int n, int stride, const float (*twiddles)[2]) {
    const int parts = n / R;
    for (int p = 0; p < parts; ++p) {
        for (int q = 0; q < stride; ++q) {
            for (int lane = 0; lane < MEL_FRAMES; lane += WIDTH) {
                complex_vf a[R];
                for (int k = 0; k < R; ++k) {
                    const float * at = from + (q + stride * (p + parts * k)) * 2 * MEL_FRAMES + lane;
                    a[k] = { load(at), load(at + MEL_FRAMES) };
                }
                butterfly<R>(a);
                for (int k = 0; k < R; ++k) {
                    float * at = to + (q + stride * (R * p + k)) * 2 * MEL_FRAMES + lane;
                    const complex_vf value = k == 0 || p == 0 ? a[k] : turned(a[k], twiddles[p * (R - 1) + k - 1]);
                    store(at, value.re);
                    store(at + MEL_FRAMES, value.im);
                }
            }
        }
    }
}

static void power_spectra(const float * samples, int64_t hop, const fft_plan & plan, float * out) {
    alignas(ALIGNMENT) float a[FFT_SIZE * MEL_FRAMES];
    alignas(ALIGNMENT) float b[FFT_SIZE * MEL_FRAMES];
    for (int i = 0; i < FFT_SIZE; ++i) {
        for (int frame = 0; frame < MEL_FRAMES; ++frame) a[i * MEL_FRAMES + frame] = samples[frame * hop + i] * plan.window[i];
    }
    pass<5>(a, b, 200, 1, plan.twiddles[0]);
    pass<5>(b, a, 40, 5, plan.twiddles[1]);
    pass<4>(a, b, 8, 25, plan.twiddles[2]);
    pass<2>(b, a, 2, 100, plan.twiddles[3]);
    // The spectrum of the real signal from that of its even and odd samples.
    for (int k = 0; k <= FFT_POINTS / 2; ++k) {
        const float * left = a + k * 2 * MEL_FRAMES;
        const float * right = a + (k == 0 ? 0 : FFT_POINTS - k) * 2 * MEL_FRAMES;
        for (int lane = 0; lane < MEL_FRAMES; lane += WIDTH) {
            const complex_vf here = { load(left + lane), load(left + MEL_FRAMES + lane) };
            const complex_vf mirror = { load(right + lane), sub(zero(), load(right + MEL_FRAMES + lane)) };
            const complex_vf even = scaled(add(here, mirror), 0.5f);
            const complex_vf odd = turned(minus_i(scaled(sub(here, mirror), 0.5f)), plan.halves[k]);
            const complex_vf low = add(even, odd);
            const complex_vf high = sub(even, odd);
            store(out + k * MEL_FRAMES + lane, fma(low.re, low.re, mul(low.im, low.im)));
            store(out + (FFT_POINTS - k) * MEL_FRAMES + lane, fma(high.re, high.re, mul(high.im, high.im)));
        }
    }
}

static float log_mel(const float * power, const mel_filters & filters, float * out, int64_t out_stride) {
    vf largest = set1(-10.0f);
    for (int mel = 0; mel < filters.count; ++mel) {
        const float * weights = filters.weights + static_cast<int64_t>(mel) * FFT_BINS;
        for (int lane = 0; lane < MEL_FRAMES; lane += WIDTH) {
            vf energy = zero();
            for (int bin = filters.first[mel]; bin < filters.last[mel]; ++bin) {
                energy = fma(set1(weights[bin]), load(power + bin * MEL_FRAMES + lane), energy);
            }
            const vf level = log10(max(energy, set1(1e-10f)));
            largest = max(level, largest);
            alignas(ALIGNMENT) float levels[WIDTH];
            store(levels, level);
            for (int i = 0; i < WIDTH; ++i) out[(lane + i) * out_stride + mel] = levels[i];
        }
    }
    return top(largest);
}

} // namespace sotto::kernels::SOTTO_VARIANT
