// Tokens as bytes, with the memory for them.
#pragma once

#include "aligned_array.h"
#include "table.h"

namespace sotto::kernels {

class token_buffer {
  public:
    token_buffer(int64_t count, int64_t columns)
        : values_(count * padded(columns, COLUMN_PAD)), scales_(count), sums_(count), columns_(columns) {}

    int8_tokens tokens() const { return tokens(columns_); }
    // The same memory for narrower tokens.
    int8_tokens tokens(int64_t columns) const {
        return { values_.data(), scales_.data(), sums_.data(), padded(columns, COLUMN_PAD) };
    }

  private:
    aligned_array<int8_t>  values_;
    aligned_array<float>   scales_;
    aligned_array<int32_t> sums_;
    int64_t                columns_;
};

} // namespace sotto::kernels
