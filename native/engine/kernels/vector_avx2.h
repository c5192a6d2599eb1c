// Eight floats at once: AVX2 with FMA and F16C, and with AVX-VNNI where the compiler is told that it is there.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "layout.h"

namespace sotto::kernels::SOTTO_VARIANT {

constexpr int WIDTH = 8;
constexpr int STRIP = 2; // with 6 tokens 12 sums, 2 weights and a broadcast in 16 registers
#ifdef __AVXVNNI__
constexpr int STRIP_TOKENS = 6;
#else
constexpr int STRIP_TOKENS = 4; // both operands come in halves
#endif
constexpr int CROSS_TOKENS = 2;

using vf = __m256;
using vi = __m256i;

static inline vf load(const float * p) { return _mm256_loadu_ps(p); }
static inline void store(float * p, vf v) { _mm256_storeu_ps(p, v); }
static inline vf set1(float x) { return _mm256_set1_ps(x); }
static inline vf zero() { return _mm256_setzero_ps(); }
static inline vf add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf div(vf a, vf b) { return _mm256_div_ps(a, b); }
static inline vf fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); } // c - a * b
// b where a is not a number
static inline vf max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
static inline vf round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline float sum(vf a) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}
static inline float top(vf a) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}
// a * 2^n; n a whole number from -126 to 127
static inline vf scale_by_power(vf a, vf n) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(a, _mm256_castsi256_ps(exponent));
}

static inline vi first_of(int64_t n) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n < WIDTH ? n : WIDTH)), lanes);
}
static inline vf load_first(const float * p, int64_t n, float other) {
    const vi m = first_of(n);
    return _mm256_blendv_ps(_mm256_set1_ps(other), _mm256_maskload_ps(p, m), _mm256_castsi256_ps(m));
}
static inline void store_first(float * p, int64_t n, vf v) { _mm256_maskstore_ps(p, first_of(n), v); }
// v where a > b, else 0
static inline vf where_greater(vf a, vf b, vf v) { return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ), v); }
static inline bool any_greater(vf a, vf b) { return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0; }
static inline vf nan_to_zero(vf a) { return _mm256_and_ps(_mm256_cmp_ps(a, a, _CMP_ORD_Q), a); }

static inline vf load_f16(const uint16_t * p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p)));
}
static inline void store_f16(uint16_t * p, vf v) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
// The lowest byte of every lane.
static inline int64_t low_bytes(vi v) {
    const __m256i pick = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                          -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i picked = _mm256_shuffle_epi8(v, pick);
    return _mm_cvtsi128_si64(_mm_or_si128(_mm256_castsi256_si128(picked), _mm256_extracti128_si256(picked, 1)));
}
static inline void store_s8(int8_t * p, vi v) {
    const int64_t bytes = low_bytes(v);
    __builtin_memcpy(p, &bytes, sizeof bytes);
}
static inline void store_s8_first(int8_t * p, int64_t n, vi v) {
    const int64_t bytes = low_bytes(v);
    __builtin_memcpy(p, &bytes, static_cast<size_t>(n < WIDTH ? n : WIDTH));
}

// x = m * 2^n with m from 1 to below 2; x is positive and normal
static inline vf exponent_of(vf a) {
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(_mm256_castps_si256(a), 23), _mm256_set1_epi32(127)));
}
static inline vf mantissa_of(vf a) {
    return _mm256_or_ps(_mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(0x007fffff))), _mm256_set1_ps(1.0f));
}

static inline vi to_int(vf a) { return _mm256_cvtps_epi32(a); }
static inline vf to_float(vi a) { return _mm256_cvtepi32_ps(a); }
static inline vi int_zero() { return _mm256_setzero_si256(); }
static inline vi int_set1(int32_t x) { return _mm256_set1_epi32(x); }
static inline vi int_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
static inline vi int_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
static inline vi int_high_byte(vi a) { return _mm256_srli_epi32(a, 8); }
static inline vi int_low_byte(vi a) { return _mm256_and_si256(a, _mm256_set1_epi32(255)); }
static inline int32_t int_sum(vi a) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

static inline int32_t word_at(const void * p) {
    int32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}
static inline __m256i load_bytes(const void * p) { return _mm256_loadu_si256(static_cast<const __m256i *>(p)); }

#ifdef __AVXVNNI__
using unsigned_bytes = __m256i;
using signed_bytes = __m256i;
static inline unsigned_bytes as_unsigned(__m256i bytes) { return bytes; }
static inline signed_bytes as_signed(__m256i bytes) { return bytes; }
// By hand, as in vector_avx512.h.
static inline vi dot(vi sum, unsigned_bytes a, signed_bytes b) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
    return sum;
}
#else
// `maddubs` saturates at 16 bits, which two products of full bytes overflow: so 16-bit products of even and odd bytes.
struct unsigned_bytes { __m256i even, odd; };
struct signed_bytes { __m256i even, odd; };
static inline unsigned_bytes as_unsigned(__m256i bytes) {
    return { _mm256_and_si256(bytes, _mm256_set1_epi16(255)), _mm256_srli_epi16(bytes, 8) };
}
static inline signed_bytes as_signed(__m256i bytes) {
    return { _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8) };
}
static inline vi dot(vi sum, unsigned_bytes a, signed_bytes b) {
    const vi both = _mm256_add_epi32(_mm256_madd_epi16(a.even, b.even), _mm256_madd_epi16(a.odd, b.odd));
    return _mm256_add_epi32(sum, both);
}
#endif
static inline unsigned_bytes load_unsigned(const uint8_t * p) { return as_unsigned(load_bytes(p)); }
static inline signed_bytes load_signed(const int8_t * p) { return as_signed(load_bytes(p)); }
static inline unsigned_bytes broadcast_unsigned(const uint8_t * p) { return as_unsigned(_mm256_set1_epi32(word_at(p))); }
static inline signed_bytes broadcast_signed(const int8_t * p) { return as_signed(_mm256_set1_epi32(word_at(p))); }

} // namespace sotto::kernels::SOTTO_VARIANT
