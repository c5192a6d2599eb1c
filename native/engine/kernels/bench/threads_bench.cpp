// What a loop over two threads costs beyond its work, by our team and by OpenMP: 2,000 loops of 8 items, as a decoder step has them.
//   threads_bench [threads]     GOMP_SPINCOUNT and OMP_WAIT_POLICY say how OpenMP waits
#include "kernels/thread_team.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <omp.h>

namespace {

// About `steps` nanoseconds.
void work(int steps) {
    for (volatile int i = 0; i < steps; i = i + 1) {}
}

template <typename Loop> void row(const char * name, int steps, const Loop & loop) {
    std::vector<double> times;
    for (int round = 0; round < 2000; ++round) {
        const auto start = std::chrono::steady_clock::now();
        loop(steps);
        times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    double sum = 0.0;
    for (const double time : times) sum += time;
    std::sort(times.begin(), times.end());
    std::printf("%-10s 8 items of %5d steps: mean %8.1f us, median %8.1f us, 99 of 100 below %8.1f us\n", name, steps,
                sum / static_cast<double>(times.size()), times[times.size() / 2], times[times.size() * 99 / 100]);
}

} // namespace

int main(int argc, char ** argv) {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
    omp_set_num_threads(threads);
    for (const int steps : { 0, 1000, 10000 }) {
        {
            sotto::kernels::thread_team alone(1);
            row("one thread", steps, [&](int n) { alone.each(8, [&](int64_t, int) { work(n); }); });
        }
        {
            sotto::kernels::thread_team team(threads);
            row("team", steps, [&](int n) { team.each(8, [&](int64_t, int) { work(n); }); });
        }
        row("OpenMP", steps, [&](int n) {
#pragma omp parallel for schedule(dynamic)
            for (int i = 0; i < 8; ++i) work(n);
        });
    }
    return 0;
}
