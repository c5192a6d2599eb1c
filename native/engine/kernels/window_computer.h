// What encodes windows and takes decoder steps for a batcher, whatever it computes with: kernels of our own
// (kernel_computer.h), or ggml on a GPU (../ggml_computer.h). One thread at a time, but for what says otherwise.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace sotto::kernels {

// Sequences of one window that grow at once.
constexpr int SEQUENCES = 2;
// Rows of a step beyond those that grow: prompts go through in parts, so that a long one holds up nobody.
constexpr int PROMPT_ROWS = 64;

// One token of one sequence.
struct decoder_row {
    int32_t token;
    int32_t position; // in its sequence; all before it must have been passed, or come earlier in the same call
    int32_t sequence; // slot * SEQUENCES and up
    int32_t window;   // slot
};

// Sees the queries of the cross-attention as they are made: where a row looks in the audio.
class query_observer {
  public:
    virtual ~query_observer() = default;
    // Of `count` rows from the call's row `first` on: queries + i * stride, all heads side by side.
    virtual void observe(int layer, int first, int count, const float * queries, int64_t stride) = 0;
};

// It broke off, but not for want of memory.
struct compute_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class window_computer {
  public:
    virtual ~window_computer() = default;

    // Windows at once.
    virtual int slots() const = 0;
    // Encoded positions of a slot, 0 before that; its caller's thread may ask, between its calls.
    virtual int32_t positions(int slot) const = 0;
    virtual void forget(int slot) = 0;

    // `mel`: [2 * positions][mels], read by the first `advance`. Each computes a part, between which others may be served.
    virtual void begin_encoding(const float * mel, int32_t positions, int slot) = 0;
    enum class progress { more, done };
    virtual progress advance_encoding() = 0;

    // At most slots * SEQUENCES + PROMPT_ROWS rows. Logits of those that `wants` names by index, in ascending order, go to
    // `logits`, one after another. `cancel`, which may be null: not zero ends the call with false; the rows may then be passed again.
    // `observer` may be null.
    virtual bool pass(const decoder_row * rows, int count, const int * wants, int wanted, float * logits, const int32_t * cancel,
                      query_observer * observer) = 0;
    // The first `positions` of one sequence become those of another.
    virtual void copy_sequence(int from, int to, int32_t positions) = 0;

    // What the decoder attends to, for the slot's caller, between its calls, on its own thread: keys of a head's first `positions` as
    // [position][64], but for what was taken off all of them alike; one channel of one position's value.
    virtual void  read_keys(int slot, int layer, int head, int64_t positions, float * out) const = 0;
    virtual float value(int slot, int layer, int64_t position, int64_t channel) const = 0;
};

} // namespace sotto::kernels
