// ggml's way. whisper.cpp is included, not linked: the encoder, the decoder step and the backends of a state are its private
// parts, and we drive them ourselves. What we do not use of it is whisper_full: the choice of tokens, the fallback ladder and
// the walk through a window are ours.
#include "whisper.cpp"

#include "batched_model.h"
#include "cross_attention.h"
#include "engine.h"
#include "ggml_computer.h"
#include "kernels/cancelled.h"
#include "status.h"
#include "whisper_opening.h"

#include <mutex>
#include <optional>
#include <string_view>

using sotto::fail;
using sotto::guarded;

namespace {

double mean_logprob(const std::vector<float> & logprobs, float end_logprob) {
    double sum = end_logprob;
    for (const float logprob : logprobs) sum += logprob;
    return sum / static_cast<double>(logprobs.size() + 1);
}

class ggml_model;

class ggml_session : public sotto::model_session {
  public:
    ggml_session(ggml_model & model, int threads);
    bool set_audio(const int16_t * pcm, size_t count, const int32_t * cancel) override;
    int32_t frames() const override { return state_->mel.n_len_org; }
    bool encode(int32_t offset_frames, int32_t positions, const int32_t * cancel) override;
    int32_t positions() const override { return state_->exp_n_audio_ctx; }
    const float * start_logits(const int32_t * cancel) override;
    bool decode(const int32_t * prompt, size_t count, const sotto_decode_options & options, sotto::decoded_text & out,
                int64_t & sample_us, const int32_t * cancel) override;
    const sotto::attention_map * align(const int32_t * tokens, size_t count, size_t positions, const int32_t * cancel) override;
    bool encoding_value(size_t index, float & out) const override;
    void clear() override;

  private:
    // The word is the caller's and dies with the call.
    class call_scope {
      public:
        call_scope(ggml_session & session, const int32_t * cancel);
        ~call_scope() { session_.cancel_ = nullptr; }

      private:
        ggml_session &            session_;
        std::unique_lock<std::mutex> turn_;
    };

    static bool abort_requested(void * session) { return sotto::is_cancelled(static_cast<const ggml_session *>(session)->cancel_); }
    void    poll_cancel_in_every_node();
    void    set_positions(int32_t positions);
    float * step(const int32_t * tokens, int count, int past);
    bool    grow(size_t prompt_count, const sotto_decode_options & options, uint32_t seed, float * logits, sotto::decoded_text & out,
                 int64_t & sample_us);

    ggml_model &              model_;
    sotto::state_owner        state_;
    int                       threads_;
    const int32_t *           cancel_ = nullptr; // of the call under way
    std::vector<float>        first_logits_;     // after the prompt, kept for further candidates
    std::optional<sotto::cross_attention_reader> reader_; // reaches into the state
};

class ggml_model : public sotto::loaded_model {
  public:
    ggml_model(sotto::context_owner context, const std::string & device, bool one_at_a_time);

    std::unique_ptr<sotto::model_session> open_session(int threads) override { return std::make_unique<ggml_session>(*this, threads); }
    whisper_context & context() const { return *context_; }
    const std::string & device() const { return device_; }
    // Sessions take turns: a lock while one computes; else none.
    std::unique_lock<std::mutex> turn() { return one_at_a_time_ ? std::unique_lock(turn_) : std::unique_lock<std::mutex>(); }

  private:
    sotto::context_owner context_;
    std::string   device_; // empty: the CPU alone
    bool          one_at_a_time_;
    std::mutex    turn_;
};

ggml_session::call_scope::call_scope(ggml_session & session, const int32_t * cancel)
    : session_(session), turn_(session.model_.turn()) {
    session_.cancel_ = cancel;
}

ggml_session::ggml_session(ggml_model & model, int threads)
    : model_(model), state_(sotto::open_state(model.context(), model.device())), threads_(threads) {
    state_->exp_n_audio_ctx = model.facts.audio_context;
    poll_cancel_in_every_node();
}

// whisper.cpp polls its abort callback only between whole encoder and decoder steps. ggml polls its own before every
// node of the graph, but whisper.cpp's scheduler path never hands one on, so we set it on the backends ourselves.
void ggml_session::poll_cancel_in_every_node() {
    for (ggml_backend_t backend : state_->backends) {
        ggml_backend_dev_t device = ggml_backend_get_device(backend);
        ggml_backend_reg_t registry = device ? ggml_backend_dev_backend_reg(device) : nullptr;
        auto * set_abort_callback = registry ? reinterpret_cast<ggml_backend_set_abort_callback_t>(
            ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_abort_callback")) : nullptr;
        if (set_abort_callback) {
            set_abort_callback(backend, abort_requested, this);
        }
    }
}

bool ggml_session::set_audio(const int16_t * pcm, size_t count, const int32_t * cancel) {
    const call_scope scope(*this, cancel);
    std::vector<float> samples(count);
    sotto::convert_samples(pcm, count, samples.data());
    return whisper_pcm_to_mel_with_state(&model_.context(), state_.get(), samples.data(), static_cast<int>(count), threads_) == 0;
}

bool ggml_session::encode(int32_t offset_frames, int32_t positions, const int32_t * cancel) {
    const call_scope scope(*this, cancel);
    set_positions(positions);
    return whisper_encode_internal(model_.context(), *state_, offset_frames, threads_, abort_requested, this);
}

// whisper.cpp attends as far as the next multiple of 256, to whatever is there. So short windows end at such a multiple; where
// all positions do not, zeros must follow them, and a shorter window has left keys and values in that place.
void ggml_session::set_positions(int32_t positions) {
    const int32_t rounded = std::min<int32_t>(model_.facts.audio_context, GGML_PAD(positions, sotto::ATTENTION_BLOCK));
    if (rounded == state_->exp_n_audio_ctx) return;
    if (rounded % sotto::ATTENTION_BLOCK != 0) ggml_backend_buffer_clear(state_->kv_cross.buffer, 0);
    state_->exp_n_audio_ctx = rounded;
}

// One decoder step: logits of the last of `count` tokens, which stand at positions past.., over all that stood before.
float * ggml_session::step(const int32_t * tokens, int count, int past) {
    whisper_batch_prep_legacy(state_->batch, tokens, count, past, 0);
    whisper_kv_cache_seq_rm(state_->kv_self, 0, past, -1);
    const bool ok = whisper_decode_internal(model_.context(), *state_, state_->batch, threads_, false, abort_requested, this);
    return ok ? state_->logits.data() + static_cast<size_t>(count - 1) * model_.vocabulary.size : nullptr;
}

const float * ggml_session::start_logits(const int32_t * cancel) {
    const call_scope scope(*this, cancel);
    return step(&model_.facts.start_of_transcript, 1, 0);
}

// Grows one sequence from the logits after the prompt. Returns false when a step fails or the call is cancelled.
bool ggml_session::grow(size_t prompt_count, const sotto_decode_options & options, uint32_t seed, float * logits,
                           sotto::decoded_text & out, int64_t & sample_us) {
    const sotto::sampler_rules rules = { options.timestamps != 0, options.max_initial_timestamp, options.temperature };
    sotto::sampler sampler(model_.vocabulary, rules, seed);
    out = {};
    while (true) {
        const int64_t start_us = ggml_time_us();
        const sotto::sampled_token token = sampler.next(logits);
        sample_us += ggml_time_us() - start_us;
        if (token.id == model_.vocabulary.end_of_text) {
            out.ended = true;
            out.end_logprob = token.logprob;
            return true;
        }
        out.ids.push_back(token.id);
        out.logprobs.push_back(token.logprob);
        if (static_cast<int32_t>(out.ids.size()) >= options.max_tokens) {
            return true;
        }
        logits = step(&token.id, 1, static_cast<int>(prompt_count + out.ids.size()) - 1);
        if (!logits) {
            return false;
        }
    }
}

bool ggml_session::decode(const int32_t * prompt, size_t count, const sotto_decode_options & options, sotto::decoded_text & out,
                             int64_t & sample_us, const int32_t * cancel) {
    const call_scope scope(*this, cancel);
    float * logits = step(prompt, static_cast<int>(count), 0);
    if (!logits) {
        return false;
    }
    first_logits_.assign(logits, logits + model_.vocabulary.size);

    double best = -std::numeric_limits<double>::infinity();
    sotto::decoded_text text;
    std::vector<float> scratch;
    for (int32_t candidate = 0; candidate < options.candidates; ++candidate) {
        scratch = first_logits_;
        if (!grow(count, options, options.seed + candidate, scratch.data(), text, sample_us)) {
            return false;
        }
        const double mean = mean_logprob(text.logprobs, text.end_logprob);
        if (candidate == 0 || mean > best) {
            best = mean;
            std::swap(out, text);
        }
    }
    return true;
}

const sotto::attention_map * ggml_session::align(const int32_t * tokens, size_t count, size_t positions, const int32_t * cancel) {
    const call_scope scope(*this, cancel);
    reader_.emplace(*state_, model_.context().model.hparams, count, positions);
    const bool ok = step(tokens, static_cast<int>(count), 0);
    reader_->stop();
    return ok ? reader_->mean() : nullptr;
}

bool ggml_session::encoding_value(size_t index, float & out) const {
    const ggml_tensor * values = state_->kv_cross.v;
    if (values->type != GGML_TYPE_F16) {
        return false;
    }
    ggml_fp16_t half;
    ggml_backend_tensor_get(values, &half, index * sizeof(half), sizeof(half));
    out = ggml_fp16_to_fp32(half);
    return true;
}

void ggml_session::clear() {
    whisper_mel & mel = state_->mel;
    std::fill(mel.data.begin(), mel.data.end(), 0.0f);
    mel.n_len = mel.n_len_org = 0;
    for (auto * floats : { &first_logits_, &state_->inp_mel }) {
        std::fill(floats->begin(), floats->end(), 0.0f);
        floats->clear();
    }
    reader_.reset();
}

ggml_model::ggml_model(sotto::context_owner context, const std::string & device, bool one_at_a_time)
    : context_(std::move(context)), device_(device), one_at_a_time_(one_at_a_time) {
    sotto::describe(*this, *context_);
}

// Windows of all sessions are decoded together.
class batched_ggml_model : public sotto::batched_model {
  public:
    batched_ggml_model(sotto::context_owner context, const std::string & device, const sotto_batch & batch)
        : batched_model(context->model.filters.data, sotto::kernels::best_table()), context_(std::move(context)) {
        sotto::describe(*this, *context_);
        sotto::state_owner state = sotto::open_state(*context_, device);
        const size_t room = batch_bytes(state->backends.front()) / sotto::ggml_caches::slot_bytes(sotto::cache_shape_of(context_->model.hparams));
        const int windows = std::max(1, static_cast<int>(std::min<size_t>(batch.windows, room)));
        begin(std::make_unique<sotto::kernels::thread_team>(batch.threads),
              std::make_unique<sotto::ggml_computer>(*context_, std::move(state), windows, batch.threads));
    }
    ~batched_ggml_model() override { end(); }

    // What reads queries and keys knows no other heads, and whisper.cpp's spectrogram no other filters.
    static bool suits(const whisper_context & context) {
        const whisper_hparams & hparams = context.model.hparams;
        return hparams.n_text_state == hparams.n_text_head * sotto::kernels::HEAD && context.params.flash_attn &&
               context.model.filters.n_fft == sotto::kernels::FFT_BINS && context.model.filters.n_mel == hparams.n_mels;
    }

  private:
    // For the caches of all windows: half of what the device has left beside the weights, so that others find room too. The CPU's
    // memory is counted before (src/engine/engine-memory.ts).
    static size_t batch_bytes(ggml_backend_t backend) {
        ggml_backend_dev_t device = ggml_backend_get_device(backend);
        if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) return std::numeric_limits<size_t>::max();
        size_t free_bytes = 0, total_bytes = 0;
        ggml_backend_dev_memory(device, &free_bytes, &total_bytes);
        return free_bytes / 2;
    }

    sotto::context_owner context_;
};

} // namespace

std::unique_ptr<sotto::loaded_model> sotto::open_whisper_model(const char * path, const std::string & device, const sotto_batch & batch) {
    sotto::context_owner context = sotto::open_context(path, device);
    const bool wants_batch = batch.windows > 0;
    if (wants_batch && !*batch.kernels && batched_ggml_model::suits(*context)) {
        return std::make_unique<batched_ggml_model>(std::move(context), device, batch);
    }
    return std::make_unique<ggml_model>(std::move(context), device, wants_batch);
}

sotto::sampler_vocabulary sotto::sampler_vocabulary_of(const loaded_model & model) {
    std::map<std::string_view, int32_t> ids; // of two alike the last, as upstream
    for (size_t id = 0; id < model.tokens.size(); ++id) ids[model.tokens[id]] = static_cast<int32_t>(id);
    sampler_vocabulary result;
    result.size            = model.facts.vocab_size;
    result.end_of_text     = model.facts.end_of_text;
    result.timestamp_begin = model.facts.timestamp_begin;
    const auto add = [&](const std::string & text) {
        const auto found = ids.find(text);
        if (found != ids.end() && found->second < result.end_of_text) {
            result.non_speech.push_back(found->second);
        }
    };
    for (const std::string & symbol : non_speech_tokens) {
        add(symbol);
        add(" " + symbol);
    }
    // Hyphen and apostrophe may stand within a word, not before one.
    add(" -");
    add(" '");
    const auto blank = ids.find(" ");
    result.blank = blank == ids.end() ? -1 : blank->second;
    return result;
}

std::vector<sotto::alignment_head> sotto::alignment_heads(const model_shape & given) {
    struct shape {
        int32_t audio_layers, text_layers, width;
        whisper_alignment_heads_preset english, multilingual, hundred_languages;
    };
    constexpr auto NONE = WHISPER_AHEADS_NONE;
    static const shape SHAPES[] = {
        {  4,  4,  384, WHISPER_AHEADS_TINY_EN,   WHISPER_AHEADS_TINY,     NONE },
        {  6,  6,  512, WHISPER_AHEADS_BASE_EN,   WHISPER_AHEADS_BASE,     NONE },
        { 12, 12,  768, WHISPER_AHEADS_SMALL_EN,  WHISPER_AHEADS_SMALL,    NONE },
        { 24, 24, 1024, WHISPER_AHEADS_MEDIUM_EN, WHISPER_AHEADS_MEDIUM,   NONE },
        { 32, 32, 1280, NONE,                     WHISPER_AHEADS_LARGE_V2, WHISPER_AHEADS_LARGE_V3 },
        { 32,  4, 1280, NONE,                     NONE,                    WHISPER_AHEADS_LARGE_V3_TURBO },
    };
    std::vector<alignment_head> heads;
    for (const shape & known : SHAPES) {
        if (known.audio_layers != given.audio_layers || known.text_layers != given.text_layers || known.width != given.width) continue;
        const auto preset = given.vocabulary == 51864 ? known.english
                          : given.vocabulary == 51865 ? known.multilingual
                          : given.vocabulary == 51866 ? known.hundred_languages : NONE;
        if (preset == NONE) break;
        const whisper_aheads & published = g_aheads.at(preset);
        for (size_t i = 0; i < published.n_heads; ++i) heads.push_back({ published.heads[i].n_text_layer, published.heads[i].n_head });
        return heads;
    }
    for (int32_t layer = given.text_layers / 2; layer < given.text_layers; ++layer) {
        for (int32_t head = 0; head < given.heads; ++head) heads.push_back({ layer, head });
    }
    return heads;
}

const char * sotto_whisper_version(void) { return WHISPER_VERSION; }

const char * sotto_system_info(void) {
    // Upstream builds it in a static string without a lock.
    static const std::string info = whisper_print_system_info();
    return info.c_str();
}

// Part of this unit, for it reaches into whisper.cpp too.
#include "speech.inl"
