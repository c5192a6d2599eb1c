// Functions of a vector, above vector_avx512.h or vector_avx2.h.
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

// e^x with an error of 2 units in the last place; e^-87 below that, e^88 above that.
// Cephes' polynomial (netlib.org/cephes, expf.c) after x = n ln 2 + r.
static inline vf exp(vf x) {
    x = min(max(x, set1(-87.0f)), set1(88.0f));
    const vf n = round(mul(x, set1(1.44269504088896341f)));
    vf r = fnma(n, set1(0.693359375f), x);
    r = fnma(n, set1(-2.12194440e-4f), r);
    vf y = set1(1.9875691500e-4f);
    y = fma(y, r, set1(1.3981999507e-3f));
    y = fma(y, r, set1(8.3334519073e-3f));
    y = fma(y, r, set1(4.1665795894e-2f));
    y = fma(y, r, set1(1.6666665459e-1f));
    y = fma(y, r, set1(5.0000001201e-1f));
    y = add(fma(y, mul(r, r), r), set1(1.0f));
    return scale_by_power(y, n);
}

// log10 of positive normal numbers, by Cephes' logf.
static inline vf log10(vf x) {
    vf n = exponent_of(x);
    vf m = mantissa_of(x);
    const vf large = where_greater(m, set1(1.41421356f), set1(1.0f));
    n = add(n, large);
    m = fnma(mul(large, set1(0.5f)), m, m);
    const vf r = sub(m, set1(1.0f));
    const vf square = mul(r, r);
    vf y = set1(7.0376836292e-2f);
    y = fma(y, r, set1(-1.1514610310e-1f));
    y = fma(y, r, set1(1.1676998740e-1f));
    y = fma(y, r, set1(-1.2420140846e-1f));
    y = fma(y, r, set1(1.4249322787e-1f));
    y = fma(y, r, set1(-1.6668057665e-1f));
    y = fma(y, r, set1(2.0000714765e-1f));
    y = fma(y, r, set1(-2.4999993993e-1f));
    y = fma(y, r, set1(3.3333331174e-1f));
    y = add(r, fma(square, set1(-0.5f), mul(mul(square, r), y)));
    return fma(n, set1(0.301029995663981195f), mul(y, set1(0.434294481903251828f)));
}

// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))) / 2 = x / (1 + e^(-2 sqrt(2 / pi) (x + 0.044715 x³)))
// ggml's form (ggml/src/ggml-cpu/vec.h, ggml_gelu_f32), which differs from OpenAI's erf by up to 5e-4.
static inline vf gelu(vf x) {
    const vf inner = fma(mul(mul(x, x), x), set1(0.044715f), x);
    return div(x, add(set1(1.0f), exp(mul(inner, set1(-1.5957691216057308f)))));
}

} // namespace sotto::kernels::SOTTO_VARIANT
