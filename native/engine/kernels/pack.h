// Weights into panels, once, when a model is loaded.
#pragma once

#include "aligned_array.h"

namespace sotto::kernels {

// Owns what an int8_weights points to. Filled row by row; rows of the last panel that are never set are zero.
class packed_int8 {
  public:
    packed_int8() = default;
    packed_int8(int64_t rows, int64_t columns);

    void set_row(int64_t row, const float * values, int64_t count);
    const int8_weights & weights() const { return weights_; }
    size_t bytes() const { return packed_.bytes() + scales_.bytes(); }

  private:
    aligned_array<uint8_t> packed_;
    aligned_array<float>   scales_;
    int8_weights           weights_;
};

class packed_f32 {
  public:
    packed_f32() = default;
    packed_f32(int64_t rows, int64_t columns);

    void set_row(int64_t row, const float * values);
    const f32_weights & weights() const { return weights_; }
    size_t bytes() const { return packed_.bytes(); }

  private:
    aligned_array<float> packed_;
    f32_weights          weights_;
};

} // namespace sotto::kernels
