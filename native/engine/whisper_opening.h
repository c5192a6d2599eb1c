// Opening models and states of whisper.cpp's, on the device that was asked for and not beyond the memory that there is. Included by
// whisper_model.cpp, after whisper.cpp, whose private parts it reads.
#pragma once

#include "loaded_model.h"
#include "upstream_log.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>

namespace sotto {

struct context_freer {
    void operator()(whisper_context * context) const { whisper_free(context); }
};
using context_owner = std::unique_ptr<whisper_context, context_freer>;

struct state_freer {
    void operator()(whisper_state * state) const { whisper_free_state(state); }
};
using state_owner = std::unique_ptr<whisper_state, state_freer>;

// Where memory is limited, ggml aborts without a buffer for weights, and whisper_init_state frees what it never made.
// So all that is about to be taken is asked for first. Volatile: a compiler may leave out a pair of malloc and free.
inline void demand_memory(size_t bytes) {
    void * volatile probe = std::malloc(bytes);
    if (!probe) {
        throw std::bad_alloc();
    }
    std::free(probe);
}

// Fifty thousand tokens in two maps, and whatever else loading takes beside the weights.
constexpr size_t VOCABULARY_BYTES = 32 << 20;

// The sum of src/catalog/session-memory.ts, and a quarter more.
inline size_t session_bytes(const whisper_hparams & hparams) {
    const size_t width  = hparams.n_text_state;
    const size_t caches = 4 * width * (2048 * static_cast<size_t>(hparams.n_text_layer) + 1536);
    const size_t logits = 4 * static_cast<size_t>(hparams.n_vocab) * hparams.n_text_ctx;
    return (caches + logits + 76000 * width + 9000000) / 4 * 5;
}

// whisper.cpp counts GPUs in the order of the registry. -1: there is none of that name; 0 for none at all.
inline int gpu_index(const std::string & name) {
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
inline bool runs_on(const whisper_state & state, const std::string & device) {
    return device.empty() || std::any_of(state.backends.begin(), state.backends.end(), [&](ggml_backend_t backend) {
        return device == ggml_backend_dev_name(ggml_backend_get_device(backend));
    });
}

// Throws std::runtime_error with a reason.
inline context_owner open_context(const char * path, const std::string & device) {
    listen_to_upstream();
    // whisper.cpp asserts that there is one.
    if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
        throw invalid_argument("no backend for the CPU is loaded");
    }
    std::error_code unreadable;
    const auto file_bytes = std::filesystem::file_size(path, unreadable);
    if (!unreadable) {
        demand_memory(file_bytes + VOCABULARY_BYTES);
    }
    whisper_context_params params = whisper_context_default_params();
    params.use_gpu = !device.empty();
    params.gpu_device = gpu_index(device);
    if (params.gpu_device < 0) {
        throw invalid_argument("no such device: " + device);
    }
    context_owner context(whisper_init_from_file_with_params_no_state(path, params));
    if (!context) {
        throw std::runtime_error(upstream_error("whisper.cpp gave no reason"));
    }
    return context;
}

inline state_owner open_state(whisper_context & context, const std::string & device) {
    demand_memory(session_bytes(context.model.hparams));
    state_owner state(whisper_init_state(&context));
    if (!state) {
        throw std::bad_alloc();
    }
    if (!runs_on(*state, device)) {
        throw std::runtime_error("the device " + device + " did not start");
    }
    return state;
}

// What a model says of itself.
inline void describe(loaded_model & model, const whisper_context & context) {
    const whisper_hparams & hparams = context.model.hparams;
    const whisper_vocab & vocab = context.vocab;
    model.facts = {
        vocab.n_vocab, hparams.n_audio_ctx, hparams.n_audio_layer, hparams.n_text_ctx, hparams.n_text_layer,
        hparams.n_mels, vocab.is_multilingual() ? 1 : 0, vocab.is_multilingual() ? vocab.num_languages() : 1,
        vocab.token_eot, vocab.token_sot, vocab.token_translate, vocab.token_transcribe, vocab.token_prev,
        vocab.token_nosp, vocab.token_not, vocab.token_beg, 0,
    };
    model.width = hparams.n_text_state;
    model.tokens.resize(static_cast<size_t>(vocab.n_vocab));
    for (const auto & [id, token] : vocab.id_to_token) {
        if (id < vocab.n_vocab) model.tokens[static_cast<size_t>(id)] = token;
    }
    model.vocabulary = sampler_vocabulary_of(model);
}

} // namespace sotto
