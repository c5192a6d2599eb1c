#include "check.h"

#include "kernels/log_mel.h"

namespace sotto::kernels::tests {

namespace {

// Triangles that overlap, like the model's.
std::vector<float> triangles(int mels) {
    std::vector<float> filters(static_cast<size_t>(mels) * FFT_BINS, 0.0f);
    for (int mel = 0; mel < mels; ++mel) {
        const float middle = 2.0f + static_cast<float>(mel) * 190.0f / static_cast<float>(mels);
        for (int bin = 0; bin < FFT_BINS; ++bin) {
            const float height = 1.0f - std::fabs(static_cast<float>(bin) - middle) / 3.0f;
            if (height > 0.0f) filters[static_cast<size_t>(mel * FFT_BINS + bin)] = 0.02f * height;
        }
    }
    return filters;
}

} // namespace

SOTTO_TEST(log_mel_is_that_of_the_plain_loops) {
    for (const int mels : { 80, 128 }) {
        for (const int64_t count : { 1, 159, 160, 201, 1600, 5000, 16000 }) {
            for (const values kind : { values::normal, values::zeros, values::negative_zeros, values::denormal, values::constant, values::one_large }) {
                auto pcm = make(kind, count, 1);
                for (float & x : pcm) x *= 0.1f;
                for (const int64_t frames : { int64_t { 100 }, count / HOP + 33 }) {
                    const auto run = [&](const kernel_table & table, int threads) {
                        thread_team team(threads);
                        log_mel_spectrogram mel(triangles(mels), count, table);
                        std::vector<float> out(static_cast<size_t>(frames * mels), 7.0f);
                        mel.compute(pcm.data(), count, team, out.data(), frames);
                        return out;
                    };
                    // A fiftieth of the inputs is enough for the slow loops.
                    if (count == 16000 && kind != values::normal) continue;
                    const auto expected = run(plain_table(), 1);
                    each_table([&](const kernel_table & table) {
                        const auto came = run(table, 3);
                        for (size_t i = 0; i < came.size(); ++i) check(std::fabs(came[i] - expected[i]) < 2.5e-4f, "a level differs");
                    });
                }
            }
        }
    }
}

} // namespace sotto::kernels::tests
