// Products of tokens with weights, in bytes and in floats: a strip of rows times a few tokens, all sums in registers.
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

constexpr int STRIPS = PANEL / (STRIP * WIDTH);

// A tile's sums live in registers only if no index into them is left by the time the compiler looks for that.
#define SOTTO_UNROLL _Pragma("GCC unroll 8")

// Stores STRIP vectors of one token's sums.
static inline void finish(vf * sums, const epilogue & then, int64_t row, int64_t rows, int64_t token) {
    float * out = then.out + token * then.out_stride + row;
    for (int v = 0; v < STRIP; ++v) {
        const int64_t at = row + v * WIDTH;
        const int64_t left = rows - at;
        if (left <= 0) return;
        vf y = sums[v];
        if (then.bias) y = add(y, load(then.bias + at));
        if (then.gelu) y = gelu(y);
        if (left >= WIDTH) {
            if (then.residual) y = add(y, load(then.residual + token * then.residual_stride + at));
            store(out + v * WIDTH, y);
        } else {
            if (then.residual) y = add(y, load_first(then.residual + token * then.residual_stride + at, left, 0.0f));
            store_first(out + v * WIDTH, left, y);
        }
    }
}

// --- bytes

// AHEAD: the next panel is asked for while this one is used. Few tokens are done with a panel before the processor's own
// look-ahead has brought the next.
template <int T, bool AHEAD>
static inline void int8_tile(const int8_weights & weights, int64_t row, const int8_tokens & tokens, int64_t token,
                             const epilogue & then) {
    const uint8_t * w = weights.packed + row / PANEL * weights.panel_bytes() + row % PANEL * GROUP;
    const int8_t * x = tokens.values + token * tokens.stride;
    const int64_t stride = tokens.stride;
    const int64_t ahead = weights.panel_bytes();
    vi sums[T][STRIP];
    SOTTO_UNROLL for (int t = 0; t < T; ++t) {
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) sums[t][v] = int_zero();
    }
    for (int64_t column = 0; column < weights.columns; column += GROUP, w += PANEL * GROUP) {
        unsigned_bytes rows[STRIP];
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) rows[v] = load_unsigned(w + v * WIDTH * GROUP);
        if (AHEAD) {
            SOTTO_UNROLL for (int v = 0; v < STRIP * WIDTH * GROUP; v += 64) __builtin_prefetch(w + ahead + v, 0, 2);
        }
        SOTTO_UNROLL for (int t = 0; t < T; ++t) {
            const signed_bytes bytes = broadcast_signed(x + t * stride + column);
            SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) sums[t][v] = dot(sums[t][v], rows[v], bytes);
        }
    }
    vf y[T][STRIP];
    SOTTO_UNROLL for (int t = 0; t < T; ++t) {
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) {
            const vf exact = to_float(int_sub(sums[t][v], int_set1(tokens.sums[token + t])));
            y[t][v] = mul(exact, mul(load(weights.scales + row + v * WIDTH), set1(tokens.scales[token + t])));
        }
    }
    for (int t = 0; t < T; ++t) finish(y[t], then, row, weights.rows, token + t);
}

// Tokens in tiles of nearly equal size: 8 are 4 + 4, not 6 + 2.
template <typename Tile> static inline void in_tiles(int64_t first, int64_t last, int most, Tile && tile) {
    int64_t tiles = (last - first + most - 1) / most;
    for (int64_t token = first; token < last; --tiles) {
        const int64_t count = (last - token + tiles - 1) / tiles;
        tile(token, static_cast<int>(count));
        token += count;
    }
}

// Tokens up to which a panel is used so briefly that the next must be asked for.
constexpr int64_t FEW_TOKENS = 16;

template <bool AHEAD>
static inline void int8_strip(const int8_weights & weights, int64_t row, const int8_tokens & tokens, int64_t token, int count,
                              const epilogue & then) {
    switch (count) {
        case 1: int8_tile<1, AHEAD>(weights, row, tokens, token, then); break;
        case 2: int8_tile<2, AHEAD>(weights, row, tokens, token, then); break;
        case 3: int8_tile<3, AHEAD>(weights, row, tokens, token, then); break;
        case 4: int8_tile<4, AHEAD>(weights, row, tokens, token, then); break;
#if !defined(SOTTO_FOUR_TOKENS)
        case 5: int8_tile<5, AHEAD>(weights, row, tokens, token, then); break;
        case 6: int8_tile<6, AHEAD>(weights, row, tokens, token, then); break;
#endif
        default: break;
    }
}

static void int8_product(const int8_weights & weights, int64_t first_panel, int64_t last_panel, const int8_tokens & tokens,
                         int64_t first_token, int64_t last_token, const epilogue & then) {
    const bool few = last_token - first_token <= FEW_TOKENS;
    for (int64_t panel = first_panel; panel < last_panel; ++panel) {
        for (int strip = 0; strip < STRIPS; ++strip) {
            const int64_t row = panel * PANEL + strip * STRIP * WIDTH;
            in_tiles(first_token, last_token, STRIP_TOKENS, [&](int64_t token, int count) {
                if (few && token == first_token) {
                    int8_strip<true>(weights, row, tokens, token, count, then);
                } else {
                    int8_strip<false>(weights, row, tokens, token, count, then);
                }
            });
        }
    }
}

// --- floats

constexpr int F32_TOKENS = 6;

template <int T>
static inline void f32_tile(const float * w, int64_t columns, const float * x, int64_t stride, vf (&out)[T][STRIP]) {
    vf sums[T][STRIP];
    SOTTO_UNROLL for (int t = 0; t < T; ++t) {
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) sums[t][v] = zero();
    }
    for (int64_t column = 0; column < columns; ++column, w += PANEL) {
        vf rows[STRIP];
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) rows[v] = load(w + v * WIDTH);
        SOTTO_UNROLL for (int t = 0; t < T; ++t) {
            const vf value = set1(x[t * stride + column]);
            SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) sums[t][v] = fma(rows[v], value, sums[t][v]);
        }
    }
    SOTTO_UNROLL for (int t = 0; t < T; ++t) {
        SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) out[t][v] = sums[t][v];
    }
}

template <int T>
static inline void f32_token_tile(const f32_weights & weights, int64_t row, const float * x, int64_t stride, int64_t token,
                                  const epilogue & then) {
    vf sums[T][STRIP];
    f32_tile<T>(weights.packed + row / PANEL * weights.panel_floats() + row % PANEL, weights.columns, x + token * stride, stride, sums);
    for (int t = 0; t < T; ++t) finish(sums[t], then, row, weights.rows, token + t);
}

static void f32_product(const f32_weights & weights, int64_t first_panel, int64_t last_panel, const float * x, int64_t stride,
                        int64_t first_token, int64_t last_token, const epilogue & then) {
    for (int64_t panel = first_panel; panel < last_panel; ++panel) {
        for (int strip = 0; strip < STRIPS; ++strip) {
            const int64_t row = panel * PANEL + strip * STRIP * WIDTH;
            in_tiles(first_token, last_token, F32_TOKENS, [&](int64_t token, int count) {
                switch (count) {
                    case 1: f32_token_tile<1>(weights, row, x, stride, token, then); break;
                    case 2: f32_token_tile<2>(weights, row, x, stride, token, then); break;
                    case 3: f32_token_tile<3>(weights, row, x, stride, token, then); break;
                    case 4: f32_token_tile<4>(weights, row, x, stride, token, then); break;
                    case 5: f32_token_tile<5>(weights, row, x, stride, token, then); break;
                    default: f32_token_tile<6>(weights, row, x, stride, token, then); break;
                }
            });
        }
    }
}

} // namespace sotto::kernels::SOTTO_VARIANT
