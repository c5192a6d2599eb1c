// Speech detection by whisper.cpp's Silero VAD. Upstream's own entry forgets with every call what the network carries from
// frame to frame; here the caller keeps it, so that a recording of any length is judged in pieces, in one pass.

struct sotto_speech {
    whisper_vad_context * context = nullptr;
    std::vector<float>    pcm;

    ~sotto_speech() { whisper_vad_free(context); }
};

namespace {

constexpr size_t SPEECH_MAX_SAMPLES = 60 * WHISPER_SAMPLE_RATE;
// A megabyte of weights, and a graph's buffers.
constexpr size_t SPEECH_BYTES = 16 << 20;

bool all_finite(const float * values, size_t count) {
    return std::all_of(values, values + count, [](float value) { return std::isfinite(value); });
}

} // namespace

sotto_status sotto_speech_open(const char * path, sotto_speech ** out) {
    return guarded([&]() -> sotto_status {
        sotto::listen_to_upstream();
        if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
            return fail(SOTTO_INVALID_ARGUMENT, "no backend for the CPU is loaded");
        }
        sotto::demand_memory(SPEECH_BYTES);
        auto speech = std::make_unique<sotto_speech>();
        whisper_vad_context_params params = whisper_vad_default_context_params();
        params.n_threads = 1; // the graph's nodes are too small to share
        speech->context = whisper_vad_init_from_file_with_params(path, params);
        if (!speech->context) {
            return fail(SOTTO_LOAD_FAILED, sotto::upstream_error("whisper.cpp gave no reason"));
        }
        if (speech->context->n_window != SOTTO_SPEECH_FRAME ||
            ggml_nelements(speech->context->h_state) + ggml_nelements(speech->context->c_state) != SOTTO_SPEECH_STATE) {
            return fail(SOTTO_LOAD_FAILED, "frames of 512 samples and a state of 256 numbers were expected");
        }
        *out = speech.release();
        return SOTTO_OK;
    });
}

void sotto_speech_close(sotto_speech * speech) {
    guarded([&] { delete speech; return SOTTO_OK; });
}

sotto_status sotto_speech_judge(sotto_speech * speech, const int16_t * pcm, size_t count, float * state, float * probabilities) {
    return guarded([&]() -> sotto_status {
        if (count < 1 || count > SPEECH_MAX_SAMPLES) {
            return fail(SOTTO_INVALID_ARGUMENT, "audio must hold 1 to 960000 samples");
        }
        if (!all_finite(state, SOTTO_SPEECH_STATE)) {
            return fail(SOTTO_INVALID_ARGUMENT, "the state holds what is no number");
        }
        whisper_vad_context & context = *speech->context;
        const size_t half = SOTTO_SPEECH_STATE / 2;
        ggml_backend_tensor_set(context.h_state, state, 0, half * sizeof(float));
        ggml_backend_tensor_set(context.c_state, state + half, 0, half * sizeof(float));
        speech->pcm.resize(count);
        for (size_t i = 0; i < count; ++i) {
            speech->pcm[i] = static_cast<float>(pcm[i]) / 32768.0f;
        }
        const bool ok = whisper_vad_detect_speech_no_reset(&context, speech->pcm.data(), static_cast<int>(count));
        // Nothing of one recording stays behind for the next.
        std::fill(speech->pcm.begin(), speech->pcm.end(), 0.0f);
        ggml_backend_tensor_get(context.h_state, state, 0, half * sizeof(float));
        ggml_backend_tensor_get(context.c_state, state + half, 0, half * sizeof(float));
        if (!ok || !all_finite(context.probs.data(), context.probs.size()) || !all_finite(state, SOTTO_SPEECH_STATE)) {
            return fail(SOTTO_COMPUTE_FAILED, "speech detection failed: its weights may be damaged");
        }
        std::copy(context.probs.begin(), context.probs.end(), probabilities);
        return SOTTO_OK;
    });
}
