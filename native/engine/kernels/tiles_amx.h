// AMX's tiles: 16 rows of 64 bytes. By hand, since GCC's intrinsics take only digits, and its _tile_loadconfig declares 8 of the 64
// bytes that it reads (engine/amx-tile-config.h). With SOTTO_EMULATE_AMX plain loops do the same, for machines without AMX.
#pragma once

#include <cstdint>

namespace sotto::kernels::SOTTO_VARIANT {

constexpr int TILE_ROWS = 16;
constexpr int TILE_BYTES = 64;

struct alignas(64) tile_config {
    uint8_t  palette = 0;
    uint8_t  start_row = 0;
    uint8_t  reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t  rows[16] = {};
};

#ifdef SOTTO_EMULATE_AMX

struct emulated_tile {
    union {
        int8_t  bytes[TILE_ROWS][TILE_BYTES];
        int32_t words[TILE_ROWS][TILE_ROWS];
    };
};
static thread_local emulated_tile emulated_tiles[8];

static inline void save_config(tile_config &) {}
static inline void load_config(const tile_config &) {}
template <int N> static inline void tile_zero() { __builtin_memset(&emulated_tiles[N], 0, sizeof(emulated_tile)); }
template <int N> static inline void tile_load(const void * from, int64_t stride) {
    for (int i = 0; i < TILE_ROWS; ++i) {
        __builtin_memcpy(emulated_tiles[N].bytes[i], static_cast<const int8_t *>(from) + i * stride, TILE_BYTES);
    }
}
template <int N> static inline void tile_store(void * to, int64_t stride) {
    for (int i = 0; i < TILE_ROWS; ++i) {
        __builtin_memcpy(static_cast<int8_t *>(to) + i * stride, emulated_tiles[N].bytes[i], TILE_BYTES);
    }
}
// Intel's manual, TDPBSUD: signed bytes of the first source, unsigned ones of the second.
template <int SUM, int A, int B> static inline void tile_dot() {
    for (int m = 0; m < TILE_ROWS; ++m) {
        for (int k = 0; k < TILE_ROWS; ++k) {
            for (int n = 0; n < TILE_ROWS; ++n) {
                for (int i = 0; i < GROUP; ++i) {
                    emulated_tiles[SUM].words[m][n] += static_cast<int32_t>(emulated_tiles[A].bytes[m][k * GROUP + i]) *
                                                       static_cast<uint8_t>(emulated_tiles[B].bytes[k][n * GROUP + i]);
                }
            }
        }
    }
}

#else

static inline void save_config(tile_config & config) { __asm__ volatile("sttilecfg %0" : "=m"(config)); }
static inline void load_config(const tile_config & config) { __asm__ volatile("ldtilecfg %0" : : "m"(config)); }
template <int N> static inline void tile_zero() { __asm__ volatile("tilezero %%tmm%c0" : : "i"(N)); }
template <int N> static inline void tile_load(const void * from, int64_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(N) : "memory");
}
template <int N> static inline void tile_store(void * to, int64_t stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(N) : "memory");
}
template <int SUM, int A, int B> static inline void tile_dot() {
    __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(SUM), "i"(A), "i"(B));
}

#endif

} // namespace sotto::kernels::SOTTO_VARIANT
