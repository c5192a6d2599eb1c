// Windows of a batch by ggml, on the GPU of a whisper.cpp state or on the CPU: whisper.cpp's encoder, which is made to write into
// the slot's own cache, and for the decoder's steps a graph of ours, that of whisper_build_graph_decoder with a fourth dimension:
// the slot. Included by whisper_model.cpp, after whisper.cpp, whose private parts it uses.
#pragma once

#include "ggml_caches.h"
#include "kernels/cancelled.h"
#include "whisper_opening.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <tuple>

namespace sotto {

inline cache_shape cache_shape_of(const whisper_hparams & hparams) {
    return { hparams.n_text_layer, hparams.n_text_state, hparams.n_text_ctx, hparams.n_audio_ctx };
}

class ggml_computer : public kernels::window_computer {
  public:
    // Throws std::bad_alloc.
    ggml_computer(whisper_context & context, state_owner state, int slots, int threads)
        : model_(context.model), context_(context), state_(std::move(state)), slots_(slots), threads_(threads),
          caches_(cache_shape_of(model_.hparams), slots, state_->backends.front()),
          scheduler_(ggml_backend_sched_new(state_->backends.data(), nullptr, static_cast<int>(state_->backends.size()), MOST_NODES, false, true)),
          graph_memory_(ggml_tensor_overhead() * MOST_NODES + ggml_graph_overhead_custom(MOST_NODES, false)),
          encoded_(static_cast<size_t>(slots)) {
        for_largest_steps([this](int slots, int length) { reserve(slots, length); });
        for_largest_steps([this](int slots, int length) { warm_up(slots, length); });
    }

    int     slots() const override { return slots_; }
    int32_t positions(int slot) const override { return encoded_[static_cast<size_t>(slot)]; }
    void    forget(int slot) override { encoded_[static_cast<size_t>(slot)] = 0; }

    // Whole blocks, or all positions: whisper.cpp attends as far as the next block's end, to whatever is there.
    void begin_encoding(const float * mel, int32_t positions, int slot) override {
        forget(slot);
        coming_ = { mel, 2 * positions, std::min<int32_t>(model_.hparams.n_audio_ctx, ggml_caches::padded(positions)), slot };
    }

    progress advance_encoding() override {
        const std::lock_guard lock(turn_);
        whisper_mel & mel = state_->mel;
        mel.n_mel = model_.hparams.n_mels;
        mel.n_len = mel.n_len_org = coming_.frames;
        mel.data.resize(static_cast<size_t>(mel.n_mel) * mel.n_len);
        for (int frame = 0; frame < mel.n_len; ++frame) {
            for (int bin = 0; bin < mel.n_mel; ++bin) mel.data[bin * mel.n_len + frame] = coming_.mel[frame * mel.n_mel + bin];
        }
        state_->exp_n_audio_ctx = coming_.positions;
        state_->kv_cross.k = caches_.audio_of(ggml_caches::keys, coming_.slot);
        state_->kv_cross.v = caches_.audio_of(ggml_caches::values, coming_.slot);
        const bool ok = whisper_encode_internal(context_, *state_, 0, threads_, nullptr, nullptr);
        std::fill(mel.data.begin(), mel.data.end(), 0.0f);
        std::fill(state_->inp_mel.begin(), state_->inp_mel.end(), 0.0f);
        if (!ok) throw kernels::compute_error("the encoder failed");
        caches_.clear_audio_after(coming_.slot, coming_.positions);
        encoded_[static_cast<size_t>(coming_.slot)] = coming_.positions;
        return progress::done;
    }

    bool pass(const kernels::decoder_row * rows, int count, const int * wants, int wanted, float * logits, const int32_t * cancel,
              kernels::query_observer * observer) override {
        const std::lock_guard lock(turn_);
        std::vector<run> runs = runs_of(rows, count);
        std::sort(runs.begin(), runs.end(), [this](const run & a, const run & b) {
            const auto order = [this](const run & one) { return std::tuple(one.count, one.nth, positions(one.slot), one.slot); };
            return order(a) < order(b);
        });
        for (size_t first = 0, end = 0; first < runs.size(); first = end) {
            if (is_cancelled(cancel)) return false;
            for (end = first + 1; end < runs.size() && are_together(runs[end - 1], runs[end]); ++end) {}
            step({ rows, runs.data() + first, runs.data() + end }, { wants, wanted, logits }, observer);
        }
        return true;
    }

    void copy_sequence(int from, int to, int32_t positions) override {
        const std::lock_guard lock(turn_);
        caches_.copy_text(from, to, positions);
    }

    void read_keys(int slot, int layer, int head, int64_t count, float * out) const override {
        const std::lock_guard lock(turn_);
        const int64_t width = model_.hparams.n_text_state;
        const auto halves = caches_.read_audio(ggml_caches::keys, slot, layer, positions(slot), 0, count * width);
        for (int64_t i = 0; i < count * kernels::HEAD; ++i) {
            const int64_t at = i / kernels::HEAD * width + head * kernels::HEAD + i % kernels::HEAD;
            out[i] = ggml_fp16_to_fp32(halves[static_cast<size_t>(at)]) / KEY_SCALE;
        }
    }

    float value(int slot, int layer, int64_t position, int64_t channel) const override {
        const std::lock_guard lock(turn_);
        const int64_t at = position * model_.hparams.n_text_state + channel;
        return ggml_fp16_to_fp32(caches_.read_audio(ggml_caches::values, slot, layer, positions(slot), at, 1).front());
    }

  private:
    static constexpr int MOST_NODES = WHISPER_MAX_NODES;

    // Rows of one sequence, which follow one another in a call. `nth`: of its slot's sequences.
    struct run {
        int first, count, nth, slot;
    };
    struct runs_of_step {
        const kernels::decoder_row * rows;
        const run *                  begin;
        const run *                  end;
    };
    struct wanted_logits {
        const int * rows;
        int         count;
        float *     out;
    };
    struct coming_window {
        const float * mel       = nullptr;
        int           frames    = 0;
        int32_t       positions = 0;
        int           slot      = 0;
    };
    struct step_shape {
        int first_slot, slots, nth, length;
        int text, audio; // positions that are attended to
        int wanted;      // rows whose logits are
        bool shows_queries;

        int rows() const { return slots * length; }
    };

    // The graph of a step, whose rows stand slot by slot, those of one slot in order; it lies in the computer's memory for graphs.
    struct step_graph {
        step_graph(ggml_computer & of, const step_shape & shape)
            : context(ggml_init({ of.graph_memory_.size(), of.graph_memory_.data(), true })),
              graph(ggml_new_graph_custom(context.get(), MOST_NODES, false)), tokens(input(GGML_TYPE_I32, { shape.rows() })),
              positions(input(GGML_TYPE_I32, { shape.rows() })), places(input(GGML_TYPE_I32, { shape.rows() })),
              mask(input(GGML_TYPE_F16, { shape.text, shape.length, 1, shape.slots })),
              wanted(shape.wanted > 0 ? input(GGML_TYPE_I32, { shape.wanted }) : nullptr) {
            of.build(*this, shape);
        }

        ggml_context_ptr           context;
        ggml_cgraph *              graph;
        ggml_tensor *              tokens;
        ggml_tensor *              positions;
        ggml_tensor *              places; // of the rows, in the cache of texts
        ggml_tensor *              mask;
        ggml_tensor *              wanted; // rows; null: none
        ggml_tensor *              logits = nullptr;
        std::vector<ggml_tensor *> queries; // of each layer, if they are shown

      private:
        ggml_tensor * input(ggml_type type, std::initializer_list<int64_t> sizes) {
            ggml_tensor * tensor = ggml_new_tensor(context.get(), type, static_cast<int>(sizes.size()), sizes.begin());
            ggml_set_input(tensor);
            return tensor;
        }
    };

    template <typename Work> void for_largest_steps(Work work) {
        work(slots_, 1);
        for (int slots = 1; slots <= std::min(slots_, kernels::PROMPT_ROWS); ++slots) work(slots, kernels::PROMPT_ROWS / slots);
    }
    step_shape largest(int slots, int length) const {
        const whisper_hparams & hparams = model_.hparams;
        return { 0, slots, 0, length, ggml_caches::padded(hparams.n_text_ctx), ggml_caches::padded(hparams.n_audio_ctx), slots, true };
    }

    // Room for the largest graphs is taken at once, so that no step asks for more.
    void reserve(int slots, int length) {
        if (!ggml_backend_sched_reserve(scheduler_.get(), step_graph(*this, largest(slots, length)).graph)) throw std::bad_alloc();
    }

    // A GPU keeps room for the sums of attention, and makes more where it is too little. Mesa's software device (22.3) dies of the room
    // that it gave back, so that the most is asked for first.
    void warm_up(int slots, int length) {
        const step_shape shape = largest(slots, length);
        const ggml_context_ptr context(ggml_init({ graph_memory_.size(), graph_memory_.data(), true }));
        ggml_cgraph * graph = ggml_new_graph_custom(context.get(), MOST_NODES, false);
        ggml_tensor * queries = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, model_.hparams.n_text_state, shape.rows());
        ggml_set_input(queries);
        ggml_build_forward_expand(graph, attend_to_audio(context.get(), queries, 0, shape));
        if (!ggml_backend_sched_alloc_graph(scheduler_.get(), graph)) throw std::bad_alloc();
        const std::vector<float> zeros(static_cast<size_t>(ggml_nelements(queries)));
        ggml_backend_tensor_set(queries, zeros.data(), 0, ggml_nbytes(queries));
        if (!ggml_graph_compute_helper(scheduler_.get(), graph, threads_)) throw std::runtime_error("the device does not compute");
    }

    static std::vector<run> runs_of(const kernels::decoder_row * rows, int count) {
        std::vector<run> runs;
        for (int i = 0; i < count; ++i) {
            const bool goes_on = i > 0 && rows[i].sequence == rows[i - 1].sequence;
            if (goes_on) ++runs.back().count;
            else runs.push_back({ i, 1, rows[i].sequence - rows[i].window * kernels::SEQUENCES, rows[i].window });
        }
        return runs;
    }

    // In one graph stand runs of one length, and of neighbouring slots whose audio is as long. Where they are single tokens, slots
    // between them that have none are computed too: one graph for all.
    bool are_together(const run & a, const run & b) const {
        const bool are_alike = a.count == b.count && a.nth == b.nth && positions(a.slot) == positions(b.slot);
        return are_alike && (a.count == 1 || a.slot + 1 == b.slot);
    }

    void step(const runs_of_step & runs, const wanted_logits & wanted, kernels::query_observer * observer) {
        const run & first = *runs.begin;
        step_shape shape = { first.slot, runs.end[-1].slot - first.slot + 1, first.nth, first.count, 0, 0, 0, observer != nullptr };
        const int count = shape.rows();

        // A slot without a run says nothing to nobody.
        std::vector<int32_t> tokens(count), positions(count), places(count), out_rows;
        std::vector<float *> outs;
        for (int i = 0; i < count; ++i) places[i] = caches_.nobodys_row() + i;
        int longest = 0;
        for (const run * one = runs.begin; one < runs.end; ++one) {
            for (int i = 0; i < shape.length; ++i) {
                const kernels::decoder_row & row = runs.rows[one->first + i];
                const int at = (one->slot - first.slot) * shape.length + i;
                tokens[at]    = row.token;
                positions[at] = row.position;
                places[at]    = caches_.text_row(row.sequence, row.position);
                longest       = std::max(longest, row.position + 1);
                const int * found = std::lower_bound(wanted.rows, wanted.rows + wanted.count, one->first + i);
                if (found == wanted.rows + wanted.count || *found != one->first + i) continue;
                out_rows.push_back(at);
                outs.push_back(wanted.out + (found - wanted.rows) * model_.hparams.n_vocab);
            }
        }
        shape.text   = ggml_caches::padded(longest);
        shape.audio  = ggml_caches::padded(this->positions(first.slot));
        shape.wanted = static_cast<int>(out_rows.size());
        std::vector<ggml_fp16_t> mask(static_cast<size_t>(shape.text) * count, ggml_fp32_to_fp16(-INFINITY));
        for (int i = 0; i < count; ++i) std::fill_n(mask.data() + static_cast<int64_t>(i) * shape.text, positions[i] + 1, ggml_fp16_t {});

        const step_graph made(*this, shape);
        if (!ggml_backend_sched_alloc_graph(scheduler_.get(), made.graph)) throw std::bad_alloc();
        const auto set = [](ggml_tensor * tensor, const void * from) { ggml_backend_tensor_set(tensor, from, 0, ggml_nbytes(tensor)); };
        set(made.tokens, tokens.data());
        set(made.positions, positions.data());
        set(made.places, places.data());
        set(made.mask, mask.data());
        if (made.wanted) set(made.wanted, out_rows.data());
        if (!ggml_graph_compute_helper(scheduler_.get(), made.graph, threads_)) throw kernels::compute_error("the decoder failed");

        const size_t logit_bytes = sizeof(float) * static_cast<size_t>(model_.hparams.n_vocab);
        for (size_t i = 0; i < outs.size(); ++i) ggml_backend_tensor_get(made.logits, outs[i], i * logit_bytes, logit_bytes);
        if (observer) show(made.queries, runs, *observer);
    }

    // Queries are scaled before they come, or where there is no mask, here.
    ggml_tensor * attend(ggml_context * c, ggml_tensor * q, ggml_tensor * k, ggml_tensor * v, const step_shape & shape, ggml_tensor * mask) {
        const int64_t width = model_.hparams.n_text_state;
        ggml_tensor * by_head = ggml_reshape_4d(c, q, kernels::HEAD, width / kernels::HEAD, shape.length, shape.slots);
        ggml_tensor * heard = ggml_flash_attn_ext(c, ggml_permute(c, by_head, 0, 2, 1, 3), k, v, mask, mask ? 1.0f : KEY_SCALE, 0.0f, 0.0f);
        return ggml_reshape_2d(c, heard, width, shape.rows());
    }

    ggml_tensor * attend_to_audio(ggml_context * c, ggml_tensor * q, int layer, const step_shape & shape) {
        ggml_tensor * keys   = caches_.audio(c, ggml_caches::keys, layer, shape.first_slot, shape.slots, shape.audio);
        ggml_tensor * values = caches_.audio(c, ggml_caches::values, layer, shape.first_slot, shape.slots, shape.audio);
        return attend(c, q, keys, values, shape, nullptr);
    }

    // `rows` join those that stand in the cache; returns all of the texts that are attended to.
    ggml_tensor * remember(step_graph & to, ggml_caches::part part, int layer, ggml_tensor * rows, const step_shape & shape) {
        ggml_context * c = to.context.get();
        ggml_build_forward_expand(to.graph, ggml_set_rows(c, caches_.text_rows(c, part, layer), rows, to.places));
        return caches_.texts(c, part, layer, shape.first_slot, shape.slots, shape.nth, shape.text);
    }

    // One step of the decoder; see whisper_build_graph_decoder.
    void build(step_graph & to, const step_shape & shape) {
        ggml_context * c = to.context.get();
        const auto norm = [&](ggml_tensor * x, ggml_tensor * gamma, ggml_tensor * beta) {
            return ggml_add(c, ggml_mul(c, ggml_norm(c, x, model_.hparams.eps), gamma), beta);
        };
        const auto linear = [&](ggml_tensor * x, ggml_tensor * weights, ggml_tensor * bias) {
            return ggml_add(c, ggml_mul_mat(c, weights, x), bias);
        };

        ggml_tensor * x = ggml_add(c, ggml_get_rows(c, model_.d_te, to.tokens), ggml_get_rows(c, model_.d_pe, to.positions));
        for (int il = 0; il < model_.hparams.n_text_layer; ++il) {
            const whisper_layer_decoder & layer = model_.layers_decoder[il];

            ggml_tensor * normal = norm(x, layer.attn_ln_0_w, layer.attn_ln_0_b);
            ggml_tensor * q = ggml_scale(c, linear(normal, layer.attn_q_w, layer.attn_q_b), KEY_SCALE);
            ggml_tensor * k = ggml_scale(c, ggml_mul_mat(c, layer.attn_k_w, normal), KEY_SCALE);
            k = remember(to, ggml_caches::keys, il, k, shape);
            ggml_tensor * v = remember(to, ggml_caches::values, il, linear(normal, layer.attn_v_w, layer.attn_v_b), shape);
            x = ggml_add(c, linear(attend(c, q, k, v, shape, to.mask), layer.attn_ln_1_w, layer.attn_ln_1_b), x);

            q = linear(norm(x, layer.cross_attn_ln_0_w, layer.cross_attn_ln_0_b), layer.cross_attn_q_w, layer.cross_attn_q_b);
            if (shape.shows_queries) {
                ggml_set_output(q);
                to.queries.push_back(q);
            }
            x = ggml_add(c, linear(attend_to_audio(c, q, il, shape), layer.cross_attn_ln_1_w, layer.cross_attn_ln_1_b), x);

            normal = norm(x, layer.mlp_ln_w, layer.mlp_ln_b);
            x = ggml_add(c, linear(ggml_gelu(c, linear(normal, layer.mlp_0_w, layer.mlp_0_b)), layer.mlp_1_w, layer.mlp_1_b), x);
        }
        if (to.wanted) to.logits = ggml_mul_mat(c, model_.d_te, norm(ggml_get_rows(c, x, to.wanted), model_.d_ln_w, model_.d_ln_b));
        ggml_build_forward_expand(to.graph, to.logits ? to.logits : x);
    }

    void show(const std::vector<ggml_tensor *> & queries, const runs_of_step & runs, kernels::query_observer & observer) {
        const int64_t width = model_.hparams.n_text_state;
        std::vector<float> values;
        for (size_t layer = 0; layer < queries.size(); ++layer) {
            values.resize(static_cast<size_t>(ggml_nelements(queries[layer])));
            ggml_backend_tensor_get(queries[layer], values.data(), 0, ggml_nbytes(queries[layer]));
            for (const run * one = runs.begin; one < runs.end; ++one) {
                const float * from = values.data() + (one->slot - runs.begin->slot) * runs.begin->count * width;
                observer.observe(static_cast<int>(layer), one->first, one->count, from, width);
            }
        }
    }

    const whisper_model &  model_;
    whisper_context &      context_;
    state_owner            state_; // used by nobody else
    int                    slots_, threads_;
    ggml_caches            caches_;
    ggml_backend_sched_ptr scheduler_;
    std::vector<uint8_t>   graph_memory_;
    std::vector<int32_t>   encoded_; // positions, of each slot
    coming_window          coming_;
    mutable std::mutex     turn_; // on the device: callers read their slots while others are computed
};

} // namespace sotto
