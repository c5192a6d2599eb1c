// A Whisper model with its weights packed: read-only once made, shared by all encoders and decoders.
#pragma once

#include "model_file.h"
#include "pack.h"

namespace sotto::kernels {

struct linear {
    packed_int8          weights;
    aligned_array<float> bias; // as long as the panels; zero where the model has none
};

struct norm {
    aligned_array<float> gamma, beta;
};

struct convolution {
    packed_f32           weights; // columns: [tap][channel]
    aligned_array<float> bias;
};

struct encoder_layer {
    norm   attention_norm;
    linear query_key_value; // one product of three
    linear attention_out;
    norm   mlp_norm;
    linear up, down;
};

struct decoder_layer {
    norm   self_norm;
    linear query_key_value;
    linear self_out;
    norm   cross_norm;
    linear cross_query;
    linear cross_key_value; // of the encoder's output
    linear cross_out;
    norm   mlp_norm;
    linear up, down;
};

class model {
  public:
    // The file is needed no longer afterwards.
    explicit model(const model_file & file);

    model_dimensions           dimensions;
    std::vector<float>         mel_filters; // [mel][bin]
    convolution                first, second;
    aligned_array<float>       audio_positions; // [position][state]
    std::vector<encoder_layer> encoder_layers;
    norm                       encoder_norm;
    packed_int8                token_embedding; // also the weights of the logits
    aligned_array<float>       text_positions;
    std::vector<decoder_layer> decoder_layers;
    norm                       decoder_norm;

    size_t bytes() const { return bytes_; }

  private:
    size_t bytes_ = 0;
};

} // namespace sotto::kernels
