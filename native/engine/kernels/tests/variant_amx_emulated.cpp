// The code of the AMX variant over plain loops for its tiles: the tests of a machine without AMX.
#define SOTTO_VARIANT amx_emulated
#define SOTTO_EMULATE_AMX
#include "../vector_avx512.h"

#include "../variant.h"

#include "../tiles_amx.h"

#include "../product_amx.h"

namespace sotto::kernels {
extern const kernel_table amx_emulated_table;
constexpr kernel_table amx_emulated_table = amx_emulated::make_amx_table("amx, emulated");
} // namespace sotto::kernels
