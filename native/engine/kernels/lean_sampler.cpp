#include "lean_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sotto::kernels {

namespace {

constexpr float MINUS_INFINITY = -std::numeric_limits<float>::infinity();
// These two as in engine/sampler.cpp.
constexpr float LEAST_TEMPERATURE = 1e-3f;
constexpr float LEAST_LOGPROB = -100.0f;
constexpr float NEGLIGIBLE = 20.0f;
// Logits among which a token is looked for one by one.
constexpr int32_t BLOCK = 1024;

} // namespace

lean_sampler::lean_sampler(const sampler_vocabulary & vocabulary, const sampler_rules & rules, uint32_t seed, const kernel_table & table)
    : vocabulary_(vocabulary), table_(table), rules_(rules), random_(seed) {
    if (rules_.temperature < LEAST_TEMPERATURE) rules_.temperature = 0.0f;
}

lean_sampler::allowed lean_sampler::allowed_next() const {
    const int32_t first = vocabulary_.timestamp_begin;
    const int32_t last  = vocabulary_.size - 1;
    const range none = { first, first - 1 };
    if (!rules_.timestamps) return { true, length_ > 0, none };
    if (length_ == 0) return { false, false, { first, std::min(last, first + rules_.max_initial_timestamp) } };
    if (last_was_timestamp_) {
        if (length_ == 1 || one_before_was_timestamp_) return { true, true, none };
        return { false, true, { latest_timestamp_, last } };
    }
    return { true, true, { latest_timestamp_ + 1, last } };
}

float lean_sampler::maximum(const float * logits, range r) const {
    return r.last < r.first ? MINUS_INFINITY : table_.maximum(logits + r.first, r.last - r.first + 1);
}

double lean_sampler::sum(const float * logits, range r, float top, float temperature) const {
    return r.last < r.first ? 0.0 : table_.sum_exp(logits + r.first, r.last - r.first + 1, top, temperature);
}

int32_t lean_sampler::first_equal(const float * logits, range r, float top) const {
    for (int32_t from = r.first; from <= r.last; from += BLOCK) {
        const range block = { from, std::min(r.last, from + BLOCK - 1) };
        if (maximum(logits, block) != top) continue;
        for (int32_t i = block.first; i <= block.last; ++i) {
            if (logits[i] == top) return i;
        }
    }
    return -1;
}

// The token where the running sum passes `share`; else -1, and `share` is less by the sum.
int32_t lean_sampler::at_share(const float * logits, range r, float top, double & share) const {
    const float temperature = rules_.temperature;
    for (int32_t from = r.first; from <= r.last; from += BLOCK) {
        const range block = { from, std::min(r.last, from + BLOCK - 1) };
        const double here = sum(logits, block, top, temperature);
        if (share >= here) {
            share -= here;
            continue;
        }
        int32_t latest = -1;
        for (int32_t i = block.first; i <= block.last; ++i) {
            if (!(logits[i] > top - NEGLIGIBLE * temperature)) continue;
            latest = i;
            share -= std::exp((logits[i] - top) / temperature);
            if (share < 0.0) break;
        }
        return latest;
    }
    return -1;
}

sampled_token lean_sampler::next(float * logits) {
    for (const int32_t id : vocabulary_.non_speech) logits[id] = MINUS_INFINITY;
    if (length_ == 0 && vocabulary_.blank >= 0) logits[vocabulary_.blank] = MINUS_INFINITY;

    const allowed can = allowed_next();
    // Text and its end lie side by side.
    range words = { can.text ? 0 : vocabulary_.end_of_text, can.end ? vocabulary_.end_of_text : vocabulary_.end_of_text - 1 };
    const float top_time = maximum(logits, can.timestamps);
    const double time_sum = top_time > MINUS_INFINITY ? sum(logits, can.timestamps, top_time, 1.0f) : 0.0;
    float top_word = maximum(logits, words);
    // Timestamps as a whole may outweigh every single word; then the segment ends here.
    if (top_time > MINUS_INFINITY && words.last >= words.first && top_time + std::log(time_sum) > top_word) {
        words = { 0, -1 };
        top_word = MINUS_INFINITY;
    }

    const float top = std::max(top_time, top_word);
    double total = top_word > MINUS_INFINITY ? sum(logits, words, top, 1.0f) : 0.0;
    if (top_time > MINUS_INFINITY) total += time_sum * std::exp(static_cast<double>(top_time) - top);

    int32_t chosen = -1;
    if (top > MINUS_INFINITY && rules_.temperature > 0.0f) {
        const float temperature = rules_.temperature;
        double share = sum(logits, words, top, temperature) + sum(logits, can.timestamps, top, temperature);
        share = std::uniform_real_distribution<double>(0.0, share)(random_);
        chosen = at_share(logits, words, top, share);
        const int32_t timestamp = chosen < 0 ? at_share(logits, can.timestamps, top, share) : -1;
        chosen = std::max(chosen, timestamp);
        // The sum of the parts may be a hair less than the whole.
        if (chosen < 0) chosen = first_equal(logits, top_word == top ? words : can.timestamps, top);
    } else if (top > MINUS_INFINITY) {
        chosen = first_equal(logits, top_word == top ? words : can.timestamps, top);
    }
    // Not a number in the logits, or none allowed above minus infinity: end rather than invent.
    if (chosen < 0) chosen = vocabulary_.end_of_text;
    const float exact = static_cast<float>(logits[chosen] - top - std::log(total));
    remember(chosen);
    return { chosen, std::isfinite(exact) ? exact : LEAST_LOGPROB };
}

void lean_sampler::remember(int32_t id) {
    one_before_was_timestamp_ = last_was_timestamp_;
    last_was_timestamp_       = id >= vocabulary_.timestamp_begin;
    if (last_was_timestamp_) latest_timestamp_ = id;
    ++length_;
}

} // namespace sotto::kernels
