#include "table.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sotto::kernels {

#if defined(__x86_64__)
extern const kernel_table amx_table;
extern const kernel_table avx512bf16_table;
extern const kernel_table avx512vnni_table;
extern const kernel_table avxvnni_table;
extern const kernel_table avx2_table;

namespace {

// GCC 12's __builtin_cpu_supports does not know AVX-VNNI: leaf 7, subleaf 1, EAX bit 4.
bool has_avxvnni() {
    unsigned int a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4)) != 0;
}

bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool has_avx512vnni() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
}

// Leaf 7, subleaf 1, EAX bit 5; GCC's __builtin_cpu_supports knows it since version 12.
bool has_avx512bf16() {
    unsigned int a = 0, b = 0, c = 0, d = 0;
    return has_avx512vnni() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5)) != 0;
}

// The processor has it (leaf 7, EDX bits 24 and 25), and Linux lets this process use it, which it must ask for: 0x1023 is
// ARCH_REQ_XCOMP_PERM, 18 the tiles' data (kernel.org, Documentation/arch/x86/xstate.rst). It holds for all threads.
bool has_amx() {
#if defined(__linux__)
    unsigned int a = 0, b = 0, c = 0, d = 0;
    const bool tiles = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (1u << 24)) != 0 && (d & (1u << 25)) != 0;
    return tiles && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return false;
#endif
}

} // namespace
#endif

const kernel_table * const * runnable_tables() {
    static const struct found_tables {
        const kernel_table * tables[7] = {};
        found_tables() {
            int count = 0;
#if defined(__x86_64__)
            __builtin_cpu_init();
            if (has_avx512vnni() && has_amx()) tables[count++] = &amx_table;
            if (has_avx512bf16()) tables[count++] = &avx512bf16_table;
            if (has_avx512vnni()) tables[count++] = &avx512vnni_table;
            if (has_avx2() && has_avxvnni()) tables[count++] = &avxvnni_table;
            if (has_avx2()) tables[count++] = &avx2_table;
#endif
            tables[count] = &plain_table();
        }
    } found;
    return found.tables;
}

const kernel_table & best_table() { return *runnable_tables()[0]; }

} // namespace sotto::kernels
