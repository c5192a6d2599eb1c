// whisper.cpp is included, not linked: the encoder, the decoder step and the backends of a state are its private parts,
// and we drive them ourselves. What we do not use of it is whisper_full: the choice of tokens, the fallback ladder and
// the walk through a window are ours.
#include "whisper.cpp"

#include "cross_attention.h"
#include "engine.h"
#include "sampler.h"
#include "status.h"
#include "upstream_log.h"

#include <cstdlib>
#include <filesystem>

using sotto::fail;
using sotto::guarded;

struct sotto_model {
    whisper_context *         context = nullptr;
    std::string               device; // empty: the CPU alone
    sotto::sampler_vocabulary vocabulary;

    ~sotto_model() { whisper_free(context); }
};

struct sotto_session {
    sotto_model *       model   = nullptr;
    whisper_state *     state   = nullptr;
    int                 threads = 1;
    const int32_t *     cancel  = nullptr; // of the call under way
    bool                has_audio    = false;
    bool                has_encoding = false;
    sotto_timings       timings      = {};
    std::vector<float>  pcm;
    std::vector<float>  first_logits; // after the prompt, kept for further candidates
    std::vector<int32_t> ids;
    std::vector<float>   logprobs;

    ~sotto_session() { whisper_free_state(state); }
};

namespace {

// whisper_full refuses less than 100 ms; its log-mel reads past the end below 201 samples.
constexpr size_t MIN_SAMPLES = 1600;
constexpr size_t MAX_SAMPLES = 30 * WHISPER_SAMPLE_RATE;

// Where memory is limited, ggml aborts without a buffer for weights, and whisper_init_state frees what it never made.
// So all that is about to be taken is asked for first. Volatile: a compiler may leave out a pair of malloc and free.
void demand_memory(size_t bytes) {
    void * volatile probe = std::malloc(bytes);
    if (!probe) {
        throw std::bad_alloc();
    }
    std::free(probe);
}

// Fifty thousand tokens in two maps, and whatever else loading takes beside the weights.
constexpr size_t VOCABULARY_BYTES = 32 << 20;

// The sum of src/catalog/session-memory.ts, and a quarter more.
size_t session_bytes(const whisper_hparams & hparams) {
    const size_t width  = hparams.n_text_state;
    const size_t caches = 4 * width * (2048 * static_cast<size_t>(hparams.n_text_layer) + 1536);
    const size_t logits = 4 * static_cast<size_t>(hparams.n_vocab) * hparams.n_text_ctx;
    return (caches + logits + 76000 * width + 9000000) / 4 * 5;
}

bool is_cancelled(const sotto_session & session) {
    return session.cancel && __atomic_load_n(session.cancel, __ATOMIC_RELAXED) != 0;
}

bool abort_requested(void * session) {
    return is_cancelled(*static_cast<const sotto_session *>(session));
}

// The word is the caller's and dies with the call.
class cancel_scope {
  public:
    cancel_scope(sotto_session & session, const int32_t * cancel) : session_(session) { session_.cancel = cancel; }
    ~cancel_scope() { session_.cancel = nullptr; }

  private:
    sotto_session & session_;
};

// whisper.cpp polls its abort callback only between whole encoder and decoder steps. ggml polls its own before every
// node of the graph, but whisper.cpp's scheduler path never hands one on, so we set it on the backends ourselves.
void poll_cancel_in_every_node(sotto_session & session) {
    for (ggml_backend_t backend : session.state->backends) {
        ggml_backend_dev_t device = ggml_backend_get_device(backend);
        ggml_backend_reg_t registry = device ? ggml_backend_dev_backend_reg(device) : nullptr;
        auto * set_abort_callback = registry ? reinterpret_cast<ggml_backend_set_abort_callback_t>(
            ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_abort_callback")) : nullptr;
        if (set_abort_callback) {
            set_abort_callback(backend, abort_requested, &session);
        }
    }
}

sotto_status compute_failure(const sotto_session & session, const char * what) {
    if (is_cancelled(session)) {
        return fail(SOTTO_CANCELLED, "cancelled");
    }
    return fail(SOTTO_COMPUTE_FAILED, std::string(what) + " failed");
}

sotto::sampler_vocabulary sampler_vocabulary_of(const whisper_context & context) {
    const whisper_vocab & vocab = context.vocab;
    sotto::sampler_vocabulary result;
    result.size            = vocab.n_vocab;
    result.end_of_text     = vocab.token_eot;
    result.timestamp_begin = vocab.token_beg;
    const auto add = [&](const std::string & text) {
        const auto found = vocab.token_to_id.find(text);
        if (found != vocab.token_to_id.end() && found->second < vocab.token_eot) {
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
    const auto blank = vocab.token_to_id.find(" ");
    result.blank = blank == vocab.token_to_id.end() ? -1 : blank->second;
    return result;
}

// One decoder step: logits of the last of `count` tokens, which stand at positions past.., over all that stood before.
float * decoder_step(sotto_session & session, const int32_t * tokens, int count, int past) {
    whisper_state & state = *session.state;
    const int64_t start_us = ggml_time_us();
    whisper_batch_prep_legacy(state.batch, tokens, count, past, 0);
    whisper_kv_cache_seq_rm(state.kv_self, 0, past, -1);
    const bool ok = whisper_decode_internal(*session.model->context, state, state.batch, session.threads, false,
                                            abort_requested, &session);
    session.timings.decode_us += ggml_time_us() - start_us;
    return ok ? state.logits.data() + static_cast<size_t>(count - 1) * session.model->vocabulary.size : nullptr;
}

// Grows one sequence from the logits after the prompt. Returns false when a step fails or the call is cancelled.
bool grow(sotto_session & session, size_t prompt_count, const sotto_decode_options & options, uint32_t seed, float * logits,
          std::vector<int32_t> & ids, std::vector<float> & logprobs, bool & ended, float & end_logprob) {
    const sotto::sampler_rules rules = { options.timestamps != 0, options.max_initial_timestamp, options.temperature };
    sotto::sampler sampler(session.model->vocabulary, rules, seed);
    ended = false;
    end_logprob = 0.0f;
    while (true) {
        const int64_t start_us = ggml_time_us();
        const sotto::sampled_token token = sampler.next(logits);
        session.timings.sample_us += ggml_time_us() - start_us;
        if (token.id == session.model->vocabulary.end_of_text) {
            ended = true;
            end_logprob = token.logprob;
            return true;
        }
        ids.push_back(token.id);
        logprobs.push_back(token.logprob);
        if (static_cast<int32_t>(ids.size()) >= options.max_tokens) {
            return true;
        }
        logits = decoder_step(session, &token.id, 1, static_cast<int>(prompt_count + ids.size()) - 1);
        if (!logits) {
            return false;
        }
    }
}

// whisper.cpp counts GPUs in the order of the registry. -1: there is none of that name; 0 for none at all.
int gpu_index(const std::string & name) {
    int index = 0;
    for (size_t i = 0; i < ggml_backend_dev_count() && !name.empty(); ++i) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        const enum ggml_backend_dev_type type = ggml_backend_dev_type(device);
        if (type != GGML_BACKEND_DEVICE_TYPE_GPU && type != GGML_BACKEND_DEVICE_TYPE_IGPU) continue;
        if (name == ggml_backend_dev_name(device)) return index;
        ++index;
    }
    return name.empty() ? 0 : -1;
}

// When a GPU does not start, whisper.cpp goes on without it and says nothing.
bool runs_on(const whisper_state & state, const std::string & device) {
    return device.empty() || std::any_of(state.backends.begin(), state.backends.end(), [&](ggml_backend_t backend) {
        return device == ggml_backend_dev_name(ggml_backend_get_device(backend));
    });
}

double mean_logprob(const std::vector<float> & logprobs, float end_logprob) {
    double sum = end_logprob;
    for (const float logprob : logprobs) sum += logprob;
    return sum / static_cast<double>(logprobs.size() + 1);
}

} // namespace

const char * sotto_whisper_version(void) { return WHISPER_VERSION; }

const char * sotto_system_info(void) {
    // Upstream builds it in a static string without a lock.
    static const std::string info = whisper_print_system_info();
    return info.c_str();
}

sotto_status sotto_model_open(const char * path, const char * device, sotto_model ** out) {
    return guarded([&]() -> sotto_status {
        sotto::listen_to_upstream();
        // whisper.cpp asserts that there is one.
        if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
            return fail(SOTTO_INVALID_ARGUMENT, "no backend for the CPU is loaded");
        }
        std::error_code unreadable;
        const auto file_bytes = std::filesystem::file_size(path, unreadable);
        if (!unreadable) {
            demand_memory(file_bytes + VOCABULARY_BYTES);
        }
        auto model = std::make_unique<sotto_model>();
        model->device = device;
        whisper_context_params params = whisper_context_default_params();
        params.use_gpu = !model->device.empty();
        params.gpu_device = gpu_index(model->device);
        if (params.gpu_device < 0) {
            return fail(SOTTO_INVALID_ARGUMENT, "no such device: " + model->device);
        }
        model->context = whisper_init_from_file_with_params_no_state(path, params);
        if (!model->context) {
            return fail(SOTTO_LOAD_FAILED, sotto::upstream_error("whisper.cpp gave no reason"));
        }
        model->vocabulary = sampler_vocabulary_of(*model->context);
        *out = model.release();
        return SOTTO_OK;
    });
}

void sotto_model_close(sotto_model * model) {
    guarded([&] { delete model; return SOTTO_OK; });
}

sotto_status sotto_model_describe(const sotto_model * model, sotto_model_facts * out) {
    const whisper_hparams & hparams = model->context->model.hparams;
    const whisper_vocab & vocab = model->context->vocab;
    *out = {
        vocab.n_vocab, hparams.n_audio_ctx, hparams.n_audio_layer, hparams.n_text_ctx, hparams.n_text_layer,
        hparams.n_mels, vocab.is_multilingual() ? 1 : 0, vocab.is_multilingual() ? vocab.num_languages() : 1,
        vocab.token_eot, vocab.token_sot, vocab.token_translate, vocab.token_transcribe, vocab.token_prev,
        vocab.token_nosp, vocab.token_not, vocab.token_beg,
    };
    return SOTTO_OK;
}

sotto_status sotto_model_token_bytes(const sotto_model * model, int32_t id, const char ** out, size_t * length) {
    return guarded([&]() -> sotto_status {
        const auto & tokens = model->context->vocab.id_to_token;
        const auto found = tokens.find(id);
        if (found == tokens.end()) {
            return fail(SOTTO_INVALID_ARGUMENT, "no such token");
        }
        *out = found->second.data();
        *length = found->second.size();
        return SOTTO_OK;
    });
}

sotto_status sotto_session_open(sotto_model * model, int32_t threads, sotto_session ** out) {
    return guarded([&]() -> sotto_status {
        // ggml takes the number as it is: below one it throws deep inside, above the cores it spins.
        if (threads < 1 || threads > 256) {
            return fail(SOTTO_INVALID_ARGUMENT, "threads must lie between 1 and 256");
        }
        demand_memory(session_bytes(model->context->model.hparams));
        auto session = std::make_unique<sotto_session>();
        session->model   = model;
        session->threads = threads;
        session->state   = whisper_init_state(model->context);
        if (!session->state) {
            return fail(SOTTO_OUT_OF_MEMORY, "no memory for the caches of a session");
        }
        if (!runs_on(*session->state, model->device)) {
            return fail(SOTTO_COMPUTE_FAILED, "the device " + model->device + " did not start");
        }
        poll_cancel_in_every_node(*session);
        *out = session.release();
        return SOTTO_OK;
    });
}

void sotto_session_close(sotto_session * session) {
    guarded([&] { delete session; return SOTTO_OK; });
}

sotto_status sotto_session_set_audio(sotto_session * session, const int16_t * pcm, size_t count, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        sotto_session_clear(session);
        if (count < MIN_SAMPLES || count > MAX_SAMPLES) {
            return fail(SOTTO_INVALID_ARGUMENT, "audio must hold 1600 to 480000 samples");
        }
        const cancel_scope scope(*session, cancel);
        const int64_t start_us = ggml_time_us();
        session->pcm.resize(count);
        for (size_t i = 0; i < count; ++i) {
            session->pcm[i] = static_cast<float>(pcm[i]) / 32768.0f;
        }
        if (whisper_pcm_to_mel_with_state(session->model->context, session->state, session->pcm.data(),
                                          static_cast<int>(count), session->threads) != 0) {
            return compute_failure(*session, "the log-mel spectrogram");
        }
        session->timings.mel_us += ggml_time_us() - start_us;
        session->has_audio = true;
        return is_cancelled(*session) ? compute_failure(*session, "") : SOTTO_OK;
    });
}

sotto_status sotto_session_encode(sotto_session * session, int32_t offset_frames, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        session->has_encoding = false;
        // Without audio of its own a state would encode what an earlier request left in it.
        if (!session->has_audio || offset_frames < 0 || offset_frames >= session->state->mel.n_len_org) {
            return fail(SOTTO_INVALID_ARGUMENT, "encode needs audio, and an offset within it");
        }
        const cancel_scope scope(*session, cancel);
        const int64_t start_us = ggml_time_us();
        const bool ok = whisper_encode_internal(*session->model->context, *session->state, offset_frames, session->threads,
                                                abort_requested, session);
        session->timings.encode_us += ggml_time_us() - start_us;
        if (!ok) {
            return compute_failure(*session, "the encoder");
        }
        session->has_encoding = true;
        return SOTTO_OK;
    });
}

sotto_status sotto_session_detect(sotto_session * session, float * no_speech, float * languages, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        if (!session->has_encoding) {
            return fail(SOTTO_INVALID_ARGUMENT, "detect needs an encoding");
        }
        const cancel_scope scope(*session, cancel);
        const whisper_vocab & vocab = session->model->context->vocab;
        const float * logits = decoder_step(*session, &vocab.token_sot, 1, 0);
        if (!logits) {
            return compute_failure(*session, "the decoder");
        }
        const float top = *std::max_element(logits, logits + vocab.n_vocab);
        double sum = 0.0;
        for (int i = 0; i < vocab.n_vocab; ++i) sum += std::exp(logits[i] - top);
        *no_speech = static_cast<float>(std::exp(logits[vocab.token_nosp] - top) / sum);
        // One such number in the weights, and there is no telling speech from silence or one token from another.
        if (!std::isfinite(*no_speech)) {
            return fail(SOTTO_COMPUTE_FAILED, "the model computes no numbers: its weights are damaged");
        }
        if (vocab.is_multilingual()) {
            double language_sum = 0.0;
            for (int i = 0; i < vocab.num_languages(); ++i) {
                languages[i] = std::exp(logits[vocab.token_sot + 1 + i] - top);
                language_sum += languages[i];
            }
            for (int i = 0; i < vocab.num_languages(); ++i) {
                languages[i] = language_sum > 0.0 ? static_cast<float>(languages[i] / language_sum) : 0.0f;
            }
        }
        return SOTTO_OK;
    });
}

sotto_status sotto_session_decode(sotto_session * session, const int32_t * prompt, size_t prompt_count,
                                  const sotto_decode_options * options, sotto_tokens * out, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        const whisper_hparams & hparams = session->model->context->model.hparams;
        const int32_t half_context = hparams.n_text_ctx / 2;
        if (!session->has_encoding) {
            return fail(SOTTO_INVALID_ARGUMENT, "decode needs an encoding");
        }
        // Written so that not-a-number fails too.
        if (!(options->temperature >= 0.0f && options->temperature <= 1.0f)) {
            return fail(SOTTO_INVALID_ARGUMENT, "temperature must lie between 0 and 1");
        }
        if (options->candidates < 1 || options->candidates > 8 || options->max_tokens < 1 ||
            options->max_tokens > half_context || options->max_initial_timestamp < 0 ||
            options->max_initial_timestamp > 30 * 50) {
            return fail(SOTTO_INVALID_ARGUMENT, "candidates, max_tokens or max_initial_timestamp is out of range");
        }
        // The cache must hold the prompt and what is decoded after it.
        if (prompt_count < 1 || prompt_count + options->max_tokens > static_cast<size_t>(hparams.n_text_ctx)) {
            return fail(SOTTO_INVALID_ARGUMENT, "the prompt is too long");
        }
        for (size_t i = 0; i < prompt_count; ++i) {
            if (prompt[i] < 0 || prompt[i] >= session->model->vocabulary.size) {
                return fail(SOTTO_INVALID_ARGUMENT, "the prompt holds an unknown token");
            }
        }

        const cancel_scope scope(*session, cancel);
        float * logits = decoder_step(*session, prompt, static_cast<int>(prompt_count), 0);
        if (!logits) {
            return compute_failure(*session, "the decoder");
        }
        session->first_logits.assign(logits, logits + session->model->vocabulary.size);

        double best = -std::numeric_limits<double>::infinity();
        std::vector<int32_t> ids;
        std::vector<float> logprobs;
        std::vector<float> scratch;
        for (int32_t candidate = 0; candidate < options->candidates; ++candidate) {
            ids.clear();
            logprobs.clear();
            scratch = session->first_logits;
            bool ended = false;
            float end_logprob = 0.0f;
            if (!grow(*session, prompt_count, *options, options->seed + candidate, scratch.data(), ids, logprobs, ended,
                      end_logprob)) {
                return compute_failure(*session, "the decoder");
            }
            const double mean = mean_logprob(logprobs, end_logprob);
            if (candidate == 0 || mean > best) {
                best = mean;
                session->ids.swap(ids);
                session->logprobs.swap(logprobs);
                *out = { nullptr, nullptr, 0, ended ? 1 : 0, end_logprob };
            }
        }
        out->ids      = session->ids.data();
        out->logprobs = session->logprobs.data();
        out->count    = static_cast<int32_t>(session->ids.size());
        return SOTTO_OK;
    });
}

sotto_status sotto_session_align(sotto_session * session, const int32_t * tokens, size_t token_count, size_t first, size_t positions,
                                 float * out, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        const whisper_hparams & hparams = session->model->context->model.hparams;
        if (!session->has_encoding) {
            return fail(SOTTO_INVALID_ARGUMENT, "align needs an encoding");
        }
        if (token_count < 1 || token_count > static_cast<size_t>(hparams.n_text_ctx) || first >= token_count) {
            return fail(SOTTO_INVALID_ARGUMENT, "the tokens to align are none or too many");
        }
        if (positions < 1 || positions > static_cast<size_t>(hparams.n_audio_ctx)) {
            return fail(SOTTO_INVALID_ARGUMENT, "the encoder has no such position");
        }
        for (size_t i = 0; i < token_count; ++i) {
            if (tokens[i] < 0 || tokens[i] >= session->model->vocabulary.size) {
                return fail(SOTTO_INVALID_ARGUMENT, "an unknown token cannot be aligned");
            }
        }
        const cancel_scope scope(*session, cancel);
        sotto::cross_attention_reader reader(*session->state, hparams, token_count, positions);
        if (!decoder_step(*session, tokens, static_cast<int>(token_count), 0)) {
            return compute_failure(*session, "the decoder");
        }
        const sotto::attention_map * mean = reader.mean();
        if (!mean) {
            return fail(SOTTO_COMPUTE_FAILED, "the decoder's graph shows no cross-attention");
        }
        std::copy(mean->row(first), mean->row(token_count - 1) + positions, out);
        return SOTTO_OK;
    });
}

sotto_status sotto_session_sample_encoding(sotto_session * session, float * out, size_t count) {
    return guarded([&]() -> sotto_status {
        const ggml_tensor * values = session->state->kv_cross.v;
        if (!session->has_encoding || values->type != GGML_TYPE_F16) {
            return fail(SOTTO_INVALID_ARGUMENT, "sampling needs an encoding, in half floats");
        }
        // The cache is longer than what the encoder fills: of the audio's positions only.
        const whisper_hparams & hparams = session->model->context->model.hparams;
        const size_t filled = static_cast<size_t>(hparams.n_audio_ctx) * hparams.n_text_state;
        for (size_t i = 0; i < count; ++i) {
            ggml_fp16_t half;
            ggml_backend_tensor_get(values, &half, i * (filled / count) * sizeof(half), sizeof(half));
            out[i] = ggml_fp16_to_fp32(half);
        }
        return SOTTO_OK;
    });
}

sotto_status sotto_session_timings(const sotto_session * session, sotto_timings * out) {
    *out = session->timings;
    return SOTTO_OK;
}

void sotto_session_clear(sotto_session * session) {
    session->has_audio = session->has_encoding = false;
    session->timings = {};
    whisper_mel & mel = session->state->mel;
    std::fill(mel.data.begin(), mel.data.end(), 0.0f);
    mel.n_len = mel.n_len_org = 0;
    for (auto * floats : { &session->pcm, &session->logprobs, &session->first_logits, &session->state->inp_mel }) {
        std::fill(floats->begin(), floats->end(), 0.0f);
        floats->clear();
    }
    session->ids.clear();
}

// Part of this unit, for it reaches into whisper.cpp too.
#include "speech.inl"
