// What computes for the C face: ggml through whisper.cpp (whisper_model.cpp), or kernels of our own (kernel_model.cpp). Arguments
// have been checked by then. Both throw for want of memory.
#pragma once

#include "alignment.h"
#include "engine.h"
#include "sampler.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sotto {

// A text as it was decoded, without end of text.
struct decoded_text {
    std::vector<int32_t> ids;
    std::vector<float>   logprobs;
    bool                 ended       = false;
    float                end_logprob = 0.0f;
};

// One decoding at a time. `cancel`: see engine.h. What gives false or null has failed, or was cancelled.
class model_session {
  public:
    virtual ~model_session() = default;

    // Computes the log-mel spectrogram.
    virtual bool set_audio(const int16_t * pcm, size_t count, const int32_t * cancel) = 0;
    // Frames of the audio, 10 ms each.
    virtual int32_t frames() const = 0;
    // At least so many positions of 20 ms, at most audio_context; more where that is how it is best computed.
    virtual bool encode(int32_t offset_frames, int32_t positions, const int32_t * cancel) = 0;
    // Of the last encoding.
    virtual int32_t positions() const = 0;
    // Logits after start of transcript, valid until the next call.
    virtual const float * start_logits(const int32_t * cancel) = 0;
    // `sample_us`: what choosing tokens took.
    virtual bool decode(const int32_t * prompt, size_t count, const sotto_decode_options & options, decoded_text & out,
                        int64_t & sample_us, const int32_t * cancel) = 0;
    // Attention of the heads that follow the audio, as engine.h has it, valid until the next call.
    virtual const attention_map * align(const int32_t * tokens, size_t count, size_t positions, const int32_t * cancel) = 0;
    // Value `index` of the first layer's [position][channel] that the decoder attends to. False: there are none in floats.
    virtual bool encoding_value(size_t index, float & out) const = 0;
    // Forgets the audio.
    virtual void clear() = 0;
};

class loaded_model {
  public:
    virtual ~loaded_model() = default;
    virtual std::unique_ptr<model_session> open_session(int threads) = 0;

    sotto_model_facts        facts = {};
    int32_t                  width = 0; // floats of a position
    std::vector<std::string> tokens;    // their bytes, by id
    sampler_vocabulary       vocabulary;
};

// As floats from -1 to below 1.
inline void convert_samples(const int16_t * pcm, size_t count, float * out) {
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(pcm[i]) / 32768.0f;
}

// For facts and tokens.
sampler_vocabulary sampler_vocabulary_of(const loaded_model & model);

struct model_shape {
    int32_t audio_layers, text_layers, width, heads, vocabulary;
};

struct alignment_head {
    int32_t layer, head;
};

// Which heads follow the audio. For OpenAI's models they are published (upstream's tables; which of them a file holds is
// told by its shape, so large-v1, of the same shape as large-v2, gets the latter's). For any other model all heads of the
// upper half of the layers: openai/whisper `whisper/model.py`, class Whisper, alignment_heads.
std::vector<alignment_head> alignment_heads(const model_shape & shape);

// Throws std::runtime_error with a reason. Where windows cannot be decoded in the batch that is asked for, sessions take turns: all
// of them share the threads of one.
std::unique_ptr<loaded_model> open_whisper_model(const char * path, const std::string & device, const sotto_batch & batch);
// Throws std::runtime_error when the model is of a shape that the kernels do not know, or when there are none of this name.
std::unique_ptr<loaded_model> open_kernel_model(const char * path, const sotto_batch & batch);

// A failure of an argument, not of the model.
struct invalid_argument : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace sotto
