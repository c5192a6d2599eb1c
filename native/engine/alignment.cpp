#include "alignment.h"

#include <algorithm>
#include <cmath>

namespace sotto {

namespace {

constexpr size_t MEDIAN_WIDTH = 7;
// A position that all tokens weigh alike has no deviation to divide by.
constexpr double LEAST_DEVIATION = 1e-9;

} // namespace

void attend(attention_map & map, const float * queries, size_t query_stride, const float * keys, size_t width, float scale) {
    // Columns of keys lie together, so that the inner loop runs over positions: a compiler makes that wide without
    // reordering any sum.
    std::vector<float> columns(width * map.positions);
    for (size_t position = 0; position < map.positions; ++position) {
        for (size_t c = 0; c < width; ++c) columns[c * map.positions + position] = keys[position * width + c];
    }
    for (size_t r = 0; r < map.rows; ++r) {
        float * row = map.row(r);
        std::fill(row, row + map.positions, 0.0f);
        for (size_t c = 0; c < width; ++c) {
            const float   query  = queries[r * query_stride + c] * scale;
            const float * column = columns.data() + c * map.positions;
            for (size_t position = 0; position < map.positions; ++position) row[position] += query * column[position];
        }
        const float top = *std::max_element(row, row + map.positions);
        double sum = 0.0;
        for (size_t position = 0; position < map.positions; ++position) {
            row[position] = std::exp(row[position] - top);
            sum += row[position];
        }
        for (size_t position = 0; position < map.positions; ++position) row[position] /= static_cast<float>(sum);
    }
}

void standardise_positions(attention_map & map) {
    for (size_t position = 0; position < map.positions; ++position) {
        double sum = 0.0;
        double squares = 0.0;
        for (size_t r = 0; r < map.rows; ++r) sum += map.row(r)[position];
        const double mean = sum / static_cast<double>(map.rows);
        for (size_t r = 0; r < map.rows; ++r) {
            const double off = map.row(r)[position] - mean;
            squares += off * off;
        }
        const double deviation = std::max(LEAST_DEVIATION, std::sqrt(squares / static_cast<double>(map.rows)));
        for (size_t r = 0; r < map.rows; ++r) {
            float & weight = map.row(r)[position];
            weight = static_cast<float>((weight - mean) / deviation);
        }
    }
}

void smooth_rows(attention_map & map) {
    constexpr long HALF = MEDIAN_WIDTH / 2;
    const long last = static_cast<long>(map.positions) - 1;
    if (last < HALF) return;
    std::vector<float> source(map.positions);
    float window[MEDIAN_WIDTH];
    for (size_t r = 0; r < map.rows; ++r) {
        float * row = map.row(r);
        std::copy(row, row + map.positions, source.begin());
        for (long position = 0; position <= last; ++position) {
            for (long offset = -HALF; offset <= HALF; ++offset) {
                long at = std::abs(position + offset);
                if (at > last) at = 2 * last - at;
                window[offset + HALF] = source[static_cast<size_t>(at)];
            }
            std::nth_element(window, window + HALF, window + MEDIAN_WIDTH);
            row[position] = window[HALF];
        }
    }
}

} // namespace sotto
