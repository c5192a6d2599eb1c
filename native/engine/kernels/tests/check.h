// A test is a function that throws; every kernel is tested in every table that this processor runs.
#pragma once

#include "kernels/table.h"

#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace sotto::kernels::tests {

struct test {
    std::string           name;
    std::function<void()> body;
};

inline std::vector<test> & all_tests() {
    static std::vector<test> tests;
    return tests;
}

struct declare {
    declare(const char * name, std::function<void()> body) { all_tests().push_back({ name, std::move(body) }); }
};

// How often memory was asked for with `new`, by any thread (main.cpp).
int64_t allocations();

inline void check(bool holds, const std::string & what) {
    if (!holds) throw std::runtime_error(what);
}

#ifdef SOTTO_AMX_EMULATED
} // namespace sotto::kernels::tests
namespace sotto::kernels {
extern const kernel_table amx_emulated_table;
}
namespace sotto::kernels::tests {
#endif

// All but the plain one, and AMX over emulated tiles where its vectors run.
inline std::vector<const kernel_table *> tested_tables() {
    std::vector<const kernel_table *> tables;
    for (const kernel_table * const * table = runnable_tables(); *table != &plain_table(); ++table) {
        tables.push_back(*table);
#ifdef SOTTO_AMX_EMULATED
        if (std::string((*table)->name) == "avx512vnni") tables.push_back(&amx_emulated_table);
#endif
    }
    return tables;
}

inline void each_table(const std::function<void(const kernel_table &)> & body) {
    for (const kernel_table * table : tested_tables()) {
        try {
            body(*table);
        } catch (const std::exception & error) {
            throw std::runtime_error(std::string(table->name) + ": " + error.what());
        }
    }
}

// What activations and weights may hold.
enum class values { normal, zeros, negative_zeros, denormal, huge, tiny, one_large, constant, random_signs };
constexpr values ALL_VALUES[] = { values::normal, values::zeros, values::negative_zeros, values::denormal, values::huge,
                                  values::tiny, values::one_large, values::constant, values::random_signs };

inline std::vector<float> make(values kind, int64_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> result(static_cast<size_t>(count));
    for (float & x : result) {
        const float z = normal(random);
        switch (kind) {
            case values::normal: case values::one_large: x = z; break;
            case values::zeros: x = 0.0f; break;
            case values::negative_zeros: x = -0.0f; break;
            case values::denormal: x = z * 1e-39f; break;
            case values::huge: x = z * 1e15f; break;
            case values::tiny: x = z * 1e-15f; break;
            case values::constant: x = 1.5f; break;
            case values::random_signs: x = z > 0.0f ? 1.0f : -1.0f; break;
        }
    }
    if (kind == values::one_large && count > 0) result[static_cast<size_t>(count / 2)] = 1000.0f;
    return result;
}

// Largest difference, relative to the largest value that is expected.
inline double apart(const std::vector<float> & came, const std::vector<float> & expected) {
    double largest = 1e-30;
    double difference = 0.0;
    for (size_t i = 0; i < expected.size(); ++i) {
        if (std::isnan(expected[i]) && std::isnan(came[i])) continue;
        if (std::isinf(expected[i]) && came[i] == expected[i]) continue;
        largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
        const double here = std::fabs(static_cast<double>(came[i]) - static_cast<double>(expected[i]));
        difference = std::isfinite(here) ? std::max(difference, here) : INFINITY;
    }
    return difference / largest;
}

inline void check_near(const std::vector<float> & came, const std::vector<float> & expected, double bound,
                       const std::string & what) {
    const double difference = apart(came, expected);
    check(difference <= bound, what + ": apart by " + std::to_string(difference * 1e6) + "e-6, expected at most " +
                                   std::to_string(bound * 1e6) + "e-6");
}

#define SOTTO_TEST(name) \
    static void name##_body(); \
    static const ::sotto::kernels::tests::declare name##_declared(#name, name##_body); \
    static void name##_body()

} // namespace sotto::kernels::tests
