// Whisper's input: the logarithm of 16 kHz audio's power on the mel scale, as OpenAI's log_mel_spectrogram and whisper.cpp's.
#pragma once

#include "aligned_array.h"
#include "table.h"
#include "thread_team.h"

#include <vector>

namespace sotto::kernels {

constexpr int HOP = 160; // samples from frame to frame: 10 ms

class log_mel_spectrogram {
  public:
    // `filters`: [mel][FFT_BINS], as a model has them. `most_samples`: room that is made for audio.
    log_mel_spectrogram(const std::vector<float> & filters, int64_t most_samples, const kernel_table & table = best_table());

    int mels() const { return static_cast<int>(first_.size()); }

    // `count` samples, 0 < count <= most_samples → out[frame][mel] of `frames` frames: those of the audio, and what follows is
    // silence. Normalized by the loudest of all the audio's frames, so that a window may be cut out anywhere.
    void compute(const float * samples, int64_t count, thread_team & team, float * out, int64_t frames);

    // Frames that the audio reaches into.
    static int64_t frames_of(int64_t samples) { return (samples + FFT_SIZE / 2) / HOP + 1; }

  private:
    const kernel_table & table_;
    fft_plan             plan_;
    std::vector<float>   weights_;
    std::vector<int32_t> first_, last_;
    int64_t              most_samples_;
    aligned_array<float> padded_;
    aligned_array<float> power_; // per thread
    aligned_array<float> last_frames_;
};

} // namespace sotto::kernels
