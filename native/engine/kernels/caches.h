// What decoding a window needs to remember: its audio (cross-attention) and its text so far (self-attention).
#pragma once

#include "aligned_array.h"
#include "model_file.h"

namespace sotto::kernels {

// One window in each slot, in bytes; beams and prompts of a window share its slot.
class cross_cache {
  public:
    cross_cache(const model_dimensions & dimensions, int slots);

    int slots() const { return slots_; }
    // Positions encoded; 0 before that.
    int32_t positions(int slot) const { return positions_[slot]; }
    void    set_positions(int slot, int32_t positions) { positions_[slot] = positions; }
    cross_head head(int slot, int layer, int head) const;
    // Keys of a head's first `positions` as floats, [position][64], but for what was taken off all of them alike.
    void read_keys(int slot, int layer, int head, int64_t positions, float * out) const;
    // One channel of one position's value.
    float value(int slot, int layer, int64_t position, int64_t channel) const;
    static size_t slot_bytes(const model_dimensions & dimensions);

  private:
    int     slots_, layers_, heads_;
    int64_t padded_positions_;
    aligned_array<uint8_t> bytes_;  // [slot][layer][head]: keys, values
    aligned_array<float>   scales_; // [slot][layer][head]: of keys, of values, mean of values
    aligned_array<int32_t> positions_;
};

// One sequence in each slot, in f16, head by head: [slot][layer][head][position][64].
class self_cache {
  public:
    self_cache(const model_dimensions & dimensions, int slots);

    int slots() const { return slots_; }
    uint16_t * keys(int slot, int layer, int head) const { return keys_.data() + at(slot, layer, head); }
    uint16_t * values(int slot, int layer, int head) const { return values_.data() + at(slot, layer, head); }
    // The first `positions` of one sequence become those of another: a beam that forks.
    void copy(int from, int to, int32_t positions);
    static size_t slot_bytes(const model_dimensions & dimensions);

  private:
    int64_t at(int slot, int layer, int head) const {
        return ((static_cast<int64_t>(slot) * layers_ + layer) * heads_ + head) * context_ * HEAD;
    }

    int     slots_, layers_, heads_;
    int64_t context_;
    aligned_array<uint16_t> keys_, values_;
};

} // namespace sotto::kernels
