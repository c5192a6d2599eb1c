// Whisper's encoder: a window's log-mel spectrogram → its slot of the cross-attention's cache. Allocates only when it is made.
#pragma once

#include "caches.h"
#include "model.h"
#include "thread_team.h"
#include "token_buffer.h"
#include "window_computer.h"

namespace sotto::kernels {

// How the encoder attends to itself. `floats` is exact; `bytes` holds keys and values as the cross-attention's cache does, is
// faster, and costs as much precision again as the products do (docs/kernels.md).
enum class encoder_attention_mode { floats, bytes };

class encoder {
  public:
    encoder(const model & model, thread_team & team, const kernel_table & table = best_table(),
            encoder_attention_mode mode = encoder_attention_mode::floats);

    // `mel`: [2 * positions][mels], 0 < positions <= audio_context. `cancel`, which may be null, is read before every layer:
    // not zero ends the call with false, and leaves the slot without positions.
    bool encode(const float * mel, int32_t positions, cross_cache & cache, int slot, const int32_t * cancel = nullptr);

    // The same in parts, between which others may be served: `begin` takes a window, then each `advance` computes half a layer or
    // less. `mel` is read by the first of them.
    void begin(const float * mel, int32_t positions, cross_cache & cache, int slot);
    using progress = window_computer::progress;
    progress advance();

    // What the encoder made of the last window, before its last norm: [position][state].
    const float * residual() const { return x_.data(); }

  private:
    // Of one thread, for TOKENS tokens.
    struct workspace {
        token_buffer         bytes;
        aligned_array<float> normal, wide, scores, frames;
        workspace(const model_dimensions & dimensions);
    };

    // Of the window that `begin` took.
    struct current_window {
        const float * mel       = nullptr;
        int32_t       positions = 0;
        cross_cache * cache     = nullptr;
        int           slot      = 0;
        size_t        part      = 0; // next
    };

    void convolve(const float * mel, int32_t positions);
    void finish(int32_t positions);
    void attend(const encoder_layer & layer, int32_t positions);
    void project(const encoder_layer & layer, int32_t positions);
    void attend_in_floats(int32_t positions);
    void attend_in_bytes(int32_t positions);
    void feed_forward(const encoder_layer & layer, int32_t positions);
    void fill(const decoder_layer & layer, int index, int32_t positions, cross_cache & cache, int slot);

    const model &        model_;
    thread_team &        team_;
    const kernel_table & table_;
    encoder_attention_mode mode_;
    int64_t              width_;
    aligned_array<float> mel_;    // with a row of zeros before and after
    aligned_array<float> x_;
    aligned_array<float> query_;  // [position][state]; the attention's result takes its place
    aligned_array<float> key_;    // floats: [head], packed as the table does it; bytes: [position][state]
    aligned_array<float> value_;  // the same
    cross_cache          own_;    // bytes: one layer's keys and values
    token_buffer         result_; // the encoder's output as bytes
    std::vector<workspace> workspaces_;
    current_window         window_;
};

} // namespace sotto::kernels
