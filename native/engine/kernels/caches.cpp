#include "caches.h"

#include <cstring>

namespace sotto::kernels {

cross_cache::cross_cache(const model_dimensions & dimensions, int slots)
    : slots_(slots), layers_(dimensions.text_layers), heads_(dimensions.text_heads),
      padded_positions_(padded(dimensions.audio_context, PANEL)),
      bytes_(static_cast<int64_t>(slots) * layers_ * heads_ * 2 * padded_positions_ * HEAD),
      scales_(static_cast<int64_t>(slots) * layers_ * heads_ * (2 * padded_positions_ + HEAD)), positions_(slots) {}

size_t cross_cache::slot_bytes(const model_dimensions & dimensions) {
    const size_t positions = static_cast<size_t>(padded(dimensions.audio_context, PANEL));
    const size_t heads = static_cast<size_t>(dimensions.text_layers) * static_cast<size_t>(dimensions.text_heads);
    return heads * (2 * positions * (HEAD + sizeof(float)) + HEAD * sizeof(float));
}

size_t self_cache::slot_bytes(const model_dimensions & dimensions) {
    const size_t heads = static_cast<size_t>(dimensions.text_layers) * static_cast<size_t>(dimensions.text_heads);
    return heads * 2 * static_cast<size_t>(dimensions.text_context) * HEAD * sizeof(uint16_t);
}

cross_head cross_cache::head(int slot, int layer, int head) const {
    const int64_t index = (static_cast<int64_t>(slot) * layers_ + layer) * heads_ + head;
    uint8_t * keys = bytes_.data() + index * 2 * padded_positions_ * HEAD;
    float * scales = scales_.data() + index * (2 * padded_positions_ + HEAD);
    cross_head result;
    result.keys         = keys;
    result.key_scales   = scales;
    result.values       = reinterpret_cast<int8_t *>(keys + padded_positions_ * HEAD);
    result.value_scales = scales + padded_positions_;
    result.value_mean   = scales + 2 * padded_positions_;
    result.positions    = positions_[slot];
    return result;
}

void cross_cache::read_keys(int slot, int layer, int head, int64_t positions, float * out) const {
    const cross_head from = this->head(slot, layer, head);
    for (int64_t position = 0; position < positions; ++position) {
        for (int64_t i = 0; i < HEAD; ++i) {
            out[position * HEAD + i] = from.key_scales[position] * static_cast<float>(from.keys[int8_index(position, i, HEAD)] - 128);
        }
    }
}

float cross_cache::value(int slot, int layer, int64_t position, int64_t channel) const {
    const cross_head from = head(slot, layer, static_cast<int>(channel / HEAD));
    const int64_t at = position / GROUP * GROUP * HEAD + channel % HEAD * GROUP + position % GROUP;
    return from.value_scales[position] * static_cast<float>(from.values[at]) + from.value_mean[channel % HEAD];
}

self_cache::self_cache(const model_dimensions & dimensions, int slots)
    : slots_(slots), layers_(dimensions.text_layers), heads_(dimensions.text_heads), context_(dimensions.text_context),
      keys_(static_cast<int64_t>(slots) * layers_ * heads_ * context_ * HEAD),
      values_(static_cast<int64_t>(slots) * layers_ * heads_ * context_ * HEAD) {}

void self_cache::copy(int from, int to, int32_t positions) {
    const size_t bytes = sizeof(uint16_t) * HEAD * static_cast<size_t>(positions);
    for (int layer = 0; layer < layers_; ++layer) {
        for (int head = 0; head < heads_; ++head) {
            std::memcpy(keys(to, layer, head), keys(from, layer, head), bytes);
            std::memcpy(values(to, layer, head), values(from, layer, head), bytes);
        }
    }
}

} // namespace sotto::kernels
