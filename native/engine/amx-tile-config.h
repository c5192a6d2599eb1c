// Forced in front of every C++ file of the variant that uses AMX, when GCC compiles it.
//
// GCC 12 declares the operand of `_tile_loadconfig` as 8 of the 64 bytes that the instruction reads. Its optimizer then
// drops the stores that fill the other 56 (`ggml_tile_config_init`, ggml/src/ggml-cpu/amx/mmq.cpp), the tiles have no
// rows, and the first product dies with SIGILL. Here the operand is all 64 bytes; the instruction is the same.
// (gcc.gnu.org/bugzilla: later releases declare it as we do.)
#pragma once

#if defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)

#include <immintrin.h>

static inline void sotto_tile_loadconfig(const void * config) {
    __asm__ volatile("ldtilecfg\t%0" : : "m"(*(const char(*)[64]) config));
}
#define _tile_loadconfig sotto_tile_loadconfig

#endif
