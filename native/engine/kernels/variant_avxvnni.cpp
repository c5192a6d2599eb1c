#define SOTTO_VARIANT avxvnni
#include "vector_avx2.h"

#include "variant.h"

namespace sotto::kernels {
extern const kernel_table avxvnni_table;
constexpr kernel_table avxvnni_table = avxvnni::make_table("avxvnni");
} // namespace sotto::kernels
