// Threads that share the items of one loop after another.
//
// Not OpenMP: its barrier waits for every thread, also for one that the system has not woken yet, and ruins a busy machine or
// a quiet one depending on how long it spins (docs/kernels.md). Here a loop ends when its items are done. A thread that comes
// late finds nothing left, and nobody waited for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace sotto::kernels {

class thread_team {
  public:
    // `threads` counts the caller, and is the most there will be; `spins`: rounds of waiting before a thread sleeps.
    explicit thread_team(int threads, int spins = 2000);
    ~thread_team();
    thread_team(const thread_team &) = delete;
    thread_team & operator=(const thread_team &) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Calls body(item, thread) for every item, thread being 0 (the caller) to threads() - 1. One caller at a time.
    template <typename Body> void each(int64_t items, const Body & body) {
        if (items <= 1 || workers_.empty()) {
            for (int64_t item = 0; item < items; ++item) body(item, 0);
            return;
        }
        run(items, [](const void * context, int64_t item, int thread) {
            (*static_cast<const Body *>(context))(item, thread);
        }, &body);
    }

  private:
    using body_function = void (*)(const void * context, int64_t item, int thread);

    void run(int64_t items, body_function body, const void * context);
    void work(int thread);
    void take(uint64_t ticket, int thread);

    // Loop number, items and the next item in one word: whoever moves it on holds an item of exactly that loop, and the
    // loop's body lives as long as one of its items is not done.
    std::atomic<uint64_t> ticket_ { 0 };
    std::atomic<uint32_t> done_ { 0 };
    std::atomic<uint32_t> asleep_ { 0 };
    std::atomic<bool>     ending_ { false };
    body_function         body_    = nullptr;
    const void *          context_ = nullptr;
    uint64_t              loop_    = 0;
    int                   spins_;
    std::vector<std::thread> workers_;
};

} // namespace sotto::kernels
