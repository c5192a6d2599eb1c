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

struct ggml_product::parts {
    ggml_backend_t        backend = nullptr;
    ggml_context *        context = nullptr;
    ggml_backend_buffer_t buffer = nullptr;
    ggml_cgraph *         graph = nullptr;
    ~parts() {
        ggml_backend_buffer_free(buffer);
        ggml_free(context);
        ggml_backend_free(backend);
    }
};

ggml_product::ggml_product(const std::string & backend, bool quantized, int64_t rows, int64_t columns, int64_t tokens) : parts_(new parts) {
    if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) ggml_backend_load(backend.c_str());
    parts_->backend = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr);
    ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(ggml_backend_get_device(parts_->backend));
    auto * set_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_n_threads"));
    set_threads(parts_->backend, 1);
    parts_->context = ggml_init({ 16 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true });
    const ggml_type type = quantized ? GGML_TYPE_Q8_0 : GGML_TYPE_F16;
    ggml_tensor * weights = ggml_new_tensor_2d(parts_->context, type, columns, rows);
    ggml_tensor * x = ggml_new_tensor_2d(parts_->context, GGML_TYPE_F32, columns, tokens);
    ggml_tensor * y = ggml_mul_mat(parts_->context, weights, x);
    parts_->graph = ggml_new_graph(parts_->context);
    ggml_build_forward_expand(parts_->graph, y);
    parts_->buffer = ggml_backend_alloc_ctx_tensors(parts_->context, parts_->backend);
    std::vector<float> row(static_cast<size_t>(columns));
    for (int64_t i = 0; i < columns; ++i) row[static_cast<size_t>(i)] = std::sin(static_cast<float>(i));
    std::vector<uint8_t> packed(ggml_row_size(type, columns));
    ggml_quantize_chunk(type, row.data(), packed.data(), 0, 1, columns, nullptr);
    for (int64_t i = 0; i < rows; ++i) ggml_backend_tensor_set(weights, packed.data(), static_cast<size_t>(i) * packed.size(), packed.size());
    for (int64_t i = 0; i < tokens; ++i) ggml_backend_tensor_set(x, row.data(), static_cast<size_t>(i) * row.size() * 4, row.size() * 4);
}

ggml_product::~ggml_product() = default;

void ggml_product::compute() { ggml_backend_graph_compute(parts_->backend, parts_->graph); }

} // namespace sotto::kernels
