// Sixteen floats at once: AVX-512 with its byte dot product (VNNI).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "layout.h"

namespace sotto::kernels::SOTTO_VARIANT {

constexpr int WIDTH = 16;
constexpr int STRIP = 4;      // vectors of rows in a tile: with 6 tokens 24 sums, 4 weights and a broadcast in 32 registers
constexpr int STRIP_TOKENS = 6;
constexpr int CROSS_TOKENS = 3; // of two digits each

using vf = __m512;
using vi = __m512i;
using mask = __mmask16;

static inline vf load(const float * p) { return _mm512_loadu_ps(p); }
static inline void store(float * p, vf v) { _mm512_storeu_ps(p, v); }
static inline vf set1(float x) { return _mm512_set1_ps(x); }
static inline vf zero() { return _mm512_setzero_ps(); }
static inline vf add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); } // c - a * b
// b where a is not a number
static inline vf max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf abs(vf a) { return _mm512_abs_ps(a); }
static inline vf round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline float sum(vf a) { return _mm512_reduce_add_ps(a); }
static inline float top(vf a) { return _mm512_reduce_max_ps(a); }
// a * 2^n; n a whole number
static inline vf scale_by_power(vf a, vf n) { return _mm512_scalef_ps(a, n); }

static inline mask first_of(int64_t n) { return n >= WIDTH ? static_cast<mask>(0xffff) : static_cast<mask>((1u << n) - 1); }
static inline vf load_first(const float * p, int64_t n, float other) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(other), first_of(n), p);
}
static inline void store_first(float * p, int64_t n, vf v) { _mm512_mask_storeu_ps(p, first_of(n), v); }
// v where a > b, else 0
static inline vf where_greater(vf a, vf b, vf v) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), v); }
static inline bool any_greater(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0; }
static inline vf nan_to_zero(vf a) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, a, _CMP_ORD_Q), a); }

static inline vf load_f16(const uint16_t * p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)));
}
static inline void store_f16(uint16_t * p, vf v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
static inline void store_s8(int8_t * p, vi v) { _mm_storeu_si128(reinterpret_cast<__m128i *>(p), _mm512_cvtepi32_epi8(v)); }
static inline void store_s8_first(int8_t * p, int64_t n, vi v) { _mm512_mask_cvtepi32_storeu_epi8(p, first_of(n), v); }

// x = m * 2^n with m from 1 to below 2; x is positive and normal
static inline vf exponent_of(vf a) { return _mm512_getexp_ps(a); }
static inline vf mantissa_of(vf a) { return _mm512_getmant_ps(a, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src); }

static inline vi to_int(vf a) { return _mm512_cvtps_epi32(a); }
static inline vf to_float(vi a) { return _mm512_cvtepi32_ps(a); }
static inline vi load_ints(const int32_t * p) { return _mm512_loadu_si512(p); }
static inline vi int_zero() { return _mm512_setzero_si512(); }
static inline vi int_set1(int32_t x) { return _mm512_set1_epi32(x); }
static inline vi int_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
static inline vi int_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
static inline vi int_high_byte(vi a) { return _mm512_srli_epi32(a, 8); }
static inline vi int_low_byte(vi a) { return _mm512_and_si512(a, _mm512_set1_epi32(255)); }
static inline int32_t int_sum(vi a) { return _mm512_reduce_add_epi32(a); }

// Operands of the byte product, in the form that this instruction set takes.
using unsigned_bytes = __m512i;
using signed_bytes = __m512i;
static inline unsigned_bytes load_unsigned(const uint8_t * p) { return _mm512_loadu_si512(p); }
static inline signed_bytes load_signed(const int8_t * p) { return _mm512_loadu_si512(p); }
static inline int32_t word_at(const void * p) {
    int32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}
static inline unsigned_bytes broadcast_unsigned(const uint8_t * p) { return _mm512_set1_epi32(word_at(p)); }
static inline signed_bytes broadcast_signed(const int8_t * p) { return _mm512_set1_epi32(word_at(p)); }
// Every lane: sum + its four products.
//
// By hand: around the intrinsic GCC 12 copies every sum to another register and back, which halves the speed of a tile.
static inline vi dot(vi sum, unsigned_bytes a, signed_bytes b) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

} // namespace sotto::kernels::SOTTO_VARIANT
