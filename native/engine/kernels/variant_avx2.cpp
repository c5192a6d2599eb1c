#define SOTTO_VARIANT avx2
#define SOTTO_FOUR_TOKENS
#include "vector_avx2.h"

#include "variant.h"

namespace sotto::kernels {
extern const kernel_table avx2_table;
constexpr kernel_table avx2_table = avx2::make_table("avx2");
} // namespace sotto::kernels
