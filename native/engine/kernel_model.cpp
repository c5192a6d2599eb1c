// Our own kernels' way: a model file is read without whisper.cpp, its weights are packed once, and windows of all sessions are
// decoded together (kernels/batcher.h).
#include "kernels/batcher.h"
#include "kernels/log_mel.h"

#include "loaded_model.h"
#include "special_tokens.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace sotto {

namespace {

using namespace kernels;

// The encoder's frames, two of which make a position.
constexpr int32_t FRAMES_PER_POSITION = 2;
// Caches of all windows of a batch: where that is not enough for each session's, some wait. As in src/engine/engine-memory.ts.
constexpr size_t BATCH_BYTES = size_t { 1 } << 30;
constexpr int64_t LONGEST = 480000; // samples

const kernel_table & table_of(const std::string & name) {
    for (const kernel_table * const * table = runnable_tables(); *table != &plain_table(); ++table) {
        if (name == (*table)->name) return **table;
    }
    throw invalid_argument("no kernels of the name " + name + " for this processor");
}

class kernel_model : public loaded_model {
  public:
    kernel_model(const model_file & file, const sotto_kernel_use & use)
        : table(table_of(use.name)), weights(file), batch_(make_batch(file, use)), alone_(1), mel_(weights.mel_filters, LONGEST, table),
          samples_(LONGEST) {}

    std::unique_ptr<model_session> open_session(int threads) override;
    batcher & batch() { return *batch_; }
    // `count` samples → `frames` frames, the audio's and then silence.
    void compute_spectrogram(const int16_t * pcm, int64_t count, float * out, int64_t frames);

    const kernel_table & table;
    const model          weights;

  private:
    std::unique_ptr<batcher> make_batch(const model_file & file, const sotto_kernel_use & use);

    std::unique_ptr<batcher> batch_;

    // A spectrogram takes a millisecond and four megabytes: sessions take turns, or each would keep as much.
    std::mutex           turn_;
    thread_team          alone_;
    log_mel_spectrogram  mel_;
    aligned_array<float> samples_;
};

void kernel_model::compute_spectrogram(const int16_t * pcm, int64_t count, float * out, int64_t frames) {
    const std::lock_guard lock(turn_);
    convert_samples(pcm, static_cast<size_t>(count), samples_.data());
    mel_.compute(samples_.data(), count, alone_, out, frames);
    std::fill_n(samples_.data(), count, 0.0f);
}

class kernel_session : public model_session {
  public:
    explicit kernel_session(kernel_model & model)
        : model_(model), frame_floats_(model.weights.dimensions.mels),
          frames_((LONGEST / HOP + 2 + window_frames()) * frame_floats_), logits_(static_cast<size_t>(model.facts.vocab_size)) {}
    ~kernel_session() override { clear(); }

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
        const int64_t whole_panels = std::min<int64_t>(model_.weights.dimensions.audio_context, padded(positions, PANEL));
        return ended(model_.batch().encode(slot_, from, static_cast<int32_t>(whole_panels), cancel));
    }

    int32_t positions() const override { return slot_ < 0 ? 0 : model_.batch().audio().positions(slot_); }

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
        out = model_.batch().audio().value(slot_, 0, static_cast<int64_t>(index / width), static_cast<int64_t>(index % width));
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
    int64_t window_frames() const { return static_cast<int64_t>(FRAMES_PER_POSITION) * model_.weights.dimensions.audio_context; }

    static bool ended(ending how) {
        if (how == ending::failed) throw std::bad_alloc();
        return how == ending::done;
    }

    kernel_model &       model_;
    int64_t              frame_floats_;
    aligned_array<float> frames_; // the audio's, and silence as long as a window
    std::vector<float>   logits_;
    int32_t              frame_count_ = 0;
    int                  slot_        = -1; // of the batch; taken by the first encoding, given back when the audio goes
    attention_map        sum_;
};

const attention_map * kernel_session::align(const int32_t * tokens, size_t count, size_t positions, const int32_t * cancel) {
    const model_dimensions & d = model_.weights.dimensions;
    std::vector<attention_head> heads;
    for (const alignment_head & head : alignment_heads({ d.audio_layers, d.text_layers, d.text_state, d.text_heads, d.vocabulary })) {
        heads.push_back({ head.layer, head.head });
    }
    std::vector<float> queries;
    if (heads.empty() || !ended(model_.batch().read_queries(slot_, tokens, static_cast<int>(count), heads, queries, cancel))) return nullptr;

    attention_map map = { count, positions, std::vector<float>(count * positions) };
    sum_ = map;
    std::vector<float> keys(positions * HEAD);
    for (size_t i = 0; i < heads.size(); ++i) {
        if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0) return nullptr;
        model_.batch().audio().read_keys(slot_, heads[i].layer, heads[i].head, static_cast<int64_t>(positions), keys.data());
        attend(map, queries.data() + i * count * HEAD, HEAD, keys.data(), HEAD, 1.0f / 8.0f);
        standardise_positions(map);
        smooth_rows(map);
        for (size_t at = 0; at < map.weights.size(); ++at) sum_.weights[at] += map.weights[at];
    }
    for (float & weight : sum_.weights) weight /= static_cast<float>(heads.size());
    return &sum_;
}

std::unique_ptr<batcher> kernel_model::make_batch(const model_file & file, const sotto_kernel_use & use) {
    if (use.threads < 1 || use.threads > 256 || use.windows < 1 || use.windows > 256) {
        throw invalid_argument("threads and windows must lie between 1 and 256");
    }
    const model_dimensions & d = file.dimensions();
    facts = facts_of({ d.vocabulary, d.audio_context, d.audio_layers, d.text_context, d.text_layers, d.mels });
    width = d.text_state;
    tokens = file.words();
    name_special_tokens(facts, tokens);
    vocabulary = sampler_vocabulary_of(*this);
    const size_t room = std::max<size_t>(1, BATCH_BYTES / batcher::slot_bytes(d));
    facts.batch_windows = static_cast<int32_t>(std::min<size_t>(use.windows, room));
    return std::make_unique<batcher>(weights, vocabulary, use.threads, facts.batch_windows, table);
}

std::unique_ptr<model_session> kernel_model::open_session(int) { return std::make_unique<kernel_session>(*this); }

} // namespace

std::unique_ptr<loaded_model> open_kernel_model(const char * path, const sotto_kernel_use & use) {
    const model_file file(path);
    return std::make_unique<kernel_model>(file, use);
}

} // namespace sotto
