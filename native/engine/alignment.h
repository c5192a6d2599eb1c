// What is done to attention weights before times are read from them: openai/whisper `whisper/timing.py`, find_alignment.
// Plain loops over floats; nothing of ggml.
#pragma once

#include <cstddef>
#include <vector>

namespace sotto {

// Weights of one attention head: a row for each token, a column for each position of the encoder (20 ms).
struct attention_map {
    size_t             rows      = 0;
    size_t             positions = 0;
    std::vector<float> weights; // rows × positions

    float *       row(size_t index) { return weights.data() + index * positions; }
    const float * row(size_t index) const { return weights.data() + index * positions; }
};

// Each row becomes softmax(scale * queries · keys). `keys`: positions × width; `queries`: rows × width, `query_stride`
// floats from one row to the next.
void attend(attention_map & map, const float * queries, size_t query_stride, const float * keys, size_t width, float scale);

// Over all rows each position gets mean 0 and deviation 1, so that a position that every token looks at tells nothing.
void standardise_positions(attention_map & map);

// Median of seven neighbouring positions; the edges are mirrored. Shorter rows than that stay as they are.
void smooth_rows(attention_map & map);

} // namespace sotto
