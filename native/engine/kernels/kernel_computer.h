// Windows by kernels of our own: encoder, decoder and their caches over one team of threads.
#pragma once

#include "decoder.h"
#include "encoder.h"

namespace sotto::kernels {

class kernel_computer : public window_computer {
  public:
    // What slots hold takes memory as they are first used.
    kernel_computer(const model & model, thread_team & team, int slots, const kernel_table & table = best_table())
        : audio_(model.dimensions, slots), text_(model.dimensions, slots * SEQUENCES), encoder_(model, team, table),
          decoder_(model, team, text_, audio_, slots * SEQUENCES + PROMPT_ROWS, table) {}

    // Of the caches.
    static size_t slot_bytes(const model_dimensions & dimensions) {
        return cross_cache::slot_bytes(dimensions) + SEQUENCES * self_cache::slot_bytes(dimensions);
    }

    int     slots() const override { return audio_.slots(); }
    int32_t positions(int slot) const override { return audio_.positions(slot); }
    void    forget(int slot) override { audio_.set_positions(slot, 0); }

    void begin_encoding(const float * mel, int32_t positions, int slot) override { encoder_.begin(mel, positions, audio_, slot); }
    progress advance_encoding() override { return encoder_.advance(); }

    bool pass(const decoder_row * rows, int count, const int * wants, int wanted, float * logits, const int32_t * cancel,
              query_observer * observer) override {
        decoder_.set_observer(observer);
        return decoder_.prefill(rows, count, wants, wanted, logits, cancel);
    }
    void copy_sequence(int from, int to, int32_t positions) override { text_.copy(from, to, positions); }

    void read_keys(int slot, int layer, int head, int64_t positions, float * out) const override {
        audio_.read_keys(slot, layer, head, positions, out);
    }
    float value(int slot, int layer, int64_t position, int64_t channel) const override {
        return audio_.value(slot, layer, position, channel);
    }

  private:
    cross_cache audio_;
    self_cache  text_;
    encoder     encoder_;
    decoder     decoder_;
};

} // namespace sotto::kernels
