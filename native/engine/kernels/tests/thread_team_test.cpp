#include "check.h"

#include "kernels/thread_team.h"

#include <atomic>
#include <chrono>

namespace sotto::kernels::tests {

SOTTO_TEST(thread_team_does_every_item_once) {
    for (const int threads : { 1, 2, 3, 8 }) {
        for (const int spins : { 0, 100 }) {
            thread_team team(threads, spins);
            for (int round = 0; round < 300; ++round) {
                const int64_t items = round % 37;
                std::vector<std::atomic<int>> counts(static_cast<size_t>(items));
                team.each(items, [&](int64_t item, int thread) {
                    check(thread >= 0 && thread < threads, "no such thread");
                    counts[static_cast<size_t>(item)].fetch_add(1);
                });
                for (const auto & count : counts) check(count.load() == 1, "an item was not done once");
            }
        }
    }
}

SOTTO_TEST(thread_team_wakes_those_that_sleep) {
    thread_team team(3, 1);
    for (int round = 0; round < 20; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        std::atomic<int64_t> sum { 0 };
        team.each(100, [&](int64_t item, int) { sum.fetch_add(item); });
        check(sum.load() == 4950, "items are missing");
    }
}

SOTTO_TEST(thread_team_counts_beyond_a_million) {
    thread_team team(2);
    std::atomic<int64_t> sum { 0 };
    const int64_t items = (1 << 20) + 5;
    team.each(items, [&](int64_t item, int) { sum.fetch_add(item, std::memory_order_relaxed); });
    check(sum.load() == items * (items - 1) / 2, "items are missing");
}

} // namespace sotto::kernels::tests
