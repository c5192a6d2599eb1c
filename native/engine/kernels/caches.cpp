#include "caches.h"

namespace sotto::kernels {

cross_cache::cross_cache(const model_dimensions & dimensions, int slots)
    : slots_(slots), layers_(dimensions.text_layers), heads_(dimensions.text_heads),
      padded_positions_(padded(dimensions.audio_context, PANEL)),
      bytes_(static_cast<int64_t>(slots) * layers_ * heads_ * 2 * padded_positions_ * HEAD),
      scales_(static_cast<int64_t>(slots) * layers_ * heads_ * (2 * padded_positions_ + HEAD)), positions_(slots) {}

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
