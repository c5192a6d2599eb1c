// Whisper's decoder over many windows at once. A row is one token of one sequence; rows of a step may stand at different
// positions, and belong to different windows. Allocates only when it is made.
#pragma once

#include "caches.h"
#include "model.h"
#include "thread_team.h"
#include "token_buffer.h"
#include "window_computer.h"

namespace sotto::kernels {

class decoder {
  public:
    // `most_rows`: of one step; longer prompts go through in parts.
    decoder(const model & model, thread_team & team, self_cache & own, const cross_cache & audio, int most_rows = 64,
            const kernel_table & table = best_table());

    // One token of each of `count` <= most_rows sequences. Logits of row i: logits + i * vocabulary.
    // Rows of one sequence, and those of one window, should stand together: they share what is read.
    // `cancel`, which may be null, is read before every layer: not zero ends the call with false; the rows may then be run again.
    bool step(const decoder_row * rows, int count, float * logits, const int32_t * cancel = nullptr);
    // Any number of rows without logits but for those that `wants` names by index, in ascending order, `logits` in theirs.
    bool prefill(const decoder_row * rows, int count, const int * wants, int wanted, float * logits, const int32_t * cancel = nullptr);

    // Null: nobody looks.
    void set_observer(query_observer * observer) { observer_ = observer; }

    const model_dimensions & dimensions() const { return model_.dimensions; }

  private:
    struct run {
        int first, count;
    };

    bool forward(const decoder_row * rows, int first, int count, const int32_t * cancel);
    void self_attend(const decoder_layer & layer, int index, const decoder_row * rows);
    void cross_attend(int index, const decoder_row * rows);
    // Rows of `from` become bytes, after a norm if there is one.
    void take(const float * from, int64_t columns, const norm * first);
    void product(const packed_int8 & weights, int64_t columns, int64_t tokens, const epilogue & then);
    void find_runs(const decoder_row * rows, int count);

    const model &        model_;
    thread_team &        team_;
    const kernel_table & table_;
    self_cache &         own_;
    const cross_cache &  audio_;
    int64_t              width_;
    int                  most_rows_;
    int                  count_ = 0;
    query_observer *     observer_ = nullptr;
    aligned_array<float> x_, wide_, attended_, scores_, normal_;
    int64_t              scores_stride_, normal_stride_;
    token_buffer         bytes_;
    std::vector<run>     sequences_, windows_; // rows that follow one another in the same
};

} // namespace sotto::kernels
