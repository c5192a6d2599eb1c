// One table, compiled for one instruction set: the file that includes this has named the variant and included its vectors.
//
// Nothing here may call an inline function or a template of the standard library: the linker keeps one copy of each, and
// one compiled for AVX-512 would then run on processors without it.
#pragma once

#include "table.h"

#include "vector_math.h"
#include "row_kernels.h"
#include "product.h"
#include "encoder_attention.h"
#include "decoder_attention.h"
#include "mel_kernels.h"

namespace sotto::kernels::SOTTO_VARIANT {

constexpr kernel_table make_table(const char * name) {
    kernel_table table = {};
    table.name              = name;
    table.layer_norm        = layer_norm;
    table.quantize          = quantize;
    table.int8_product      = int8_product;
    table.f32_product       = f32_product;
    table.gelu              = gelu_row;
    table.encoder_attention = encoder_attention;
    table.pack_keys         = pack_keys;
    table.pack_values       = pack_values;
    table.append            = append;
    table.self_attention    = self_attention;
    table.pack_cross        = pack_cross;
    table.cross_attention   = cross_attention;
    table.unpack_row        = unpack_row;
    table.power_spectra     = power_spectra;
    table.log_mel           = log_mel;
    table.maximum           = maximum;
    table.sum_exp           = sum_exp;
    return table;
}

} // namespace sotto::kernels::SOTTO_VARIANT
