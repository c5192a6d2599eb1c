#include "pack.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sotto::kernels {

packed_int8::packed_int8(int64_t rows, int64_t columns)
    : packed_(panels_of(rows) * PANEL * padded(columns, COLUMN_PAD)), scales_(panels_of(rows) * PANEL) {
    std::memset(packed_.data(), 128, packed_.bytes());
    weights_.packed  = packed_.data();
    weights_.scales  = scales_.data();
    weights_.rows    = rows;
    weights_.columns = padded(columns, COLUMN_PAD);
}

void packed_int8::set_row(int64_t row, const float * values, int64_t count) {
    float bound = 0.0f;
    for (int64_t i = 0; i < count; ++i) {
        if (std::fabs(values[i]) > bound) bound = std::min(std::fabs(values[i]), 3.0e38f);
    }
    const float inverse = bound > 1e-30f ? 127.0f / bound : 0.0f;
    scales_[row] = bound > 1e-30f ? bound / 127.0f : 0.0f;
    uint8_t * to = packed_.data() + int8_index(row, 0, weights_.columns);
    for (int64_t i = 0; i < count; ++i) {
        const float scaled = values[i] * inverse;
        const float whole = std::isnan(scaled) ? 0.0f : std::nearbyint(std::clamp(scaled, -127.0f, 127.0f));
        to[i / GROUP * PANEL * GROUP + i % GROUP] = static_cast<uint8_t>(static_cast<int>(whole) + 128);
    }
}

packed_f32::packed_f32(int64_t rows, int64_t columns) : packed_(panels_of(rows) * PANEL * columns) {
    weights_.packed  = packed_.data();
    weights_.rows    = rows;
    weights_.columns = columns;
}

void packed_f32::set_row(int64_t row, const float * values) {
    float * to = packed_.data() + row / PANEL * weights_.panel_floats() + row % PANEL;
    for (int64_t i = 0; i < weights_.columns; ++i) to[i * PANEL] = values[i];
}

} // namespace sotto::kernels
