#include "thread_team.h"

#include <system_error>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sotto::kernels {

namespace {

constexpr int      ITEM_BITS = 20;
constexpr uint64_t ITEM_MASK = (uint64_t { 1 } << ITEM_BITS) - 1;

int64_t next_of(uint64_t ticket) { return static_cast<int64_t>(ticket & ITEM_MASK); }
int64_t items_of(uint64_t ticket) { return static_cast<int64_t>((ticket >> ITEM_BITS) & ITEM_MASK); }

void pause() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

} // namespace

thread_team::thread_team(int threads, int spins) : spins_(spins) {
    workers_.reserve(static_cast<size_t>(threads));
    for (int thread = 1; thread < threads; ++thread) {
        try {
            workers_.emplace_back([this, thread] { work(thread); });
        } catch (const std::system_error &) {
            break; // the system gives no more; fewer do the same
        }
    }
}

thread_team::~thread_team() {
    ending_.store(true);
    ++loop_;
    ticket_.store(loop_ << (2 * ITEM_BITS));
    ticket_.notify_all();
    for (std::thread & worker : workers_) worker.join();
}

// Takes items of the ticket's loop until none is left.
void thread_team::take(uint64_t ticket, int thread) {
    while (next_of(ticket) < items_of(ticket)) {
        if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acquire)) continue;
        // Read after the item was taken: until it is done nobody changes them.
        body_(context_, next_of(ticket), thread);
        if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<uint32_t>(items_of(ticket))) done_.notify_one();
        ticket = ticket_.load(std::memory_order_acquire);
    }
}

void thread_team::work(int thread) {
    int spun = 0;
    while (!ending_.load(std::memory_order_relaxed)) {
        const uint64_t ticket = ticket_.load(std::memory_order_acquire);
        if (next_of(ticket) < items_of(ticket)) {
            take(ticket, thread);
            spun = 0;
        } else if (spun < spins_) {
            ++spun;
            pause();
        } else {
            asleep_.fetch_add(1);
            ticket_.wait(ticket); // returns at once when a loop has begun since
            asleep_.fetch_sub(1);
            spun = 0;
        }
    }
}

void thread_team::run(int64_t items, body_function body, const void * context) {
    // More items than the ticket can count go in turns.
    for (int64_t first = 0; first < items; first += static_cast<int64_t>(ITEM_MASK)) {
        const int64_t count = items - first < static_cast<int64_t>(ITEM_MASK) ? items - first : static_cast<int64_t>(ITEM_MASK);
        struct shifted {
            body_function body;
            const void *  context;
            int64_t       first;
        } const turn { body, context, first };
        body_ = [](const void * turned, int64_t item, int thread) {
            const auto * from = static_cast<const shifted *>(turned);
            from->body(from->context, from->first + item, thread);
        };
        context_ = &turn;
        done_.store(0, std::memory_order_relaxed);
        ++loop_;
        const uint64_t ticket = loop_ << (2 * ITEM_BITS) | static_cast<uint64_t>(count) << ITEM_BITS;
        ticket_.store(ticket);
        if (asleep_.load() > 0) ticket_.notify_all();
        take(ticket, 0);
        int spun = 0;
        for (uint32_t done = done_.load(std::memory_order_acquire); done < static_cast<uint32_t>(count);
             done = done_.load(std::memory_order_acquire)) {
            if (++spun < spins_) {
                pause();
            } else {
                done_.wait(done);
            }
        }
    }
}

} // namespace sotto::kernels
