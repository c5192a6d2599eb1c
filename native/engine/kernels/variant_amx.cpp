#define SOTTO_VARIANT amx
#include "vector_avx512.h"

#include "variant.h"

#include "tiles_amx.h"

#include "product_amx.h"

namespace sotto::kernels {
extern const kernel_table amx_table;
constexpr kernel_table amx_table = amx::make_amx_table("amx");
} // namespace sotto::kernels
