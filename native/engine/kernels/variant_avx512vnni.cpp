#define SOTTO_VARIANT avx512vnni
#include "vector_avx512.h"

#include "variant.h"

namespace sotto::kernels {
extern const kernel_table avx512vnni_table;
constexpr kernel_table avx512vnni_table = avx512vnni::make_table("avx512vnni");
} // namespace sotto::kernels
