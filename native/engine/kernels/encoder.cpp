#include "encoder.h"

#include "cancelled.h"

#include <algorithm>

namespace sotto::kernels {

namespace {

// Tokens that one thread carries through a run of products: a panel of keys, and few enough to stay in its cache.
constexpr int64_t TOKENS = PANEL;
// Queries of one head that a thread takes at once.
constexpr int64_t QUERIES = 16 * QUERIES_AT_ONCE;

model_dimensions one_layer(model_dimensions dimensions) {
    dimensions.text_layers = 1;
    return dimensions;
}

} // namespace

encoder::workspace::workspace(const model_dimensions & dimensions)
    : bytes(TOKENS, 4 * dimensions.audio_state), normal(dimensions.audio_state), wide(TOKENS * 4 * dimensions.audio_state),
      scores(attention_scratch(dimensions.audio_context)), frames((2 * TOKENS + 1) * dimensions.audio_state) {}

encoder::encoder(const model & model, thread_team & team, const kernel_table & table, encoder_attention_mode mode)
    : model_(model), team_(team), table_(table), mode_(mode), width_(model.dimensions.audio_state),
      mel_((2 * static_cast<int64_t>(model.dimensions.audio_context) + 2) * model.dimensions.mels),
      x_(model.dimensions.audio_context * width_), query_(model.dimensions.audio_context * width_),
      key_(padded(model.dimensions.audio_context, PANEL) * width_), value_(padded(model.dimensions.audio_context, PANEL) * width_),
      own_(one_layer(model.dimensions), mode == encoder_attention_mode::bytes ? 1 : 0), result_(model.dimensions.audio_context, width_) {
    for (int i = 0; i < team.threads(); ++i) workspaces_.emplace_back(model.dimensions);
}

bool encoder::encode(const float * mel, int32_t positions, cross_cache & cache, int slot, const int32_t * cancel) {
    begin(mel, positions, cache, slot);
    do {
        if (is_cancelled(cancel)) {
            cache.set_positions(slot, 0);
            return false;
        }
    } while (advance() == progress::more);
    return true;
}

void encoder::begin(const float * mel, int32_t positions, cross_cache & cache, int slot) {
    cache.set_positions(slot, 0);
    window_ = { mel, positions, &cache, slot, 0 };
}

// Convolutions, two halves of each layer, the last norm, and the cross-attention's cache of each of the decoder's layers.
encoder::progress encoder::advance() {
    const size_t halves = 2 * model_.encoder_layers.size();
    const size_t part = window_.part++;
    const int32_t positions = window_.positions;
    if (part == 0) {
        convolve(window_.mel, positions);
    } else if (part <= halves) {
        const encoder_layer & layer = model_.encoder_layers[(part - 1) / 2];
        if (part % 2 == 1) {
            attend(layer, positions);
        } else {
            feed_forward(layer, positions);
        }
    } else if (part == halves + 1) {
        finish(positions);
        window_.cache->set_positions(window_.slot, positions);
    } else {
        const size_t layer = part - halves - 2;
        fill(model_.decoder_layers[layer], static_cast<int>(layer), positions, *window_.cache, window_.slot);
        if (layer + 1 == model_.decoder_layers.size()) return progress::done;
    }
    return progress::more;
}

void encoder::finish(int32_t positions) {
    team_.each(panels_of(positions), [&](int64_t panel, int thread) {
        float * normal = workspaces_[static_cast<size_t>(thread)].normal.data();
        int8_tokens bytes = result_.tokens();
        for (int64_t token = panel * TOKENS; token < std::min<int64_t>(positions, (panel + 1) * TOKENS); ++token) {
            table_.layer_norm(x_.data() + token * width_, model_.encoder_norm.gamma.data(), model_.encoder_norm.beta.data(), width_, normal);
            table_.quantize(normal, width_, bytes, token);
        }
    });
}

// Three frames that follow one another lie in memory as a row of the convolution's matrix.
void encoder::convolve(const float * mel, int32_t positions) {
    const int64_t mels = model_.dimensions.mels;
    std::copy_n(mel, 2 * positions * mels, mel_.data() + mels);
    std::fill_n(mel_.data() + (2 * static_cast<int64_t>(positions) + 1) * mels, mels, 0.0f);
    team_.each(panels_of(positions), [&](int64_t panel, int thread) {
        const int64_t begin = panel * TOKENS;
        const int64_t count = std::min<int64_t>(positions - begin, TOKENS);
        float * frames = workspaces_[static_cast<size_t>(thread)].frames.data();
        // frames[0] is frame 2 * begin - 1, which for the first panel is padding.
        const int64_t skipped = begin == 0 ? 1 : 0;
        if (skipped) std::fill_n(frames, width_, 0.0f);
        epilogue then;
        then.bias       = model_.first.bias.data();
        then.gelu       = true;
        then.out        = frames + skipped * width_;
        then.out_stride = width_;
        const float * from = mel_.data() + (2 * begin - 1 + skipped) * mels;
        table_.f32_product(model_.first.weights.weights(), 0, panels_of(width_), from, mels, 0, 2 * count + 1 - skipped, then);
        then.bias            = model_.second.bias.data();
        then.residual        = model_.audio_positions.data() + begin * width_;
        then.residual_stride = width_;
        then.out             = x_.data() + begin * width_;
        table_.f32_product(model_.second.weights.weights(), 0, panels_of(width_), frames, 2 * width_, 0, count, then);
    });
}

void encoder::attend(const encoder_layer & layer, int32_t positions) {
    project(layer, positions);
    if (mode_ == encoder_attention_mode::floats) {
        attend_in_floats(positions);
    } else {
        attend_in_bytes(positions);
    }
}

// Queries, keys and values, each where its attention wants it.
void encoder::project(const encoder_layer & layer, int32_t positions) {
    const int64_t panels = panels_of(width_);
    const int64_t head_floats = padded(model_.dimensions.audio_context, PANEL) * HEAD;
    team_.each(panels_of(positions), [&](int64_t panel, int thread) {
        workspace & work = workspaces_[static_cast<size_t>(thread)];
        const int64_t begin = panel * TOKENS;
        const int64_t count = std::min<int64_t>(positions - begin, TOKENS);
        int8_tokens bytes = work.bytes.tokens(width_);
        for (int64_t i = 0; i < count; ++i) {
            table_.layer_norm(x_.data() + (begin + i) * width_, layer.attention_norm.gamma.data(), layer.attention_norm.beta.data(), width_,
                              work.normal.data());
            table_.quantize(work.normal.data(), width_, bytes, i);
        }
        epilogue then;
        then.bias       = layer.query_key_value.bias.data();
        then.out        = query_.data() + begin * width_;
        then.out_stride = width_;
        table_.int8_product(layer.query_key_value.weights.weights(), 0, panels, bytes, 0, count, then);
        then.out        = work.wide.data();
        then.out_stride = 3 * width_;
        table_.int8_product(layer.query_key_value.weights.weights(), panels, 3 * panels, bytes, 0, count, then);
        const float * keys = work.wide.data() + width_;
        if (mode_ == encoder_attention_mode::bytes) {
            for (int64_t i = 0; i < count; ++i) {
                std::copy_n(keys + i * 3 * width_, width_, key_.data() + (begin + i) * width_);
                std::copy_n(keys + i * 3 * width_ + width_, width_, value_.data() + (begin + i) * width_);
            }
            return;
        }
        for (int64_t head = 0; head < model_.dimensions.audio_heads; ++head, keys += HEAD) {
            table_.pack_keys(keys, 3 * width_, 0, count, key_.data() + head * head_floats + begin * HEAD);
            table_.pack_values(keys + width_, 3 * width_, 0, count, value_.data() + head * head_floats + begin * HEAD);
        }
    });
}

void encoder::attend_in_floats(int32_t positions) {
    const int64_t head_floats = padded(model_.dimensions.audio_context, PANEL) * HEAD;
    const int64_t blocks = (positions + QUERIES - 1) / QUERIES;
    team_.each(blocks * model_.dimensions.audio_heads, [&](int64_t item, int thread) {
        const int64_t head = item / blocks;
        const int64_t begin = item % blocks * QUERIES;
        float * queries = query_.data() + head * HEAD;
        table_.encoder_attention(queries, width_, key_.data() + head * head_floats, value_.data() + head * head_floats, positions, begin,
                                 std::min<int64_t>(positions, begin + QUERIES), queries, width_,
                                 workspaces_[static_cast<size_t>(thread)].scores.data());
    });
}

void encoder::attend_in_bytes(int32_t positions) {
    own_.set_positions(0, positions);
    team_.each(model_.dimensions.audio_heads, [&](int64_t head, int) {
        cross_head to = own_.head(0, 0, static_cast<int>(head));
        table_.pack_cross(key_.data() + head * HEAD, value_.data() + head * HEAD, width_, to);
    });
    const int64_t blocks = (positions + QUERIES - 1) / QUERIES;
    team_.each(blocks * model_.dimensions.audio_heads, [&](int64_t item, int thread) {
        const int64_t head = item / blocks;
        const int64_t begin = item % blocks * QUERIES;
        float * queries = query_.data() + begin * width_ + head * HEAD;
        table_.cross_attention(queries, width_, std::min<int64_t>(positions - begin, QUERIES), own_.head(0, 0, static_cast<int>(head)),
                               queries, width_, workspaces_[static_cast<size_t>(thread)].scores.data());
    });
}

// The projection of the attention, and all of the perceptron: a few tokens go the whole way within one thread.
void encoder::feed_forward(const encoder_layer & layer, int32_t positions) {
    team_.each(panels_of(positions), [&](int64_t panel, int thread) {
        workspace & work = workspaces_[static_cast<size_t>(thread)];
        const int64_t begin = panel * TOKENS;
        const int64_t count = std::min<int64_t>(positions - begin, TOKENS);
        float * x = x_.data() + begin * width_;
        int8_tokens bytes = work.bytes.tokens(width_);
        for (int64_t i = 0; i < count; ++i) table_.quantize(query_.data() + (begin + i) * width_, width_, bytes, i);
        epilogue add;
        add.bias            = layer.attention_out.bias.data();
        add.residual        = x;
        add.residual_stride = width_;
        add.out             = x;
        add.out_stride      = width_;
        table_.int8_product(layer.attention_out.weights.weights(), 0, panels_of(width_), bytes, 0, count, add);

        for (int64_t i = 0; i < count; ++i) {
            table_.layer_norm(x + i * width_, layer.mlp_norm.gamma.data(), layer.mlp_norm.beta.data(), width_, work.normal.data());
            table_.quantize(work.normal.data(), width_, bytes, i);
        }
        epilogue bend;
        bend.bias       = layer.up.bias.data();
        bend.gelu       = true;
        bend.out        = work.wide.data();
        bend.out_stride = 4 * width_;
        table_.int8_product(layer.up.weights.weights(), 0, panels_of(4 * width_), bytes, 0, count, bend);

        int8_tokens wide = work.bytes.tokens(4 * width_);
        for (int64_t i = 0; i < count; ++i) table_.quantize(work.wide.data() + i * 4 * width_, 4 * width_, wide, i);
        add.bias = layer.down.bias.data();
        table_.int8_product(layer.down.weights.weights(), 0, panels_of(width_), wide, 0, count, add);
    });
}

void encoder::fill(const decoder_layer & layer, int index, int32_t positions, cross_cache & cache, int slot) {
    // Keys and values of the encoder's own attention are over; theirs is the room.
    epilogue then;
    then.out_stride = width_;
    const int64_t panels = panels_of(width_);
    team_.each(panels_of(positions), [&](int64_t panel, int) {
        const int64_t begin = panel * TOKENS;
        const int64_t end = std::min<int64_t>(positions, begin + TOKENS);
        epilogue keys = then;
        keys.bias = layer.cross_key_value.bias.data();
        keys.out  = key_.data();
        table_.int8_product(layer.cross_key_value.weights.weights(), 0, panels, result_.tokens(), begin, end, keys);
        // The second half of the rows goes to the other room: their number counts on.
        int8_weights values = layer.cross_key_value.weights.weights();
        values.packed += panels * values.panel_bytes();
        values.scales += width_;
        values.rows -= width_;
        epilogue then_values = then;
        then_values.bias = layer.cross_key_value.bias.data() + width_;
        then_values.out  = value_.data();
        table_.int8_product(values, 0, panels, result_.tokens(), begin, end, then_values);
    });
    team_.each(model_.dimensions.text_heads, [&](int64_t head, int) {
        cross_head to = cache.head(slot, index, static_cast<int>(head));
        table_.pack_cross(key_.data() + head * HEAD, value_.data() + head * HEAD, width_, to);
    });
}

} // namespace sotto::kernels
