#include "log_mel.h"

#include <algorithm>
#include <cmath>

namespace sotto::kernels {

namespace {

constexpr double PI = 3.14159265358979323846;
constexpr int    MOST_THREADS = 64;

void turn(double angle, float * out) {
    out[0] = static_cast<float>(std::cos(angle));
    out[1] = static_cast<float>(std::sin(angle));
}

fft_plan make_plan() {
    fft_plan plan = {};
    for (int i = 0; i < FFT_SIZE; ++i) plan.window[i] = static_cast<float>(0.5 * (1.0 - std::cos(2.0 * PI * i / FFT_SIZE)));
    int n = FFT_POINTS;
    for (int pass = 0; pass < 4; ++pass) {
        const int radix = FFT_RADICES[pass];
        for (int p = 0; p < n / radix; ++p) {
            for (int k = 1; k < radix; ++k) turn(-2.0 * PI * p * k / n, plan.twiddles[pass][p * (radix - 1) + k - 1]);
        }
        n /= radix;
    }
    for (int k = 0; k <= FFT_POINTS; ++k) turn(-2.0 * PI * k / FFT_SIZE, plan.halves[k]);
    return plan;
}

} // namespace

log_mel_spectrogram::log_mel_spectrogram(const std::vector<float> & filters, int64_t most_samples, const kernel_table & table)
    : table_(table), plan_(make_plan()), weights_(filters), most_samples_(most_samples),
      // The last group of frames may reach beyond the audio.
      padded_(FFT_SIZE / 2 + most_samples + FFT_SIZE + MEL_FRAMES * HOP), power_(MOST_THREADS * FFT_BINS * MEL_FRAMES),
      last_frames_(MEL_FRAMES * static_cast<int64_t>(filters.size() / FFT_BINS)) {
    for (size_t mel = 0; mel < filters.size() / FFT_BINS; ++mel) {
        const float * row = filters.data() + mel * FFT_BINS;
        int32_t first = 0;
        int32_t last = FFT_BINS;
        while (first < last && row[first] == 0.0f) ++first;
        while (last > first && row[last - 1] == 0.0f) --last;
        first_.push_back(first);
        last_.push_back(last);
    }
}

void log_mel_spectrogram::compute(const float * samples, int64_t count, thread_team & team, float * out, int64_t frames) {
    // The beginning is mirrored, the end is silence.
    constexpr int64_t EDGE = FFT_SIZE / 2;
    for (int64_t i = 0; i < EDGE; ++i) padded_[i] = EDGE - i < count ? samples[EDGE - i] : 0.0f;
    std::copy_n(samples, count, padded_.data() + EDGE);
    std::fill(padded_.data() + EDGE + count, padded_.data() + padded_.size(), 0.0f);

    const int64_t width = mels();
    const mel_filters filters = { mels(), weights_.data(), first_.data(), last_.data() };
    const int64_t audible = std::min(frames_of(count), frames);
    const int64_t groups = (audible + MEL_FRAMES - 1) / MEL_FRAMES;
    const int64_t shares = std::min<int64_t>(groups, MOST_THREADS);
    float loudest[MOST_THREADS];
    team.each(shares, [&](int64_t share, int) {
        loudest[share] = -10.0f;
        float * power = power_.data() + share * FFT_BINS * MEL_FRAMES;
        for (int64_t group = share * groups / shares; group < (share + 1) * groups / shares; ++group) {
            const int64_t frame = group * MEL_FRAMES;
            const bool whole = frame + MEL_FRAMES <= frames;
            table_.power_spectra(padded_.data() + frame * HOP, HOP, plan_, power);
            float * to = whole ? out + frame * width : last_frames_.data();
            loudest[share] = std::max(loudest[share], table_.log_mel(power, filters, to, width));
            if (!whole) std::copy_n(to, (frames - frame) * width, out + frame * width);
        }
    });
    const float floor = *std::max_element(loudest, loudest + shares) - 8.0f;
    std::fill(out + audible * width, out + frames * width, -10.0f);
    for (int64_t i = 0; i < frames * width; ++i) out[i] = (std::max(out[i], floor) + 4.0f) * 0.25f;
}

} // namespace sotto::kernels
