#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sotto {

namespace {

constexpr float MINUS_INFINITY = -std::numeric_limits<float>::infinity();
// exp(-20) is 2e-9: what lies further below the maximum cannot change a float sum.
constexpr float NEGLIGIBLE = 20.0f;
// Below it a float no longer tells the maximum from what lies NEGLIGIBLE temperatures under it: that is greedy.
constexpr float LEAST_TEMPERATURE = 1e-3f;
// Stands for minus infinity where a number must come out.
constexpr float LEAST_LOGPROB = -100.0f;

struct range {
    int32_t first;
    int32_t last; // inclusive
};

float maximum(const float * logits, range r) {
    float best = MINUS_INFINITY;
    for (int32_t i = r.first; i <= r.last; ++i) {
        best = std::max(best, logits[i]);
    }
    return best;
}

double sum_exp(const float * logits, range r, float top, float temperature) {
    double sum = 0.0;
    const float floor = top - NEGLIGIBLE * temperature;
    for (int32_t i = r.first; i <= r.last; ++i) {
        if (logits[i] > floor) {
            sum += std::exp((logits[i] - top) / temperature);
        }
    }
    return sum;
}

} // namespace

sampler::sampler(const sampler_vocabulary & vocabulary, const sampler_rules & rules, uint32_t seed)
    : vocabulary_(vocabulary), rules_(rules), random_(seed) {
    if (rules_.temperature < LEAST_TEMPERATURE) {
        rules_.temperature = 0.0f;
    }
}

sampler::allowed sampler::allowed_next() const {
    const int32_t first = vocabulary_.timestamp_begin;
    const int32_t last  = vocabulary_.size - 1;
    if (!rules_.timestamps) {
        return { true, length_ > 0, first, first - 1 };
    }
    if (length_ == 0) {
        return { false, false, first, std::min(last, first + rules_.max_initial_timestamp) };
    }
    if (last_was_timestamp_) {
        // A pair is complete (or the transcript has just begun): text must follow, or the end.
        if (length_ == 1 || one_before_was_timestamp_) {
            return { true, true, first, first - 1 };
        }
        // A segment has just closed: the next one opens, no earlier, or the transcript ends.
        return { false, true, latest_timestamp_, last };
    }
    // Within a segment, which may not have zero length.
    return { true, true, latest_timestamp_ + 1, last };
}

sampled_token sampler::next(float * logits) {
    for (const int32_t id : vocabulary_.non_speech) {
        logits[id] = MINUS_INFINITY;
    }
    if (length_ == 0 && vocabulary_.blank >= 0) {
        logits[vocabulary_.blank] = MINUS_INFINITY;
    }

    allowed can = allowed_next();
    const range text       = { 0, vocabulary_.end_of_text - 1 };
    const range end        = { vocabulary_.end_of_text, vocabulary_.end_of_text };
    const range timestamps = { can.first_timestamp, can.last_timestamp };

    // Timestamps as a whole may outweigh every single word; then the segment ends here.
    const float top_timestamp = maximum(logits, timestamps);
    const float top_text = std::max(can.text ? maximum(logits, text) : MINUS_INFINITY,
                                    can.end ? logits[vocabulary_.end_of_text] : MINUS_INFINITY);
    if (top_timestamp > MINUS_INFINITY && (can.text || can.end)) {
        const double weight = top_timestamp + std::log(sum_exp(logits, timestamps, top_timestamp, 1.0f));
        if (weight > top_text) {
            can.text = can.end = false;
        }
    }

    range  ranges[3];
    int    count = 0;
    if (can.text) ranges[count++] = text;
    if (can.end) ranges[count++] = end;
    if (timestamps.last >= timestamps.first) ranges[count++] = timestamps;

    const float top = std::max(top_timestamp, can.text || can.end ? top_text : MINUS_INFINITY);
    double sum = 0.0;
    for (int r = 0; r < count; ++r) {
        sum += sum_exp(logits, ranges[r], top, 1.0f);
    }

    // Greedy: the first token that has the maximum. Sampled: the token where the running sum passes a random share.
    double share = 0.0;
    if (rules_.temperature > 0.0f) {
        double tempered = 0.0;
        for (int r = 0; r < count; ++r) {
            tempered += sum_exp(logits, ranges[r], top, rules_.temperature);
        }
        share = std::uniform_real_distribution<double>(0.0, tempered)(random_);
    }
    int32_t chosen = -1;
    for (int r = 0; r < count && share >= 0.0 && top > MINUS_INFINITY; ++r) {
        for (int32_t i = ranges[r].first; i <= ranges[r].last; ++i) {
            if (rules_.temperature > 0.0f) {
                if (!(logits[i] > top - NEGLIGIBLE * rules_.temperature)) continue;
                chosen = i;
                share -= std::exp((logits[i] - top) / rules_.temperature);
                if (share < 0.0) break;
            } else if (logits[i] == top) {
                chosen = i;
                share = -1.0;
                break;
            }
        }
    }
    if (chosen < 0) {
        // Not a number in the logits, or none allowed above minus infinity: end rather than invent.
        chosen = vocabulary_.end_of_text;
    }
    const float exact = static_cast<float>(logits[chosen] - top - std::log(sum));
    const float logprob = std::isfinite(exact) ? exact : LEAST_LOGPROB;
    remember(chosen);
    return { chosen, logprob };
}

void sampler::remember(int32_t id) {
    one_before_was_timestamp_ = last_was_timestamp_;
    last_was_timestamp_       = id >= vocabulary_.timestamp_begin;
    if (last_was_timestamp_) {
        latest_timestamp_ = id;
    }
    ++length_;
}

} // namespace sotto
