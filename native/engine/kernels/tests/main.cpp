// Runs the tests whose name holds one of the words given, or all.
#include "check.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<int64_t> asked { 0 };

} // namespace

void * operator new(std::size_t bytes) {
    ++asked;
    if (void * memory = std::malloc(bytes)) return memory;
    throw std::bad_alloc();
}
void operator delete(void * memory) noexcept { std::free(memory); }
void operator delete(void * memory, std::size_t) noexcept { std::free(memory); }

int64_t sotto::kernels::tests::allocations() { return asked; }

int main(int argc, char ** argv) {
    using namespace sotto::kernels;
    std::printf("tables:");
    for (const kernel_table * table : tests::tested_tables()) std::printf(" %s;", table->name);
    std::printf("\n");
    int failed = 0;
    for (const tests::test & test : tests::all_tests()) {
        bool wanted = argc == 1;
        for (int i = 1; i < argc; ++i) wanted = wanted || test.name.find(argv[i]) != std::string::npos;
        if (!wanted) continue;
        const auto start = std::chrono::steady_clock::now();
        std::string error;
        try {
            test.body();
        } catch (const std::exception & thrown) {
            error = thrown.what();
        }
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        std::printf("%s %s (%.0f ms)%s%s\n", error.empty() ? "ok  " : "FAIL", test.name.c_str(), took.count(),
                    error.empty() ? "" : ": ", error.c_str());
        std::fflush(stdout);
        failed += error.empty() ? 0 : 1;
    }
    return failed == 0 ? 0 : 1;
}
