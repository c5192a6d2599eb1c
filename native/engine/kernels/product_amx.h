// The wide int8 product by AMX. The panels fit its tiles as they are: sixteen groups of four columns by sixteen rows. Tokens that
// fill no tile, and so all of a narrow product, go through vectors: there AMX is slower (docs/kernels.md).
#pragma once

namespace sotto::kernels::SOTTO_VARIANT {

// Two tiles of tokens (or one) by two of rows, for `half` of a panel; sums[token][row of the panel].
template <bool TWO>
static inline void amx_half_panel(const int8_weights & weights, const uint8_t * w, const int8_t * x, int64_t stride, int32_t * sums) {
    constexpr int64_t WEIGHT_STRIDE = PANEL * GROUP;
    constexpr int64_t SUM_STRIDE = PANEL * sizeof(int32_t);
    tile_zero<0>();
    tile_zero<1>();
    if (TWO) {
        tile_zero<2>();
        tile_zero<3>();
    }
    for (int64_t column = 0; column < weights.columns; column += TILE_BYTES, w += TILE_BYTES / GROUP * WEIGHT_STRIDE) {
        tile_load<4>(x + column, stride);
        tile_load<6>(w, WEIGHT_STRIDE);
        tile_load<7>(w + TILE_BYTES, WEIGHT_STRIDE);
        tile_dot<0, 4, 6>();
        tile_dot<1, 4, 7>();
        if (TWO) {
            tile_load<5>(x + TILE_ROWS * stride + column, stride);
            tile_dot<2, 5, 6>();
            tile_dot<3, 5, 7>();
        }
    }
    tile_store<0>(sums, SUM_STRIDE);
    tile_store<1>(sums + TILE_ROWS, SUM_STRIDE);
    if (TWO) {
        tile_store<2>(sums + TILE_ROWS * PANEL, SUM_STRIDE);
        tile_store<3>(sums + TILE_ROWS * PANEL + TILE_ROWS, SUM_STRIDE);
    }
}

static void amx_int8_product(const int8_weights & weights, int64_t first_panel, int64_t last_panel, const int8_tokens & tokens,
                             int64_t first_token, int64_t last_token, const epilogue & then) {
    const int64_t in_tiles_end = first_token + (last_token - first_token) / TILE_ROWS * TILE_ROWS;
    if (in_tiles_end > first_token) {
        // The thread may be ggml's at other times, which sets its own tiles up once.
        tile_config before;
        save_config(before);
        tile_config ours;
        ours.palette = 1;
        for (int i = 0; i < 8; ++i) {
            ours.row_bytes[i] = TILE_BYTES;
            ours.rows[i] = TILE_ROWS;
        }
        load_config(ours);
        alignas(ALIGNMENT) int32_t sums[2 * TILE_ROWS * PANEL];
        for (int64_t panel = first_panel; panel < last_panel; ++panel) {
            const uint8_t * w = weights.packed + panel * weights.panel_bytes();
            for (int64_t token = first_token; token < in_tiles_end;) {
                const int8_t * x = tokens.values + token * tokens.stride;
                const bool two = token + 2 * TILE_ROWS <= in_tiles_end;
                for (int half = 0; half < 2; ++half) {
                    const uint8_t * rows = w + half * 2 * TILE_BYTES;
                    int32_t * to = sums + half * 2 * TILE_ROWS;
                    if (two) {
                        amx_half_panel<true>(weights, rows, x, tokens.stride, to);
                    } else {
                        amx_half_panel<false>(weights, rows, x, tokens.stride, to);
                    }
                }
                const int64_t end = token + (two ? 2 : 1) * TILE_ROWS;
                for (int64_t i = 0; token < end; ++token, ++i) {
                    vf y[STRIP];
                    SOTTO_UNROLL for (int v = 0; v < STRIP; ++v) {
                        const vi sum = load_ints(sums + i * PANEL + v * WIDTH);
                        const vf exact = to_float(int_sub(sum, int_set1(tokens.sums[token])));
                        y[v] = mul(exact, mul(load(weights.scales + panel * PANEL + v * WIDTH), set1(tokens.scales[token])));
                    }
                    finish(y, then, panel * PANEL, weights.rows, token);
                }
            }
        }
        load_config(before);
    }
    if (in_tiles_end < last_token) int8_product(weights, first_panel, last_panel, tokens, in_tiles_end, last_token, then);
}

constexpr kernel_table make_amx_table(const char * name) {
    kernel_table table = make_table(name);
    table.int8_product = amx_int8_product;
    return table;
}

} // namespace sotto::kernels::SOTTO_VARIANT
