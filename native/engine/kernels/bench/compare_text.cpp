// Greedy texts of our forward passes and of ggml's, window by window: how many are the same, token for token.
//   compare_text MODULE MODEL FOLDER   raw files *.pcm: 16 kHz mono s16, at most 30 s
#include "ggml_reference.h"

#include "kernels/decoder.h"
#include "kernels/encoder.h"
#include "kernels/lean_sampler.h"
#include "kernels/log_mel.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

using namespace sotto::kernels;

namespace {

// Ids of Whisper's multilingual vocabulary of 51,865.
constexpr int32_t END = 50257, TIMESTAMPS = 50364;
const std::vector<int32_t> PROMPT = { 50258, 50259, 50359 };
constexpr int MOST_TOKENS = 200;

std::vector<float> read_pcm(const std::filesystem::path & path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<float> pcm;
    for (int16_t sample; file.read(reinterpret_cast<char *>(&sample), sizeof sample);) pcm.push_back(static_cast<float>(sample) / 32768.0f);
    return pcm;
}

std::vector<int32_t> grow(const sotto::sampler_vocabulary & vocabulary, const std::function<const float *(const std::vector<int32_t> &, int)> & logits_after) {
    lean_sampler sampler(vocabulary, {}, 1);
    std::vector<int32_t> ids;
    std::vector<float> logits(static_cast<size_t>(vocabulary.size));
    const float * from = logits_after(PROMPT, 0);
    while (ids.size() < MOST_TOKENS) {
        std::copy_n(from, logits.size(), logits.begin());
        const int32_t id = sampler.next(logits.data()).id;
        if (id == END) break;
        ids.push_back(id);
        from = logits_after({ id }, static_cast<int>(PROMPT.size() + ids.size()) - 1);
    }
    return ids;
}

} // namespace

int main(int argc, char ** argv) {
    if (argc < 4) return 2;
    ggml_reference reference(argv[1], argv[2], 1);
    const model_file file(argv[2]);
    const model packed(file);
    const model_dimensions & d = packed.dimensions;
    sotto::sampler_vocabulary vocabulary;
    vocabulary.size = d.vocabulary;
    vocabulary.end_of_text = END;
    vocabulary.timestamp_begin = TIMESTAMPS;

    thread_team team(1);
    cross_cache audio(d, 1);
    self_cache own(d, 1);
    encoder in_floats(packed, team);
    encoder in_bytes(packed, team, best_table(), encoder_attention_mode::bytes);
    decoder decode(packed, team, own, audio);
    log_mel_spectrogram spectrogram(packed.mel_filters, 480000);
    std::vector<float> mel(2 * static_cast<size_t>(d.audio_context) * static_cast<size_t>(d.mels)), logits(static_cast<size_t>(d.vocabulary));

    const auto ours = [&](encoder & encode) {
        encode.encode(mel.data(), d.audio_context, audio, 0);
        return grow(vocabulary, [&](const std::vector<int32_t> & tokens, int past) {
            std::vector<decoder_row> rows;
            for (const int32_t token : tokens) rows.push_back({ token, past + static_cast<int32_t>(rows.size()), 0, 0 });
            const int last = static_cast<int>(rows.size()) - 1;
            decode.prefill(rows.data(), static_cast<int>(rows.size()), &last, 1, logits.data());
            return logits.data();
        });
    };
    const auto words_of = [](std::vector<int32_t> ids) {
        ids.erase(std::remove_if(ids.begin(), ids.end(), [](int32_t id) { return id >= END; }), ids.end());
        return ids;
    };
    int windows = 0, tokens = 0, same_floats = 0, same_bytes = 0, words_floats = 0, words_bytes = 0;
    for (const auto & entry : std::filesystem::directory_iterator(argv[3])) {
        if (entry.path().extension() != ".pcm") continue;
        const auto pcm = read_pcm(entry.path());
        spectrogram.compute(pcm.data(), static_cast<int64_t>(pcm.size()), team, mel.data(), 2 * d.audio_context);
        reference.mel(pcm);
        reference.encode();
        const auto expected = grow(vocabulary, [&](const std::vector<int32_t> & ids, int past) { return reference.decode(ids, past); });
        const auto floats = ours(in_floats), bytes = ours(in_bytes);
        ++windows;
        tokens += static_cast<int>(expected.size());
        same_floats += floats == expected;
        same_bytes += bytes == expected;
        words_floats += words_of(floats) == words_of(expected);
        words_bytes += words_of(bytes) == words_of(expected);
    }
    std::printf("%d windows, %d tokens; attention in floats: %d the same token for token, %d in their words; in bytes: %d and %d\n", windows,
                tokens, same_floats, words_floats, same_bytes, words_bytes);
    return 0;
}
