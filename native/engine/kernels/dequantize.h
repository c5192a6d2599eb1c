// Rows of ggml's tensors as floats.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sotto::kernels {

// The numbers are ggml's (ggml/include/ggml.h, enum ggml_type) and stand in model files.
enum class tensor_type : int32_t { f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, bf16 = 30 };

// Bytes of `count` values; 0 when the type is not known or does not divide them.
size_t bytes_of(tensor_type type, int64_t count);
// `count` values, a multiple of 32 for the quantized types.
void dequantize(tensor_type type, const void * data, int64_t count, float * out);

} // namespace sotto::kernels
