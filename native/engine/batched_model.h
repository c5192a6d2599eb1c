// A model whose windows are decoded together, those of all sessions (kernels/batcher.h), whatever computes them.
#pragma once

#include "kernels/batcher.h"
#include "kernels/log_mel.h"
#include "loaded_model.h"

#include <mutex>

namespace sotto {

class batched_model : public loaded_model {
  public:
    std::unique_ptr<model_session> open_session(int threads) override;

    kernels::batcher & batch() { return *batch_; }
    // `count` samples → `frames` frames, the audio's and then silence.
    void compute_spectrogram(const int16_t * pcm, int64_t count, float * out, int64_t frames);

  protected:
    // `mel_filters`: [mel][bin]. `table`: of the spectrogram and the choice of tokens.
    batched_model(const std::vector<float> & mel_filters, const kernels::kernel_table & table);

    // Once facts and vocabulary are there.
    void begin(std::unique_ptr<kernels::thread_team> team, std::unique_ptr<kernels::window_computer> computer);
    // Ends the batcher's thread, before what it computes with goes.
    void end() { batch_.reset(); }

  private:
    const kernels::kernel_table &     table_;
    std::unique_ptr<kernels::batcher> batch_;

    // A spectrogram takes a millisecond and four megabytes: sessions take turns, or each would keep as much.
    std::mutex                    turn_;
    kernels::thread_team          alone_;
    kernels::log_mel_spectrogram  mel_;
    kernels::aligned_array<float> samples_;
};

} // namespace sotto
