#include "batcher.h"

#include "cancelled.h"

#include <algorithm>
#include <chrono>

namespace sotto::kernels {

namespace {

using clock = std::chrono::steady_clock;

// Parts of an encoding are computed for so long before the decoder has its turn.
constexpr auto ENCODER_TURN = std::chrono::milliseconds(20);
// Nobody tells a waiting caller that it was cancelled.
constexpr auto SLOT_WAIT = std::chrono::milliseconds(20);

} // namespace

double grown_text::mean_logprob() const {
    double sum = end_logprob;
    for (const float logprob : logprobs) sum += logprob;
    return sum / static_cast<double>(logprobs.size() + 1);
}

batcher::batcher(std::unique_ptr<thread_team> team, std::unique_ptr<window_computer> computer, const sampler_vocabulary & vocabulary,
                 int32_t text_context, const kernel_table & table)
    : vocabulary_(vocabulary), table_(table), team_(std::move(team)), computer_(std::move(computer)), observer_(*this),
      // A row of each sequence, or of a window's prompt.
      logits_(static_cast<int64_t>(computer_->slots()) * SEQUENCES * vocabulary.size),
      remembered_(static_cast<size_t>(computer_->slots())), is_taken_(static_cast<size_t>(computer_->slots())) {
    const size_t slots = static_cast<size_t>(computer_->slots());
    rows_.reserve(slots * SEQUENCES + PROMPT_ROWS);
    wants_.reserve(slots * SEQUENCES);
    sampled_.reserve(slots * SEQUENCES);
    texts_.reserve(slots);
    encodes_.reserve(slots);
    for (std::vector<int32_t> & tokens : remembered_) tokens.reserve(static_cast<size_t>(text_context));
    thread_ = std::thread([this] { run(); });
}

batcher::~batcher() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    work_.notify_one();
    thread_.join();
}

int batcher::take_slot(const int32_t * cancel) {
    std::unique_lock lock(mutex_);
    while (!is_cancelled(cancel)) {
        // The lowest: its memory is the likeliest to be there already.
        const auto found = std::find(is_taken_.begin(), is_taken_.end(), false);
        if (found != is_taken_.end()) {
            *found = true;
            return static_cast<int>(found - is_taken_.begin());
        }
        slot_.wait_for(lock, SLOT_WAIT);
    }
    return -1;
}

void batcher::give_slot(int slot) {
    {
        const std::lock_guard lock(mutex_);
        is_taken_[static_cast<size_t>(slot)] = false;
    }
    slot_.notify_one();
}

ending batcher::encode(int slot, const float * mel, int32_t positions, const int32_t * cancel) {
    job work { aim::encode, slot, cancel };
    work.mel       = mel;
    work.positions = positions;
    return wait_for(work);
}

ending batcher::logits_after(int slot, const int32_t * tokens, int count, float * logits, const int32_t * cancel) {
    job work { aim::logits, slot, cancel };
    work.tokens = tokens;
    work.count  = count;
    work.out    = logits;
    return wait_for(work);
}

ending batcher::grow(int slot, const int32_t * prompt, int count, const growth_rules & rules, grown_text & out, int64_t & sample_us,
                     const int32_t * cancel) {
    job work { aim::grow, slot, cancel };
    work.tokens = prompt;
    work.count  = count;
    work.rules  = &rules;
    work.best   = &out;
    // All memory is taken here, by the thread that can say that there is none.
    out = {};
    out.ids.reserve(static_cast<size_t>(rules.most));
    out.logprobs.reserve(static_cast<size_t>(rules.most));
    if (rules.candidates > 1) work.first_logits.resize(static_cast<size_t>(vocabulary_.size));
    for (int i = 0; i < std::min(SEQUENCES, rules.candidates); ++i) {
        work.sequences[i].text.ids.reserve(static_cast<size_t>(rules.most));
        work.sequences[i].text.logprobs.reserve(static_cast<size_t>(rules.most));
    }
    const ending how = wait_for(work);
    sample_us = work.sample_us;
    return how;
}

ending batcher::read_queries(int slot, const int32_t * tokens, int count, const std::vector<attention_head> & heads,
                             std::vector<float> & out, const int32_t * cancel) {
    out.resize(heads.size() * static_cast<size_t>(count) * HEAD);
    job work { aim::queries, slot, cancel };
    work.tokens = tokens;
    work.count  = count;
    work.heads  = &heads;
    work.out    = out.data();
    return wait_for(work);
}

ending batcher::wait_for(job & work) {
    std::unique_lock lock(mutex_);
    arrived_.push_back(&work);
    work_.notify_one();
    work.over.wait(lock, [&] { return work.is_over; });
    return work.end;
}

// The last that is done with a job: its memory is gone as soon as the lock is.
void batcher::end(job & work, ending how) {
    const std::lock_guard lock(mutex_);
    work.end     = how;
    work.is_over = true;
    work.over.notify_one();
}

void batcher::run() {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            work_.wait(lock, [&] { return ends_ || !arrived_.empty() || !encodes_.empty() || !texts_.empty(); });
            if (ends_) return;
            for (job * work : arrived_) admit(*work);
            arrived_.clear();
        }
        end_cancelled();
        try {
            encode_a_part();
            make_a_step();
        } catch (const std::bad_alloc &) {
            end_all(ending::out_of_memory);
        } catch (const std::exception &) {
            end_all(ending::failed);
        }
    }
}

void batcher::admit(job & work) {
    if (work.wanted == aim::encode) {
        encodes_.push_back(&work);
        return;
    }
    // What stands in the cache already need not go through again, but for the last, whose logits are wanted.
    std::vector<int32_t> & known = remembered_[static_cast<size_t>(work.slot)];
    int same = 0;
    if (work.wanted != aim::queries) {
        const int most = std::min(work.count - 1, static_cast<int>(known.size()));
        while (same < most && known[static_cast<size_t>(same)] == work.tokens[same]) ++same;
    }
    known.resize(static_cast<size_t>(same));
    work.fed = same;
    texts_.push_back(&work);
}

void batcher::encode_a_part() {
    if (encodes_.empty()) return;
    job & work = *encodes_.front();
    if (!is_encoding_) {
        remembered_[static_cast<size_t>(work.slot)].clear();
        computer_->begin_encoding(work.mel, work.positions, work.slot);
        is_encoding_ = true;
    }
    const auto begun = clock::now();
    do {
        if (computer_->advance_encoding() == window_computer::progress::done) {
            is_encoding_ = false;
            encodes_.erase(encodes_.begin());
            end(work, ending::done);
            return;
        }
    } while (!is_cancelled(work.cancel) && clock::now() - begun < ENCODER_TURN);
}

// A token of each sequence that grows, and as many of the prompts as there is room for.
bool batcher::make_a_step() {
    if (texts_.empty()) return false;
    rows_.clear();
    wants_.clear();
    bool is_observed = false;
    for (job * work : texts_) {
        add_rows(*work);
        is_observed = is_observed || (work->wanted == aim::queries && work->feeds > 0);
    }
    // Alone in the batch, a window is cancelled within the step too.
    const int32_t * cancel = texts_.size() == 1 ? texts_.front()->cancel : nullptr;
    if (!computer_->pass(rows_.data(), static_cast<int>(rows_.size()), wants_.data(), static_cast<int>(wants_.size()), logits_.data(),
                         cancel, is_observed ? &observer_ : nullptr)) {
        return false; // end_cancelled sees it
    }

    sampled_.clear();
    float * logits = logits_.data();
    for (job * work : texts_) {
        const bool grew = work->feeds == 0;
        if (grew) {
            for (sequence & one : work->sequences) {
                if (!one.grows) continue;
                one.logits = logits;
                logits += vocabulary_.size;
                sampled_.push_back(&one);
            }
            continue;
        }
        std::vector<int32_t> & known = remembered_[static_cast<size_t>(work->slot)];
        known.insert(known.end(), work->tokens + work->fed, work->tokens + work->fed + work->feeds);
        work->fed += work->feeds;
        if (work->fed < work->count || work->wanted == aim::queries) continue;
        take_logits(*work, logits);
        logits += vocabulary_.size;
    }
    const auto begun = clock::now();
    sample(sampled_);
    const int64_t took_us = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begun).count();

    for (size_t i = 0; i < texts_.size();) {
        job & work = *texts_[i];
        bool is_done = work.fed == work.count;
        if (work.wanted == aim::grow && is_done) {
            work.sample_us += took_us;
            accept(work);
            is_done = work.candidates_begun == work.rules->candidates &&
                      std::none_of(work.sequences, work.sequences + SEQUENCES, [](const sequence & one) { return one.grows; });
        }
        if (!is_done) {
            ++i;
            continue;
        }
        texts_.erase(texts_.begin() + static_cast<std::ptrdiff_t>(i));
        end(work, ending::done);
    }
    return true;
}

void batcher::add_rows(job & work) {
    work.feeds     = 0;
    work.first_row = static_cast<int>(rows_.size());
    if (work.fed < work.count) {
        // Room is kept for all that may grow.
        int fed = 0;
        for (const job * other : texts_) {
            if (other == &work) break;
            fed += other->feeds;
        }
        work.feeds = std::min(work.count - work.fed, PROMPT_ROWS - fed);
        for (int i = work.fed; i < work.fed + work.feeds; ++i) rows_.push_back({ work.tokens[i], i, self_slot(work, 0), work.slot });
        if (work.feeds > 0 && work.fed + work.feeds == work.count && work.wanted != aim::queries) {
            wants_.push_back(static_cast<int>(rows_.size()) - 1);
        }
        return;
    }
    for (int i = 0; i < SEQUENCES; ++i) {
        const sequence & one = work.sequences[i];
        if (!one.grows) continue;
        const int32_t position = static_cast<int32_t>(work.count + static_cast<int>(one.text.ids.size())) - 1;
        wants_.push_back(static_cast<int>(rows_.size()));
        rows_.push_back({ one.token, position, self_slot(work, i), work.slot });
    }
}

// The prompt is through.
void batcher::take_logits(job & work, float * logits) {
    if (work.wanted == aim::logits) {
        std::copy_n(logits, vocabulary_.size, work.out);
        return;
    }
    if (!work.first_logits.empty()) std::copy_n(logits, vocabulary_.size, work.first_logits.data());
    for (int i = 1; i < std::min(SEQUENCES, work.rules->candidates); ++i) computer_->copy_sequence(self_slot(work, 0), self_slot(work, i), work.count);
    begin_candidates(work);
    work.sequences[0].logits = logits;
    sampled_.push_back(&work.sequences[0]);
}

void batcher::begin_candidates(job & work) {
    for (sequence & one : work.sequences) {
        one.grows = work.candidates_begun < work.rules->candidates;
        if (!one.grows) continue;
        one.text.ids.clear();
        one.text.logprobs.clear();
        one.text.ended = false;
        one.text.end_logprob = 0.0f;
        one.logits = nullptr;
        one.sampler.emplace(vocabulary_, work.rules->sampling, work.rules->seed + static_cast<uint32_t>(work.candidates_begun++), table_);
    }
}

void batcher::sample(std::vector<sequence *> & sequences) {
    team_->each(static_cast<int64_t>(sequences.size()), [&](int64_t i, int) {
        sequence & one = *sequences[static_cast<size_t>(i)];
        one.chosen = one.sampler->next(one.logits);
    });
}

void batcher::accept(job & work) {
    const auto take = [&](sequence & one) {
        if (one.chosen.id == vocabulary_.end_of_text) {
            one.text.ended = true;
            one.text.end_logprob = one.chosen.logprob;
            one.grows = false;
            return;
        }
        one.text.ids.push_back(one.chosen.id);
        one.text.logprobs.push_back(one.chosen.logprob);
        one.token = one.chosen.id;
        one.grows = static_cast<int32_t>(one.text.ids.size()) < work.rules->most;
    };
    // The other candidates' first token, each from logits of its own.
    const auto first_of = [&](sequence & one, std::vector<float> & logits) {
        std::copy_n(work.first_logits.data(), logits.size(), logits.data());
        one.chosen = one.sampler->next(logits.data());
        take(one);
    };
    while (true) {
        for (sequence & one : work.sequences) {
            if (!one.grows) continue;
            if (one.logits) {
                take(one);
                one.logits = nullptr;
            } else {
                std::vector<float> logits(static_cast<size_t>(vocabulary_.size));
                first_of(one, logits);
            }
        }
        if (std::any_of(work.sequences, work.sequences + SEQUENCES, [](const sequence & one) { return one.grows; })) return;
        for (sequence & one : work.sequences) {
            if (!one.sampler) continue;
            if (!work.has_best || one.text.mean_logprob() > work.best->mean_logprob()) std::swap(*work.best, one.text);
            work.has_best = true;
            one.sampler.reset();
        }
        if (work.candidates_begun == work.rules->candidates) return;
        begin_candidates(work);
    }
}

void batcher::end_cancelled() {
    const auto leave = [&](auto & jobs, size_t i) {
        job & work = *jobs[i];
        jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(i));
        end(work, ending::cancelled);
    };
    for (size_t i = encodes_.size(); i-- > 0;) {
        if (!is_cancelled(encodes_[i]->cancel)) continue;
        if (i == 0) is_encoding_ = false;
        computer_->forget(encodes_[i]->slot);
        leave(encodes_, i);
    }
    for (size_t i = texts_.size(); i-- > 0;) {
        if (is_cancelled(texts_[i]->cancel)) leave(texts_, i);
    }
}

void batcher::end_all(ending how) {
    is_encoding_ = false;
    for (job * work : encodes_) end(*work, how);
    for (job * work : texts_) end(*work, how);
    encodes_.clear();
    texts_.clear();
}

void batcher::observer::observe(int layer, int first, int count, const float * queries, int64_t stride) {
    for (const job * work : of_.texts_) {
        if (work->wanted != aim::queries) continue;
        const int from = std::max(work->first_row, first);
        const int to = std::min(work->first_row + work->feeds, first + count);
        for (size_t head = 0; head < work->heads->size(); ++head) {
            if ((*work->heads)[head].layer != layer) continue;
            for (int row = from; row < to; ++row) {
                const int64_t token = work->fed + row - work->first_row;
                std::copy_n(queries + (row - first) * stride + (*work->heads)[head].head * HEAD, HEAD,
                            work->out + (static_cast<int64_t>(head) * work->count + token) * HEAD);
            }
        }
    }
}

} // namespace sotto::kernels
