// What is done to one row of activations: layer norm, bytes, GELU, embedding, maximum and sum.
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

static void layer_norm(const float * x, const float * gamma, const float * beta, int64_t count, float * out) {
    const int64_t whole = count / WIDTH * WIDTH;
    vf sums = zero();
    for (int64_t i = 0; i < whole; i += WIDTH) sums = add(sums, load(x + i));
    float total = sum(sums);
    for (int64_t i = whole; i < count; ++i) total += x[i];
    const float mean = total / static_cast<float>(count);

    vf squares = zero();
    for (int64_t i = 0; i < whole; i += WIDTH) {
        const vf apart = sub(load(x + i), set1(mean));
        squares = fma(apart, apart, squares);
    }
    float variance = sum(squares);
    for (int64_t i = whole; i < count; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const float scale = 1.0f / __builtin_sqrtf(variance / static_cast<float>(count) + 1e-5f);

    for (int64_t i = 0; i < count; i += WIDTH) {
        const int64_t left = count - i;
        const vf normal = mul(sub(load_first(x + i, left, 0.0f), set1(mean)), set1(scale));
        store_first(out + i, left, fma(normal, load_first(gamma + i, left, 0.0f), load_first(beta + i, left, 0.0f)));
    }
}

static void quantize(const float * x, int64_t count, int8_tokens & tokens, int64_t token) {
    const int64_t whole = count / WIDTH * WIDTH;
    vf largest = zero();
    for (int64_t i = 0; i < whole; i += WIDTH) largest = max(abs(load(x + i)), largest);
    if (whole < count) largest = max(abs(load_first(x + whole, count - whole, 0.0f)), largest);
    // An infinity would make every other value 0, and itself no number.
    const float bound = __builtin_fminf(top(largest), 3.0e38f);
    // Below that the inverse overflows; values that small are zero beside any bias.
    const float inverse = bound > 1e-30f ? 127.0f / bound : 0.0f;

    int8_t * bytes = tokens.values + token * tokens.stride;
    vi sums = int_zero();
    for (int64_t i = 0; i < count; i += WIDTH) {
        const vf scaled = mul(nan_to_zero(load_first(x + i, count - i, 0.0f)), set1(inverse));
        const vi rounded = to_int(min(max(scaled, set1(-127.0f)), set1(127.0f)));
        sums = int_add(sums, rounded);
        if (i < whole) {
            store_s8(bytes + i, rounded);
        } else {
            store_s8_first(bytes + i, count - i, rounded);
        }
    }
    for (int64_t i = count; i < tokens.stride; ++i) bytes[i] = 0;
    tokens.scales[token] = bound > 1e-30f ? bound / 127.0f : 0.0f;
    tokens.sums[token] = 128 * int_sum(sums);
}

static void gelu_row(float * x, int64_t count) {
    for (int64_t i = 0; i < count; i += WIDTH) {
        store_first(x + i, count - i, gelu(load_first(x + i, count - i, 0.0f)));
    }
}

static void unpack_row(const int8_weights & weights, int64_t row, const float * add_to, float * out) {
    const uint8_t * from = weights.packed + row / PANEL * weights.panel_bytes() + row % PANEL * GROUP;
    const float scale = weights.scales[row];
    for (int64_t column = 0; column < weights.columns; column += GROUP, from += PANEL * GROUP) {
        for (int i = 0; i < GROUP; ++i) {
            out[column + i] = static_cast<float>(static_cast<int>(from[i]) - 128) * scale + add_to[column + i];
        }
    }
}

static float maximum(const float * x, int64_t count) {
    const float nothing = -__builtin_inff();
    vf best[4] = { set1(nothing), set1(nothing), set1(nothing), set1(nothing) };
    int64_t i = 0;
    for (; i + 4 * WIDTH <= count; i += 4 * WIDTH) {
        for (int k = 0; k < 4; ++k) best[k] = max(load(x + i + k * WIDTH), best[k]);
    }
    for (; i < count; i += WIDTH) best[0] = max(load_first(x + i, count - i, nothing), best[0]);
    return top(max(max(best[0], best[1]), max(best[2], best[3])));
}

// exp(-20) is 2e-9: what lies further below the maximum cannot change a float sum. Nor are most logits that near, so that
// whole vectors are passed over.
static double sum_exp(const float * x, int64_t count, float best, float temperature) {
    const vf least = set1(best - 20.0f * temperature);
    const vf inverse = set1(1.0f / temperature);
    const float nothing = -__builtin_inff();
    double total = 0.0;
    for (int64_t i = 0; i < count; i += WIDTH) {
        const vf here = load_first(x + i, count - i, nothing);
        if (any_greater(here, least)) {
            total += static_cast<double>(sum(where_greater(here, least, exp(mul(sub(here, set1(best)), inverse)))));
        }
    }
    return total;
}

} // namespace sotto::kernels::SOTTO_VARIANT
