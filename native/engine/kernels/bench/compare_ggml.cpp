// Our forward passes against ggml's, on one model: how far apart, and how fast. Both take turns, the medians count; in one thread
// in its processor time.
// Ends with 1 when they are further apart than docs/kernels.md says.
//   compare_ggml MODULE MODEL [threads] [rounds] [pcm: 16 kHz mono s16]
#include "ggml_reference.h"

#include "kernels/decoder.h"
#include "kernels/encoder.h"
#include "kernels/log_mel.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <random>

using namespace sotto::kernels;

namespace {

constexpr double MOST_ENCODER_ERROR = 0.03; // relative L2
constexpr double MOST_LOGITS_ERROR = 0.06;  // relative L2
constexpr double MOST_MEL_ERROR = 1e-3;     // of log10

bool alone = false; // one thread: its own time is counted, not that of the clock, which neighbours take from

double now_milliseconds() {
    timespec now;
    clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

double milliseconds_of(const std::function<void()> & body) {
    const double start = now_milliseconds();
    body();
    return now_milliseconds() - start;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// Fastest and median.
std::string times(const std::vector<double> & values) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f (best %.2f) ms", median(values), *std::min_element(values.begin(), values.end()));
    return text;
}

double relative(const float * came, const float * expected, size_t count) {
    double error = 0.0, power = 0.0;
    for (size_t i = 0; i < count; ++i) {
        error += (came[i] - expected[i]) * (came[i] - expected[i]);
        power += expected[i] * expected[i];
    }
    return std::sqrt(error / power);
}

std::vector<float> read_pcm(const char * path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<float> pcm;
    for (int16_t sample; file.read(reinterpret_cast<char *>(&sample), sizeof sample);) pcm.push_back(static_cast<float>(sample) / 32768.0f);
    return pcm;
}

// A glide with some noise, where no recording is given.
std::vector<float> glide() {
    std::mt19937 random(1);
    std::normal_distribution<float> noise(0.0f, 0.01f);
    std::vector<float> pcm(480000);
    double phase = 0.0;
    for (size_t i = 0; i < pcm.size(); ++i) {
        phase += 2.0 * 3.14159265 * (200.0 + 150.0 * std::sin(static_cast<double>(i) / 9000.0)) / 16000.0;
        pcm[i] = static_cast<float>(0.2 * std::sin(phase) + 0.1 * std::sin(3.0 * phase)) + noise(random);
    }
    return pcm;
}

// Single products in one thread, ours with the making of bytes.
void compare_products(const char * backend, const model_dimensions & d) {
    const int64_t width = d.audio_state;
    const struct { const char * name; int64_t rows, columns, tokens; } shapes[] = {
        { "wide", width, width, 1500 }, { "wide", 4 * width, width, 1500 }, { "wide", width, 4 * width, 1500 },
        { "narrow", 4 * width, width, 1 }, { "narrow", 4 * width, width, 8 }, { "logits", d.vocabulary, width, 1 }, { "logits", d.vocabulary, width, 8 },
    };
    const bool was_alone = alone;
    alone = true;
    for (const auto & shape : shapes) {
        std::vector<float> x(static_cast<size_t>(shape.tokens * shape.columns));
        for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
        packed_int8 weights(shape.rows, shape.columns);
        for (int64_t i = 0; i < shape.rows; ++i) weights.set_row(i, x.data(), shape.columns);
        token_buffer bytes(shape.tokens, shape.columns);
        std::vector<float> y(static_cast<size_t>(shape.tokens * shape.rows));
        epilogue then;
        then.out = y.data();
        then.out_stride = shape.rows;
        ggml_product q8(backend, true, shape.rows, shape.columns, shape.tokens), f16(backend, false, shape.rows, shape.columns, shape.tokens);
        double best[3] = { 1e30, 1e30, 1e30 };
        for (int round = 0; round < 15; ++round) {
            best[0] = std::min(best[0], milliseconds_of([&] {
                int8_tokens tokens = bytes.tokens();
                for (int64_t i = 0; i < shape.tokens; ++i) best_table().quantize(x.data() + i * shape.columns, shape.columns, tokens, i);
                for (int64_t i = 0; i < shape.tokens; i += PANEL) {
                    best_table().int8_product(weights.weights(), 0, panels_of(shape.rows), tokens, i, std::min(shape.tokens, i + PANEL), then);
                }
            }));
            best[1] = std::min(best[1], milliseconds_of([&] { q8.compute(); }));
            best[2] = std::min(best[2], milliseconds_of([&] { f16.compute(); }));
        }
        const double operations = 2e-6 * static_cast<double>(shape.rows * shape.columns * shape.tokens);
        std::printf("%-6s %5lldx%-4lld N=%-4lld ours %6.1f GOP/s, ggml q8_0 %6.1f (ratio %4.1f), f16 %6.1f (ratio %4.1f)\n", shape.name,
                    static_cast<long long>(shape.rows), static_cast<long long>(shape.columns), static_cast<long long>(shape.tokens),
                    operations / best[0], operations / best[1], best[1] / best[0], operations / best[2], best[2] / best[0]);
    }
    alone = was_alone;
}

} // namespace

int main(int argc, char ** argv) {
    if (argc < 3) return 2;
    const int threads = argc > 3 ? std::atoi(argv[3]) : 1;
    const int rounds = argc > 4 ? std::atoi(argv[4]) : 5;
    alone = threads == 1;
    ggml_reference reference(argv[1], argv[2], threads);
    thread_team team(threads);
    const double load = milliseconds_of([&] { model_file file(argv[2]); model once(file); });
    const model_file file(argv[2]);
    const model packed(file);
    const model_dimensions & d = packed.dimensions;
    cross_cache audio(d, 16);
    self_cache own(d, 16);
    encoder encode(packed, team);
    decoder decode(packed, team, own, audio);
    std::printf("%s, %d threads; table %s; packed in %.0f ms: weights %.1f MB, cross cache %.1f MB and self cache %.1f MB a slot\n", argv[2],
                threads, best_table().name, load, packed.bytes() / 1e6, cross_cache::slot_bytes(packed.dimensions) / 1e6, self_cache::slot_bytes(packed.dimensions) / 1e6);

    compare_products(argv[1], d);
    const std::vector<float> pcm = argc > 5 ? read_pcm(argv[5]) : glide();
    log_mel_spectrogram spectrogram(packed.mel_filters, static_cast<int64_t>(pcm.size()));
    std::vector<float> own_mel(2 * static_cast<size_t>(d.audio_context) * static_cast<size_t>(d.mels));
    std::vector<double> own_mel_times, mel_times;
    for (int round = 0; round < rounds; ++round) {
        own_mel_times.push_back(milliseconds_of([&] {
            spectrogram.compute(pcm.data(), static_cast<int64_t>(pcm.size()), team, own_mel.data(), 2 * d.audio_context);
        }));
        mel_times.push_back(milliseconds_of([&] { reference.mel(pcm); }));
    }
    const auto mel = reference.mel_frames(2 * d.audio_context);
    double mel_apart = 0.0;
    for (size_t i = 0; i < mel.size(); ++i) mel_apart = std::max(mel_apart, 4.0 * std::fabs(mel[i] - own_mel[i]));
    std::printf("log-mel: ours %s, whisper.cpp %s, ratio %.1f; log10 apart by at most %.6f\n", times(own_mel_times).c_str(),
                times(mel_times).c_str(), median(mel_times) / median(own_mel_times), mel_apart);
    reference.set_mel(mel, 2 * d.audio_context);

    encoder encode_bytes(packed, team, best_table(), encoder_attention_mode::bytes);
    std::vector<double> ours, theirs, bytes;
    for (int round = 0; round < rounds; ++round) {
        bytes.push_back(milliseconds_of([&] { encode_bytes.encode(mel.data(), d.audio_context, audio, 0); }));
        ours.push_back(milliseconds_of([&] { encode.encode(mel.data(), d.audio_context, audio, 0); }));
        theirs.push_back(milliseconds_of([&] { reference.encode(); }));
    }
    const auto output_of = [&](const encoder & from) {
        std::vector<float> output(static_cast<size_t>(d.audio_context) * d.audio_state);
        for (int64_t i = 0; i < d.audio_context; ++i) {
            plain_table().layer_norm(from.residual() + i * d.audio_state, packed.encoder_norm.gamma.data(), packed.encoder_norm.beta.data(),
                                     d.audio_state, output.data() + i * d.audio_state);
        }
        return output;
    };
    const auto expected = reference.encoder_output();
    const auto report = [&](const char * name, const encoder & from, const std::vector<double> & mine) {
        std::printf("encode, %s: ours %s, ggml %s, ratio %.2f; output apart by %.4f (relative L2)\n", name, times(mine).c_str(),
                    times(theirs).c_str(), median(theirs) / median(mine), relative(output_of(from).data(), expected.data(), expected.size()));
    };
    report("attention in floats", encode, ours);
    report("attention in bytes", encode_bytes, bytes);

    // Every slot the same window, so that batched rows must agree with a single one.
    for (int slot = 1; slot < audio.slots(); ++slot) encode.encode(mel.data(), d.audio_context, audio, slot);

    const int vocabulary = d.vocabulary;
    const std::vector<int32_t> prompt = { 50258, 50259, 50359 };
    std::vector<float> logits(static_cast<size_t>(vocabulary) * 16);
    std::vector<decoder_row> rows;
    for (int slot = 0; slot < 16; ++slot) {
        for (int i = 0; i < 3; ++i) rows.push_back({ prompt[static_cast<size_t>(i)], i, slot, slot });
    }
    int wants[16];
    for (int i = 0; i < 16; ++i) wants[i] = 3 * i + 2;
    decode.prefill(rows.data(), 48, wants, 16, logits.data());
    const float * theirs_logits = reference.decode(prompt, 0);
    std::vector<int32_t> ids;
    double worst = 0.0, worst_probability = 0.0;
    int same = 0, steps = 0, batch_same = 0;
    std::vector<double> single, ggml_single;
    std::vector<decoder_row> step(16);
    for (int i = 0; i < 80; ++i) {
        const int best = static_cast<int>(std::max_element(logits.begin(), logits.begin() + vocabulary) - logits.begin());
        const int their_best = static_cast<int>(std::max_element(theirs_logits, theirs_logits + vocabulary) - theirs_logits);
        worst = std::max(worst, relative(logits.data(), theirs_logits, static_cast<size_t>(vocabulary)));
        double sum = 0.0, their_sum = 0.0, apart = 0.0;
        for (int k = 0; k < vocabulary; ++k) {
            sum += std::exp(logits[static_cast<size_t>(k)] - logits[static_cast<size_t>(best)]);
            their_sum += std::exp(theirs_logits[k] - theirs_logits[their_best]);
        }
        for (int k = 0; k < vocabulary; ++k) {
            apart += 0.5 * std::fabs(std::exp(logits[static_cast<size_t>(k)] - logits[static_cast<size_t>(best)]) / sum -
                                     std::exp(theirs_logits[k] - theirs_logits[their_best]) / their_sum);
        }
        worst_probability = std::max(worst_probability, apart);
        same += best == their_best;
        batch_same += std::equal(logits.begin(), logits.begin() + vocabulary, logits.begin() + 15 * static_cast<int64_t>(vocabulary)) ? 1 : 0;
        ++steps;
        ids.push_back(their_best);
        if (their_best == 50257) break;
        const int position = 3 + i;
        for (int slot = 0; slot < 16; ++slot) step[static_cast<size_t>(slot)] = { their_best, position, slot, slot };
        single.push_back(milliseconds_of([&] { decode.step(step.data(), 1, logits.data()); }));
        decode.step(step.data(), 16, logits.data());
        ggml_single.push_back(milliseconds_of([&] { theirs_logits = reference.decode({ their_best }, position); }));
    }
    std::printf("decode: same choice in %d of %d steps; logits apart by at most %.4f (relative L2), probabilities by %.4f (total variation); "
                "slots 0 and 15 of a batch equal in %d\n", same, steps, worst, worst_probability, batch_same);
    std::printf("step of 1: ours %s, ggml %s, ratio %.2f\n", times(single).c_str(), times(ggml_single).c_str(), median(ggml_single) / median(single));
    for (const int count : { 1, 2, 4, 8, 16 }) {
        std::vector<double> batch;
        for (int round = 0; round < 10 * rounds; ++round) {
            for (int slot = 0; slot < count; ++slot) step[static_cast<size_t>(slot)] = { 500, 40, slot, slot };
            batch.push_back(milliseconds_of([&] { decode.step(step.data(), count, logits.data()); }));
        }
        std::printf("step of %d: %s, %.3f ms a token\n", count, times(batch).c_str(), median(batch) / count);
    }
    std::vector<decoder_row> prompt_rows;
    for (int i = 0; i < 224; ++i) prompt_rows.push_back({ 1000 + i, i, 0, 0 });
    const int last = 223;
    std::vector<double> fill;
    for (int round = 0; round < rounds; ++round) {
        fill.push_back(milliseconds_of([&] { decode.prefill(prompt_rows.data(), 224, &last, 1, logits.data()); }));
    }
    std::vector<int32_t> long_prompt;
    for (int i = 0; i < 224; ++i) long_prompt.push_back(1000 + i);
    std::vector<double> their_fill;
    const float * their_last = nullptr;
    for (int round = 0; round < rounds; ++round) their_fill.push_back(milliseconds_of([&] { their_last = reference.decode(long_prompt, 0); }));
    std::printf("prompt of 224: ours %s, ggml %s, ratio %.2f; logits apart by %.4f\n", times(fill).c_str(), times(their_fill).c_str(),
                median(their_fill) / median(fill), relative(logits.data(), their_last, static_cast<size_t>(vocabulary)));
    const bool near = mel_apart <= MOST_MEL_ERROR && worst <= MOST_LOGITS_ERROR && same == steps && batch_same == steps &&
                      relative(output_of(encode).data(), expected.data(), expected.size()) <= MOST_ENCODER_ERROR;
    if (!near) std::printf("FAIL: further apart than they may be\n");
    return near ? 0 : 1;
}
