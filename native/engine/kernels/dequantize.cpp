#include "dequantize.h"

#include "half.h"

namespace sotto::kernels {

namespace {

constexpr int64_t BLOCK = 32;

// Blocks of 32 values (ggml/src/ggml-common.h): scale, then the minimum where there is one, then the fifth bits where there
// are such, then the low bits: of value i in the low half of byte i, of value i + 16 in its high half.
struct block_form {
    size_t bytes;
    bool   minimum;
    bool   fifth;
    int    zero; // what the stored number for 0.0 is, without a minimum
};

block_form form_of(tensor_type type) {
    switch (type) {
        case tensor_type::q4_0: return { 18, false, false, 8 };
        case tensor_type::q4_1: return { 20, true, false, 0 };
        case tensor_type::q5_0: return { 22, false, true, 16 };
        case tensor_type::q5_1: return { 24, true, true, 0 };
        default: return { 34, false, false, 0 }; // q8_0
    }
}

uint16_t word_at(const uint8_t * p) {
    uint16_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

void dequantize_block(tensor_type type, const uint8_t * from, float * out) {
    const block_form form = form_of(type);
    const float scale = float_of(word_at(from));
    from += 2;
    if (type == tensor_type::q8_0) {
        for (int i = 0; i < BLOCK; ++i) out[i] = scale * static_cast<float>(static_cast<int8_t>(from[i]));
        return;
    }
    const float minimum = form.minimum ? float_of(word_at(from)) : 0.0f;
    from += form.minimum ? 2 : 0;
    uint32_t fifths = 0;
    if (form.fifth) {
        std::memcpy(&fifths, from, sizeof fifths);
        from += sizeof fifths;
    }
    for (int i = 0; i < BLOCK; ++i) {
        const int low = i < 16 ? from[i] & 15 : from[i - 16] >> 4;
        const int fifth = static_cast<int>((fifths >> i) & 1) << 4;
        out[i] = static_cast<float>((low | fifth) - form.zero) * scale + minimum;
    }
}

} // namespace

size_t bytes_of(tensor_type type, int64_t count) {
    const auto size = static_cast<size_t>(count);
    switch (type) {
        case tensor_type::f32: return 4 * size;
        case tensor_type::f16: case tensor_type::bf16: return 2 * size;
        case tensor_type::q4_0: case tensor_type::q4_1: case tensor_type::q5_0: case tensor_type::q5_1: case tensor_type::q8_0:
            return count % BLOCK == 0 ? size / BLOCK * form_of(type).bytes : 0;
    }
    return 0;
}

void dequantize(tensor_type type, const void * data, int64_t count, float * out) {
    const auto * bytes = static_cast<const uint8_t *>(data);
    switch (type) {
        case tensor_type::f32: std::memcpy(out, bytes, static_cast<size_t>(count) * sizeof(float)); return;
        case tensor_type::f16:
            for (int64_t i = 0; i < count; ++i) out[i] = float_of(word_at(bytes + 2 * i));
            return;
        case tensor_type::bf16:
            for (int64_t i = 0; i < count; ++i) {
                const uint32_t bits = static_cast<uint32_t>(word_at(bytes + 2 * i)) << 16;
                std::memcpy(out + i, &bits, sizeof bits);
            }
            return;
        default:
            for (int64_t i = 0; i < count; i += BLOCK, bytes += form_of(type).bytes) dequantize_block(type, bytes, out + i);
    }
}

} // namespace sotto::kernels
