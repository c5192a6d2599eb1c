#include "batched_model.h"

#include "kernels/cancelled.h"

#include <algorithm>

namespace sotto {

using namespace kernels;

namespace {

// The encoder's frames, two of which make a position.
constexpr int64_t FRAMES_PER_POSITION = 2;
constexpr int64_t LONGEST = 480000; // samples

class batched_session : public model_session {
  public:
    explicit batched_session(batched_model & model)
        : model_(model), frame_floats_(model.facts.mel_bins), frames_((LONGEST / HOP + 2 + window_frames()) * frame_floats_),
          logits_(static_cast<size_t>(model.facts.vocab_size)) {}
    ~batched_session() override { clear(); }

    bool set_audio(const int16_t * pcm, size_t count, const int32_t *) override {
        const int64_t samples = static_cast<int64_t>(count);
        model_.compute_spectrogram(pcm, samples, frames_.data(), log_mel_spectrogram::frames_of(samples) + window_frames());
        frame_count_ = static_cast<int32_t>(1 + (samples - FFT_SIZE / 2) / HOP);
        return true;
    }

    int32_t frames() const override { return frame_count_; }

    bool encode(int32_t offset_frames, int32_t positions, const int32_t * cancel) override {
        if (slot_ < 0) slot_ = model_.batch().take_slot(cancel);
        if (slot_ < 0) return false;
        const float * from = frames_.data() + offset_frames * frame_floats_;
        // A thread takes a panel of positions at once.
        const int64_t whole_panels = std::min<int64_t>(model_.facts.audio_context, padded(positions, PANEL));
        return ended(model_.batch().encode(slot_, from, static_cast<int32_t>(whole_panels), cancel));
    }

    int32_t positions() const override { return slot_ < 0 ? 0 : model_.batch().computer().positions(slot_); }

    const float * start_logits(const int32_t * cancel) override {
        const int32_t start = model_.facts.start_of_transcript;
        return ended(model_.batch().logits_after(slot_, &start, 1, logits_.data(), cancel)) ? logits_.data() : nullptr;
    }

    bool decode(const int32_t * prompt, size_t count, const sotto_decode_options & options, decoded_text & out, int64_t & sample_us,
                const int32_t * cancel) override {
        growth_rules rules;
        rules.sampling   = { options.timestamps != 0, options.max_initial_timestamp, options.temperature };
        rules.seed       = options.seed;
        rules.candidates = options.candidates;
        rules.most       = options.max_tokens;
        grown_text text;
        if (!ended(model_.batch().grow(slot_, prompt, static_cast<int>(count), rules, text, sample_us, cancel))) return false;
        out = { std::move(text.ids), std::move(text.logprobs), text.ended, text.end_logprob };
        return true;
    }

    const attention_map * align(const int32_t * tokens, size_t count, size_t positions, const int32_t * cancel) override;

    bool encoding_value(size_t index, float & out) const override {
        const size_t width = static_cast<size_t>(model_.width);
        out = model_.batch().computer().value(slot_, 0, static_cast<int64_t>(index / width), static_cast<int64_t>(index % width));
        return true;
    }

    void clear() override {
        if (slot_ >= 0) model_.batch().give_slot(slot_);
        slot_ = -1;
        std::fill_n(frames_.data(), (frame_count_ + window_frames()) * frame_floats_, 0.0f);
        std::fill(logits_.begin(), logits_.end(), 0.0f);
        frame_count_ = 0;
        sum_ = {};
    }

  private:
    int64_t window_frames() const { return FRAMES_PER_POSITION * model_.facts.audio_context; }

    static bool ended(ending how) {
        if (how == ending::out_of_memory) throw std::bad_alloc();
        return how == ending::done;
    }

    batched_model &      model_;
    int64_t              frame_floats_;
    aligned_array<float> frames_; // the audio's, and silence as long as a window
    std::vector<float>   logits_;
    int32_t              frame_count_ = 0;
    int                  slot_        = -1; // of the batch; taken by the first encoding, given back when the audio goes
    attention_map        sum_;
};

const attention_map * batched_session::align(const int32_t * tokens, size_t count, size_t positions, const int32_t * cancel) {
    const sotto_model_facts & f = model_.facts;
    std::vector<kernels::attention_head> heads;
    for (const alignment_head & head : alignment_heads({ f.audio_layers, f.text_layers, model_.width, model_.width / HEAD, f.vocab_size })) {
        heads.push_back({ head.layer, head.head });
    }
    std::vector<float> queries;
    if (heads.empty() || !ended(model_.batch().read_queries(slot_, tokens, static_cast<int>(count), heads, queries, cancel))) return nullptr;

    attention_map map = { count, positions, std::vector<float>(count * positions) };
    sum_ = map;
    std::vector<float> keys(positions * HEAD);
    for (size_t i = 0; i < heads.size(); ++i) {
        if (is_cancelled(cancel)) return nullptr;
        model_.batch().computer().read_keys(slot_, heads[i].layer, heads[i].head, static_cast<int64_t>(positions), keys.data());
        attend(map, queries.data() + i * count * HEAD, HEAD, keys.data(), HEAD, 1.0f / 8.0f);
        standardise_positions(map);
        smooth_rows(map);
        for (size_t at = 0; at < map.weights.size(); ++at) sum_.weights[at] += map.weights[at];
    }
    for (float & weight : sum_.weights) weight /= static_cast<float>(heads.size());
    return &sum_;
}

} // namespace

batched_model::batched_model(const std::vector<float> & mel_filters, const kernel_table & table)
    : table_(table), alone_(1), mel_(mel_filters, LONGEST, table), samples_(LONGEST) {}

void batched_model::begin(std::unique_ptr<thread_team> team, std::unique_ptr<window_computer> computer) {
    facts.batch_windows = computer->slots();
    batch_ = std::make_unique<batcher>(std::move(team), std::move(computer), vocabulary, facts.text_context, table_);
}

std::unique_ptr<model_session> batched_model::open_session(int) { return std::make_unique<batched_session>(*this); }

void batched_model::compute_spectrogram(const int16_t * pcm, int64_t count, float * out, int64_t frames) {
    const std::lock_guard lock(turn_);
    convert_samples(pcm, static_cast<size_t>(count), samples_.data());
    mel_.compute(samples_.data(), count, alone_, out, frames);
    std::fill_n(samples_.data(), count, 0.0f);
}

} // namespace sotto
