#include "decoder.h"

#include "cancelled.h"

#include <algorithm>

namespace sotto::kernels {

namespace {

// Rows up to which it is not worth waking others for what is done row by row.
constexpr int FEW_ROWS = 8;
// Items of a product per thread: enough that one which was held up leaves the rest to others.
constexpr int64_t SHARES = 4;

} // namespace

decoder::decoder(const model & model, thread_team & team, self_cache & own, const cross_cache & audio, int most_rows,
                 const kernel_table & table)
    : model_(model), team_(team), table_(table), own_(own), audio_(audio), width_(model.dimensions.text_state), most_rows_(most_rows),
      x_(most_rows * width_), wide_(most_rows * 4 * width_), attended_(most_rows * width_),
      scores_(team.threads() * attention_scratch(std::max(model.dimensions.audio_context, model.dimensions.text_context))),
      normal_(team.threads() * width_),
      scores_stride_(attention_scratch(std::max(model.dimensions.audio_context, model.dimensions.text_context))), normal_stride_(width_),
      bytes_(most_rows, 4 * width_) {
    sequences_.reserve(static_cast<size_t>(most_rows));
    windows_.reserve(static_cast<size_t>(most_rows));
}

bool decoder::step(const decoder_row * rows, int count, float * logits, const int32_t * cancel) {
    if (!forward(rows, 0, count, cancel)) return false;
    take(x_.data(), width_, &model_.decoder_norm);
    epilogue then;
    then.out        = logits;
    then.out_stride = model_.dimensions.vocabulary;
    product(model_.token_embedding, width_, count, then);
    return true;
}

bool decoder::prefill(const decoder_row * rows, int count, const int * wants, int wanted, float * logits, const int32_t * cancel) {
    int next = 0;
    for (int first = 0; first < count; first += most_rows_) {
        const int part = std::min(most_rows_, count - first);
        if (!forward(rows + first, first, part, cancel)) return false;
        const int before = next;
        for (; next < wanted && wants[next] < first + part; ++next) {
            // Ascending, so that no row is overwritten before it is read.
            if (wants[next] - first != next - before) {
                std::copy_n(x_.data() + (wants[next] - first) * width_, width_, x_.data() + (next - before) * width_);
            }
        }
        if (next == before) continue;
        count_ = next - before;
        take(x_.data(), width_, &model_.decoder_norm);
        epilogue then;
        then.out        = logits + static_cast<int64_t>(before) * model_.dimensions.vocabulary;
        then.out_stride = model_.dimensions.vocabulary;
        product(model_.token_embedding, width_, count_, then);
    }
    return true;
}

bool decoder::forward(const decoder_row * rows, int first, int count, const int32_t * cancel) {
    count_ = count;
    find_runs(rows, count);
    for (int i = 0; i < count; ++i) {
        table_.unpack_row(model_.token_embedding.weights(), rows[i].token, model_.text_positions.data() + rows[i].position * width_,
                          x_.data() + i * width_);
    }
    epilogue add;
    add.residual        = x_.data();
    add.residual_stride = width_;
    add.out             = x_.data();
    add.out_stride      = width_;
    for (size_t i = 0; i < model_.decoder_layers.size(); ++i) {
        if (is_cancelled(cancel)) return false;
        const decoder_layer & layer = model_.decoder_layers[i];
        const int index = static_cast<int>(i);

        take(x_.data(), width_, &layer.self_norm);
        epilogue then;
        then.bias       = layer.query_key_value.bias.data();
        then.out        = wide_.data();
        then.out_stride = 3 * width_;
        product(layer.query_key_value.weights, width_, count, then);
        self_attend(layer, index, rows);
        take(attended_.data(), width_, nullptr);
        add.bias = layer.self_out.bias.data();
        product(layer.self_out.weights, width_, count, add);

        take(x_.data(), width_, &layer.cross_norm);
        then.bias       = layer.cross_query.bias.data();
        then.out_stride = width_;
        product(layer.cross_query.weights, width_, count, then);
        if (observer_) observer_->observe(index, first, count, wide_.data(), width_);
        cross_attend(index, rows);
        take(attended_.data(), width_, nullptr);
        add.bias = layer.cross_out.bias.data();
        product(layer.cross_out.weights, width_, count, add);

        take(x_.data(), width_, &layer.mlp_norm);
        then.bias       = layer.up.bias.data();
        then.gelu       = true;
        then.out_stride = 4 * width_;
        product(layer.up.weights, width_, count, then);
        take(wide_.data(), 4 * width_, nullptr);
        add.bias = layer.down.bias.data();
        product(layer.down.weights, 4 * width_, count, add);
    }
    return true;
}

void decoder::find_runs(const decoder_row * rows, int count) {
    sequences_.clear();
    windows_.clear();
    for (int i = 0; i < count; ++i) {
        if (i > 0 && rows[i].sequence == rows[i - 1].sequence) {
            ++sequences_.back().count;
        } else {
            sequences_.push_back({ i, 1 });
        }
        if (i > 0 && rows[i].window == rows[i - 1].window) {
            ++windows_.back().count;
        } else {
            windows_.push_back({ i, 1 });
        }
    }
}

void decoder::take(const float * from, int64_t columns, const norm * first) {
    int8_tokens bytes = bytes_.tokens(columns);
    const auto one = [&](int64_t row, int thread) {
        const float * values = from + row * columns;
        if (first) {
            float * normal = normal_.data() + thread * normal_stride_;
            table_.layer_norm(values, first->gamma.data(), first->beta.data(), columns, normal);
            values = normal;
        }
        table_.quantize(values, columns, bytes, row);
    };
    if (count_ <= FEW_ROWS) {
        for (int row = 0; row < count_; ++row) one(row, 0);
    } else {
        team_.each(count_, one);
    }
}

void decoder::product(const packed_int8 & weights, int64_t columns, int64_t tokens, const epilogue & then) {
    const int64_t panels = panels_of(weights.weights().rows);
    const int64_t items = std::min(panels, team_.threads() == 1 ? 1 : team_.threads() * SHARES);
    const int8_tokens bytes = bytes_.tokens(columns);
    team_.each(items, [&](int64_t item, int) {
        table_.int8_product(weights.weights(), item * panels / items, (item + 1) * panels / items, bytes, 0, tokens, then);
    });
}

void decoder::self_attend(const decoder_layer &, int index, const decoder_row * rows) {
    const int64_t heads = model_.dimensions.text_heads;
    team_.each(static_cast<int64_t>(sequences_.size()) * heads, [&](int64_t item, int thread) {
        const run & run = sequences_[static_cast<size_t>(item / heads)];
        const int head = static_cast<int>(item % heads);
        uint16_t * keys = own_.keys(rows[run.first].sequence, index, head);
        uint16_t * values = own_.values(rows[run.first].sequence, index, head);
        for (int row = run.first; row < run.first + run.count; ++row) {
            const float * query = wide_.data() + row * 3 * width_ + head * HEAD;
            const int64_t position = rows[row].position;
            table_.append(query + width_, keys + position * HEAD);
            table_.append(query + 2 * width_, values + position * HEAD);
            table_.self_attention(query, keys, values, position + 1, attended_.data() + row * width_ + head * HEAD,
                                  scores_.data() + thread * scores_stride_);
        }
    });
}

void decoder::cross_attend(int index, const decoder_row * rows) {
    const int64_t heads = model_.dimensions.text_heads;
    team_.each(static_cast<int64_t>(windows_.size()) * heads, [&](int64_t item, int thread) {
        const run & run = windows_[static_cast<size_t>(item / heads)];
        const int head = static_cast<int>(item % heads);
        const int64_t at = run.first * width_ + head * HEAD;
        table_.cross_attention(wide_.data() + at, width_, run.count, audio_.head(rows[run.first].window, index, head),
                               attended_.data() + at, width_, scores_.data() + thread * scores_stride_);
    });
}

} // namespace sotto::kernels
