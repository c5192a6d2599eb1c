// What decoding many windows by ggml needs to remember, on the device: keys and values of each window's audio and of its texts so far.
// One window lies as in whisper.cpp's own caches, so that its encoder can write there, and windows at even distances, so that one
// tensor of four dimensions holds those of neighbouring slots.
#pragma once

#include "kernels/layout.h"
#include "kernels/window_computer.h"

#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml.h>

#include <array>
#include <new>
#include <vector>

namespace sotto {

// Queries and keys are scaled by it each, as in whisper_build_graph_decoder: the fourth root of a head's width, inverted.
constexpr float KEY_SCALE = 0.35355339f;

// Positions of a cache are padded to a multiple of this: whisper_build_graph_decoder, n_audio_ctx_pad.
constexpr int32_t ATTENTION_BLOCK = 256;

struct cache_shape {
    int layers, width, text_context, audio_context;
};

class ggml_caches {
  public:
    enum part { keys, values };

    // Throws std::bad_alloc.
    ggml_caches(const cache_shape & shape, int slots, ggml_backend_t backend)
        : shape_(shape), slots_(slots), tensors_(ggml_init({ ggml_tensor_overhead() * static_cast<size_t>(4 + 2 * slots), nullptr, true })) {
        const int64_t sequences = static_cast<int64_t>(slots) * kernels::SEQUENCES + 1; // the last is nobody's
        const int64_t audio = static_cast<int64_t>(padded(shape.audio_context)) * shape.width * shape.layers;
        for (const part one : { keys, values }) {
            text_[one]  = ggml_new_tensor_2d(tensors_.get(), GGML_TYPE_F16, shape.width, shape.layers * sequences * padded(shape.text_context));
            audio_[one] = ggml_new_tensor_1d(tensors_.get(), GGML_TYPE_F16, slots * audio);
            for (int slot = 0; slot < slots; ++slot) {
                audio_of_[one].push_back(ggml_view_1d(tensors_.get(), audio_[one], audio, slot * audio * VALUE));
            }
        }
        buffer_.reset(ggml_backend_alloc_ctx_tensors(tensors_.get(), backend));
        if (!buffer_) throw std::bad_alloc();
        // Attention reads whole blocks: what a mask hides, and the audio's padding, must be numbers.
        ggml_backend_buffer_clear(buffer_.get(), 0);
    }

    static size_t slot_bytes(const cache_shape & shape) {
        const int positions = kernels::SEQUENCES * padded(shape.text_context) + padded(shape.audio_context);
        return 2 * VALUE * static_cast<size_t>(shape.layers) * static_cast<size_t>(shape.width) * static_cast<size_t>(positions);
    }

    // Attention takes its keys in blocks, whole ones: as whisper.cpp does it, whose layers lie so far apart.
    static int padded(int positions) { return GGML_PAD(positions, ATTENTION_BLOCK); }

    // One layer of all texts, [row][channel]; where a sequence's row lies in it; and rows that are nobody's, as many as a text has.
    ggml_tensor * text_rows(ggml_context * c, part of, int layer) const {
        return ggml_view_2d(c, text_[of], shape_.width, text_[of]->ne[1] / shape_.layers, text_[of]->nb[1], text_layer_bytes() * layer);
    }
    int32_t text_row(int sequence, int position) const { return sequence * padded(shape_.text_context) + position; }
    int32_t nobodys_row() const { return text_row(slots_ * kernels::SEQUENCES, 0); }

    // Of neighbouring slots, the nth sequence of each and its audio: [channel of a head][position][head][slot].
    ggml_tensor * texts(ggml_context * c, part of, int layer, int first_slot, int slots, int nth, int positions) const {
        const size_t slot_bytes = kernels::SEQUENCES * text_sequence_bytes();
        return by_head(c, text_[of], positions, slots, slot_bytes, text_layer_bytes() * layer + slot_bytes * first_slot + text_sequence_bytes() * nth);
    }
    // All of them are encoded as far as `positions`, a whole number of blocks.
    ggml_tensor * audio(ggml_context * c, part of, int layer, int first_slot, int slots, int positions) const {
        const size_t slot_bytes = ggml_nbytes(audio_of_[of].front());
        return by_head(c, audio_[of], positions, slots, slot_bytes, slot_bytes * first_slot + row_bytes() * positions * layer);
    }

    // One slot's audio, where whisper.cpp's encoder writes.
    ggml_tensor * audio_of(part of, int slot) const { return audio_of_[of][static_cast<size_t>(slot)]; }

    // What is attended to behind the last position becomes zeros, as whisper.cpp has it, and not what a shorter window has left there.
    void clear_audio_after(int slot, int positions) {
        const std::vector<char> zeros(row_bytes() * static_cast<size_t>(padded(positions) - positions));
        if (zeros.empty()) return;
        for (const part one : { keys, values }) {
            for (int layer = 1; layer <= shape_.layers; ++layer) {
                const size_t end = row_bytes() * padded(positions) * layer;
                ggml_backend_tensor_set(audio_of(one, slot), zeros.data(), end - zeros.size(), zeros.size());
            }
        }
    }

    // The first `positions` of one sequence become those of another.
    void copy_text(int from, int to, int positions) {
        std::vector<char> bytes(row_bytes() * static_cast<size_t>(positions));
        for (ggml_tensor * cache : text_) {
            for (int layer = 0; layer < shape_.layers; ++layer) {
                const auto offset = [&](int sequence) { return text_layer_bytes() * layer + text_sequence_bytes() * sequence; };
                ggml_backend_tensor_get(cache, bytes.data(), offset(from), bytes.size());
                ggml_backend_tensor_set(cache, bytes.data(), offset(to), bytes.size());
            }
        }
    }

    // `count` values of a layer, [position][channel], from the first-th on. `positions`: as far as the slot is encoded.
    std::vector<ggml_fp16_t> read_audio(part of, int slot, int layer, int positions, int64_t first, int64_t count) const {
        std::vector<ggml_fp16_t> halves(static_cast<size_t>(count));
        const size_t offset = row_bytes() * padded(positions) * layer + VALUE * static_cast<size_t>(first);
        ggml_backend_tensor_get(audio_of(of, slot), halves.data(), offset, halves.size() * VALUE);
        return halves;
    }

  private:
    static constexpr size_t VALUE = sizeof(ggml_fp16_t);

    size_t row_bytes() const { return VALUE * static_cast<size_t>(shape_.width); }
    size_t text_sequence_bytes() const { return row_bytes() * static_cast<size_t>(padded(shape_.text_context)); }
    size_t text_layer_bytes() const { return ggml_nbytes(text_[keys]) / static_cast<size_t>(shape_.layers); }

    ggml_tensor * by_head(ggml_context * c, ggml_tensor * cache, int positions, int slots, size_t slot_bytes, size_t offset) const {
        return ggml_view_4d(c, cache, kernels::HEAD, positions, shape_.width / kernels::HEAD, slots, row_bytes(), VALUE * kernels::HEAD,
                            slot_bytes, offset);
    }

    cache_shape                               shape_;
    int                                       slots_;
    ggml_context_ptr                          tensors_;
    ggml_backend_buffer_ptr                   buffer_;
    std::array<ggml_tensor *, 2>              text_  = {}; // [layer][sequence][position][channel]
    std::array<ggml_tensor *, 2>              audio_ = {}; // [slot][layer][position][channel]
    std::array<std::vector<ggml_tensor *>, 2> audio_of_;
};

} // namespace sotto
