// The C face over whatever computes (loaded_model.h): checks what comes, and says how each call ended.
#include "engine.h"

#include "kernels/cancelled.h"
#include "loaded_model.h"
#include "status.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

using sotto::fail;
using sotto::guarded;

struct sotto_model {
    std::unique_ptr<sotto::loaded_model> loaded;
};

struct sotto_session {
    sotto_model *                         model = nullptr;
    std::unique_ptr<sotto::model_session> inner;
    bool                                  short_windows = false;
    bool                                  has_audio    = false;
    bool                                  has_encoding = false;
    sotto_timings                         timings      = {};
    sotto::decoded_text                   text;
};

namespace {

// whisper_full refuses less than 100 ms; its log-mel reads past the end below 201 samples.
constexpr size_t MIN_SAMPLES = 1600;
constexpr size_t MAX_SAMPLES = 30 * 16000;

// Of short windows, in the encoder's positions of 20 ms: the fewest, and the silence that is encoded after the audio. A model
// that has always seen silence follow takes its absence for speech that goes on.
constexpr int32_t FRAMES_PER_POSITION = 2;
constexpr int32_t SHORTEST_WINDOW     = 100;
constexpr int32_t SILENCE_AFTER       = 50;

// Adds the time until it goes.
class stopwatch {
  public:
    explicit stopwatch(int64_t & us) : us_(us), begun_(std::chrono::steady_clock::now()) {}
    ~stopwatch() {
        us_ += std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun_).count();
    }

  private:
    int64_t &                             us_;
    std::chrono::steady_clock::time_point begun_;
};

sotto_status compute_failure(const int32_t * cancel, const char * what) {
    if (sotto::is_cancelled(cancel)) {
        return fail(SOTTO_CANCELLED, "cancelled");
    }
    return fail(SOTTO_COMPUTE_FAILED, std::string(what) + " failed");
}

bool are_known(const int32_t * tokens, size_t count, int32_t vocabulary) {
    return std::all_of(tokens, tokens + count, [&](int32_t token) { return token >= 0 && token < vocabulary; });
}

// How many positions of the encoder a window that begins there is worth.
int32_t positions_from(const sotto_session & session, int32_t offset_frames) {
    const int32_t all = session.model->loaded->facts.audio_context;
    if (!session.short_windows) return all;
    const int32_t heard = (session.inner->frames() - offset_frames + FRAMES_PER_POSITION - 1) / FRAMES_PER_POSITION;
    return std::min(all, std::max(SHORTEST_WINDOW, heard + SILENCE_AFTER));
}

std::unique_ptr<sotto::loaded_model> open_model(const char * path, const char * device, const sotto_batch & batch) {
    if (batch.windows != 0 && (batch.threads < 1 || batch.threads > 256 || batch.windows < 1 || batch.windows > 256)) {
        throw sotto::invalid_argument("threads and windows must lie between 1 and 256");
    }
    if (*batch.kernels && !*device) {
        try {
            return sotto::open_kernel_model(path, batch);
        } catch (const sotto::invalid_argument &) {
            throw;
        } catch (const std::runtime_error &) {
            // Heads of another size, a type that is not known here, weights that are no numbers: ggml takes it, or says why not.
        }
    }
    return sotto::open_whisper_model(path, device, batch);
}

} // namespace

sotto_status sotto_model_open(const char * path, const char * device, const sotto_batch * batch, sotto_model ** out) {
    return guarded([&]() -> sotto_status {
        auto model = std::make_unique<sotto_model>();
        try {
            model->loaded = open_model(path, device, *batch);
        } catch (const sotto::invalid_argument & error) {
            return fail(SOTTO_INVALID_ARGUMENT, error.what());
        } catch (const std::runtime_error & error) {
            return fail(SOTTO_LOAD_FAILED, error.what());
        }
        *out = model.release();
        return SOTTO_OK;
    });
}

void sotto_model_close(sotto_model * model) {
    guarded([&] { delete model; return SOTTO_OK; });
}

sotto_status sotto_model_describe(const sotto_model * model, sotto_model_facts * out) {
    *out = model->loaded->facts;
    return SOTTO_OK;
}

sotto_status sotto_model_token_bytes(const sotto_model * model, int32_t id, const char ** out, size_t * length) {
    return guarded([&]() -> sotto_status {
        const auto & tokens = model->loaded->tokens;
        if (id < 0 || static_cast<size_t>(id) >= tokens.size()) {
            return fail(SOTTO_INVALID_ARGUMENT, "no such token");
        }
        const std::string & token = tokens[static_cast<size_t>(id)];
        *out = token.data();
        *length = token.size();
        return SOTTO_OK;
    });
}

sotto_status sotto_session_open(sotto_model * model, int32_t threads, int32_t short_windows, sotto_session ** out) {
    return guarded([&]() -> sotto_status {
        // ggml takes the number as it is: below one it throws deep inside, above the cores it spins.
        if (threads < 1 || threads > 256) {
            return fail(SOTTO_INVALID_ARGUMENT, "threads must lie between 1 and 256");
        }
        auto session = std::make_unique<sotto_session>();
        session->model = model;
        session->short_windows = short_windows != 0;
        session->inner = model->loaded->open_session(threads);
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
        const stopwatch watch(session->timings.mel_us);
        if (!session->inner->set_audio(pcm, count, cancel)) {
            return compute_failure(cancel, "the log-mel spectrogram");
        }
        session->has_audio = true;
        return sotto::is_cancelled(cancel) ? compute_failure(cancel, "") : SOTTO_OK;
    });
}

sotto_status sotto_session_encode(sotto_session * session, int32_t offset_frames, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        session->has_encoding = false;
        // Without audio of its own a state would encode what an earlier request left in it.
        if (!session->has_audio || offset_frames < 0 || offset_frames >= session->inner->frames()) {
            return fail(SOTTO_INVALID_ARGUMENT, "encode needs audio, and an offset within it");
        }
        const stopwatch watch(session->timings.encode_us);
        if (!session->inner->encode(offset_frames, positions_from(*session, offset_frames), cancel)) {
            return compute_failure(cancel, "the encoder");
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
        const stopwatch watch(session->timings.decode_us);
        const sotto_model_facts & facts = session->model->loaded->facts;
        const float * logits = session->inner->start_logits(cancel);
        if (!logits) {
            return compute_failure(cancel, "the decoder");
        }
        const float top = *std::max_element(logits, logits + facts.vocab_size);
        double sum = 0.0;
        for (int i = 0; i < facts.vocab_size; ++i) sum += std::exp(logits[i] - top);
        *no_speech = static_cast<float>(std::exp(logits[facts.no_speech] - top) / sum);
        // One such number in the weights, and there is no telling speech from silence or one token from another.
        if (!std::isfinite(*no_speech)) {
            return fail(SOTTO_COMPUTE_FAILED, "the model computes no numbers: its weights are damaged");
        }
        if (facts.multilingual) {
            double language_sum = 0.0;
            for (int i = 0; i < facts.language_count; ++i) {
                languages[i] = std::exp(logits[facts.start_of_transcript + 1 + i] - top);
                language_sum += languages[i];
            }
            for (int i = 0; i < facts.language_count; ++i) {
                languages[i] = language_sum > 0.0 ? static_cast<float>(languages[i] / language_sum) : 0.0f;
            }
        }
        return SOTTO_OK;
    });
}

sotto_status sotto_session_decode(sotto_session * session, const int32_t * prompt, size_t prompt_count,
                                  const sotto_decode_options * options, sotto_tokens * out, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        const sotto_model_facts & facts = session->model->loaded->facts;
        const int32_t half_context = facts.text_context / 2;
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
        if (prompt_count < 1 || prompt_count + options->max_tokens > static_cast<size_t>(facts.text_context)) {
            return fail(SOTTO_INVALID_ARGUMENT, "the prompt is too long");
        }
        if (!are_known(prompt, prompt_count, facts.vocab_size)) {
            return fail(SOTTO_INVALID_ARGUMENT, "the prompt holds an unknown token");
        }
        int64_t sample_us = 0;
        {
            const stopwatch watch(session->timings.decode_us);
            if (!session->inner->decode(prompt, prompt_count, *options, session->text, sample_us, cancel)) {
                return compute_failure(cancel, "the decoder");
            }
        }
        session->timings.sample_us += sample_us;
        session->timings.decode_us -= sample_us;
        const sotto::decoded_text & text = session->text;
        *out = { text.ids.data(), text.logprobs.data(), static_cast<int32_t>(text.ids.size()), text.ended ? 1 : 0, text.end_logprob };
        return SOTTO_OK;
    });
}

sotto_status sotto_session_align(sotto_session * session, const int32_t * tokens, size_t token_count, size_t first, size_t positions,
                                 float * out, const int32_t * cancel) {
    return guarded([&]() -> sotto_status {
        const sotto_model_facts & facts = session->model->loaded->facts;
        if (!session->has_encoding) {
            return fail(SOTTO_INVALID_ARGUMENT, "align needs an encoding");
        }
        if (token_count < 1 || token_count > static_cast<size_t>(facts.text_context) || first >= token_count) {
            return fail(SOTTO_INVALID_ARGUMENT, "the tokens to align are none or too many");
        }
        if (positions < 1 || positions > static_cast<size_t>(session->inner->positions())) {
            return fail(SOTTO_INVALID_ARGUMENT, "no such position was encoded");
        }
        if (!are_known(tokens, token_count, facts.vocab_size)) {
            return fail(SOTTO_INVALID_ARGUMENT, "an unknown token cannot be aligned");
        }
        const stopwatch watch(session->timings.decode_us);
        const sotto::attention_map * mean = session->inner->align(tokens, token_count, positions, cancel);
        if (!mean) {
            return compute_failure(cancel, "reading the cross-attention");
        }
        std::copy(mean->row(first), mean->row(token_count - 1) + positions, out);
        return SOTTO_OK;
    });
}

sotto_status sotto_session_sample_encoding(sotto_session * session, float * out, size_t count) {
    return guarded([&]() -> sotto_status {
        // The cache is longer than what the encoder fills: of the audio's positions only.
        const size_t filled = static_cast<size_t>(session->inner->positions()) * session->model->loaded->width;
        for (size_t i = 0; i < count; ++i) {
            if (!session->has_encoding || !session->inner->encoding_value(i * (filled / count), out[i])) {
                return fail(SOTTO_INVALID_ARGUMENT, "sampling needs an encoding, in half floats");
            }
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
    session->inner->clear();
    session->text.logprobs.clear();
    session->text.ids.clear();
}
