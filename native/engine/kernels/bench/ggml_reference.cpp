#include "whisper.cpp"

#include "ggml_reference.h"

#include <stdexcept>

namespace sotto::kernels {

struct ggml_reference::parts {
    whisper_context * context = nullptr;
    whisper_state *   state   = nullptr;
    int               threads = 1;
    ~parts() {
        whisper_free_state(state);
        whisper_free(context);
    }
};

ggml_reference::ggml_reference(const std::string & backend, const std::string & model, int threads) : parts_(new parts) {
    whisper_log_set([](enum ggml_log_level, const char *, void *) {}, nullptr);
    if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) && !ggml_backend_load(backend.c_str())) {
        throw std::runtime_error("cannot load " + backend);
    }
    whisper_context_params params = whisper_context_default_params();
    params.use_gpu = false;
    parts_->context = whisper_init_from_file_with_params_no_state(model.c_str(), params);
    if (!parts_->context) throw std::runtime_error("cannot load " + model);
    parts_->state = whisper_init_state(parts_->context);
    parts_->threads = threads;
}

ggml_reference::~ggml_reference() = default;

void ggml_reference::mel(const std::vector<float> & pcm) {
    whisper_pcm_to_mel_with_state(parts_->context, parts_->state, pcm.data(), static_cast<int>(pcm.size()), parts_->threads);
}

std::vector<float> ggml_reference::mel_frames(int frames) const {
    const whisper_mel & mel = parts_->state->mel;
    std::vector<float> result(static_cast<size_t>(frames) * mel.n_mel);
    for (int frame = 0; frame < frames; ++frame) {
        for (int i = 0; i < mel.n_mel; ++i) {
            result[static_cast<size_t>(frame) * mel.n_mel + i] = frame < mel.n_len ? mel.data[static_cast<size_t>(i) * mel.n_len + frame] : 0.0f;
        }
    }
    return result;
}

void ggml_reference::set_mel(const std::vector<float> & from, int frames) {
    whisper_mel & mel = parts_->state->mel;
    mel.n_mel = parts_->context->model.hparams.n_mels;
    mel.n_len = mel.n_len_org = frames;
    mel.data.resize(from.size());
    for (int frame = 0; frame < frames; ++frame) {
        for (int i = 0; i < mel.n_mel; ++i) mel.data[static_cast<size_t>(i) * frames + frame] = from[static_cast<size_t>(frame) * mel.n_mel + i];
    }
}

void ggml_reference::encode() {
    if (!whisper_encode_internal(*parts_->context, *parts_->state, 0, parts_->threads, nullptr, nullptr)) {
        throw std::runtime_error("ggml's encoder failed");
    }
}

std::vector<float> ggml_reference::encoder_output() const {
    std::vector<float> result(static_cast<size_t>(ggml_nelements(parts_->state->embd_enc)));
    ggml_backend_tensor_get(parts_->state->embd_enc, result.data(), 0, result.size() * sizeof(float));
    return result;
}

const float * ggml_reference::decode(const std::vector<int32_t> & tokens, int past) {
    whisper_state & state = *parts_->state;
    const int count = static_cast<int>(tokens.size());
    whisper_batch_prep_legacy(state.batch, tokens.data(), count, past, 0);
    whisper_kv_cache_seq_rm(state.kv_self, 0, past, -1);
    if (!whisper_decode_internal(*parts_->context, state, state.batch, parts_->threads, false, nullptr, nullptr)) {
        throw std::runtime_error("ggml's decoder failed");
    }
    return state.logits.data() + static_cast<size_t>(count - 1) * parts_->context->vocab.n_vocab;
}

} // namespace sotto::kernels
