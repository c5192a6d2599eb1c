// How weights and caches lie in memory. One layout for every instruction set, so that what one packs another can read:
// panels of 64 rows (four vectors of AVX-512, eight of AVX2, four tiles of AMX side by side), within a panel by column.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sotto::kernels {

constexpr int PANEL = 64;      // rows of a panel, and the size of every Whisper head
constexpr int HEAD  = 64;
constexpr int GROUP = 4;       // bytes that one lane of a dot product takes at once
constexpr int COLUMN_PAD = 64; // one row of an AMX tile; less would do for the others
constexpr size_t ALIGNMENT = 64;

constexpr int64_t padded(int64_t count, int64_t to) { return (count + to - 1) / to * to; }
constexpr int64_t panels_of(int64_t rows) { return (rows + PANEL - 1) / PANEL; }

// Weights of a linear: round(w / scale) + 128, one scale per row. [row / 64][column / 4][row % 64][column % 4]
// Unsigned, since the byte products of x86 multiply unsigned by signed bytes, and broadcasts of a token come cheapest as the
// signed operand. 128 times the sum of the token's bytes is taken off afterwards.
struct int8_weights {
    const uint8_t * packed  = nullptr;
    const float *   scales  = nullptr; // panels * 64
    int64_t         rows    = 0;
    int64_t         columns = 0;       // padded to COLUMN_PAD; what is padded holds 128, that is zero

    int64_t panel_bytes() const { return columns * PANEL; }
};

constexpr int64_t int8_index(int64_t row, int64_t column, int64_t columns) {
    return row / PANEL * PANEL * columns + column / GROUP * PANEL * GROUP + row % PANEL * GROUP + column % GROUP;
}

// Weights of a product in floats: [row / 64][column][row % 64]
struct f32_weights {
    const float * packed  = nullptr;
    int64_t       rows    = 0;
    int64_t       columns = 0;

    int64_t panel_floats() const { return columns * PANEL; }
};

// Tokens as bytes: value = byte * scale.
struct int8_tokens {
    int8_t *  values = nullptr;
    float *   scales = nullptr;
    int32_t * sums   = nullptr; // 128 times the sum of a token's bytes
    int64_t   stride = 0;       // bytes from token to token, a multiple of COLUMN_PAD
};

// What a product does with its sums: + bias, GELU, + residual, in this order; each may be left out.
struct epilogue {
    const float * bias            = nullptr; // panels * 64
    bool          gelu            = false;
    const float * residual        = nullptr; // may be `out` itself
    int64_t       residual_stride = 0;
    float *       out             = nullptr;
    int64_t       out_stride      = 0;
};

// Cross-attention's cache of one head of one window. A constant added to all keys changes no softmax, and one added to all
// values comes out as it went in; so the mean over the positions is taken off both before they become bytes, and keys with
// a large constant channel, as real models have, keep their precision (SageAttention, arxiv.org/abs/2410.02367, section 4.2).
struct cross_head {
    uint8_t * keys          = nullptr; // as int8_weights: positions are rows, [position / 64][dim / 4][position % 64][dim % 4]
    float *   key_scales    = nullptr; // one per position
    int8_t *  values        = nullptr; // [position / 4][64][position % 4], signed
    float *   value_scales  = nullptr; // one per position
    float *   value_mean    = nullptr; // 64
    int32_t   positions     = 0;
};

} // namespace sotto::kernels
