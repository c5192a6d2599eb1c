#define SOTTO_VARIANT avx512bf16
#include "vector_avx512.h"

#include "variant.h"

#include "encoder_attention_bf16.h"

namespace sotto::kernels {
extern const kernel_table avx512bf16_table;
constexpr kernel_table avx512bf16_table = avx512bf16::make_bf16_table("avx512bf16");
} // namespace sotto::kernels
