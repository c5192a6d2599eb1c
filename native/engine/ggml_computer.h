// Windows of a batch by ggml, on the GPU of a whisper.cpp state or on the CPU: whisper.cpp's encoder, which is made to write into
// the slot's own cache, and a graph of ours for the decoder's steps, which whisper.cpp has for one window alone. Keys and values
// lie as whisper.cpp has them, so that attention is that of whisper_build_graph_decoder with a fourth dimension, the slot.
// Included by whisper_model.cpp, after whisper.cpp, whose private parts it uses.
#pragma once

#include "kernels/layout.h"
#include "kernels/window_computer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <tuple>

namespace sotto {

class ggml_computer : public kernels::window_computer {
  public:
    // `state` is used by nobody else, and freed here.
    ggml_computer(whisper_context & context, whisper_state * state, int slots, int threads)
        : model_(context.model), context_(context), state_(state), slots_(slots), threads_(threads),
          layers_(model_.hparams.n_text_layer), width_(model_.hparams.n_text_state), heads_(model_.hparams.n_text_head),
          text_positions_(GGML_PAD(model_.hparams.n_text_ctx, BLOCK)), audio_positions_(GGML_PAD(model_.hparams.n_audio_ctx, BLOCK)),
          encoded_(static_cast<size_t>(slots)), whispers_({ state->kv_cross.k, state->kv_cross.v }) {
        make_caches();
        scheduler_ = ggml_backend_sched_new(state_->backends.data(), nullptr, static_cast<int>(state_->backends.size()), MOST_NODES, false, true);
        graph_memory_.resize(ggml_tensor_overhead() * MOST_NODES + ggml_graph_overhead_custom(MOST_NODES, false));
        reserve();
        warm_up();
    }

    ~ggml_computer() override {
        state_->kv_cross.k = whispers_[0];
        state_->kv_cross.v = whispers_[1];
        ggml_backend_sched_free(scheduler_);
        ggml_backend_buffer_free(buffer_);
        ggml_free(tensors_);
        whisper_free_state(state_);
    }

    // Of the caches, on the device.
    static size_t slot_bytes(const whisper_hparams & hparams) {
        const size_t text = GGML_PAD(hparams.n_text_ctx, BLOCK), audio = GGML_PAD(hparams.n_audio_ctx, BLOCK);
        return 2 * sizeof(ggml_fp16_t) * hparams.n_text_layer * hparams.n_text_state * (kernels::SEQUENCES * text + audio);
    }

    int     slots() const override { return slots_; }
    int32_t positions(int slot) const override { return encoded_[static_cast<size_t>(slot)]; }
    void    forget(int slot) override { encoded_[static_cast<size_t>(slot)] = 0; }

    // Whole blocks, or all positions: whisper.cpp attends as far as the next block's end, to whatever is there.
    void begin_encoding(const float * mel, int32_t positions, int slot) override {
        forget(slot);
        coming_ = { mel, 2 * positions, std::min<int32_t>(model_.hparams.n_audio_ctx, GGML_PAD(positions, BLOCK)), slot };
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
        const size_t slot = static_cast<size_t>(coming_.slot);
        state_->exp_n_audio_ctx = coming_.positions;
        state_->kv_cross.k = audio_keys_of_[slot];
        state_->kv_cross.v = audio_values_of_[slot];
        if (!whisper_encode_internal(context_, *state_, 0, threads_, nullptr, nullptr)) throw kernels::compute_error("the encoder failed");
        std::fill(mel.data.begin(), mel.data.end(), 0.0f);
        encoded_[slot] = coming_.positions;
        clear_after(coming_.slot, coming_.positions);
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
            if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0) return false;
            for (end = first + 1; end < runs.size() && are_together(runs[end - 1], runs[end]); ++end) {}
            step({ rows, runs.data() + first, runs.data() + end }, { wants, wanted, logits }, observer);
        }
        return true;
    }

    void copy_sequence(int from, int to, int32_t positions) override {
        const std::lock_guard lock(turn_);
        std::vector<char> bytes(static_cast<size_t>(positions) * width_ * sizeof(ggml_fp16_t));
        for (ggml_tensor * cache : { text_keys_, text_values_ }) {
            for (int layer = 0; layer < layers_; ++layer) {
                ggml_backend_tensor_get(cache, bytes.data(), text_offset(layer, from), bytes.size());
                ggml_backend_tensor_set(cache, bytes.data(), text_offset(layer, to), bytes.size());
            }
        }
    }

    void read_keys(int slot, int layer, int head, int64_t positions, float * out) const override {
        std::vector<ggml_fp16_t> halves(static_cast<size_t>(positions) * width_);
        {
            const std::lock_guard lock(turn_);
            ggml_backend_tensor_get(audio_keys_of_[static_cast<size_t>(slot)], halves.data(), audio_layer_bytes(slot) * layer,
                                    halves.size() * sizeof(ggml_fp16_t));
        }
        for (int64_t position = 0; position < positions; ++position) {
            for (int i = 0; i < kernels::HEAD; ++i) {
                out[position * kernels::HEAD + i] = ggml_fp16_to_fp32(halves[position * width_ + head * kernels::HEAD + i]) / KEY_SCALE;
            }
        }
    }

    float value(int slot, int layer, int64_t position, int64_t channel) const override {
        const std::lock_guard lock(turn_);
        ggml_fp16_t half;
        ggml_backend_tensor_get(audio_values_of_[static_cast<size_t>(slot)], &half,
                                audio_layer_bytes(slot) * layer + (position * width_ + channel) * sizeof(half), sizeof(half));
        return ggml_fp16_to_fp32(half);
    }

  private:
    // Attention on GPUs likes its keys in such blocks.
    static constexpr int BLOCK      = 256;
    static constexpr int MOST_NODES = WHISPER_MAX_NODES;
    // Queries and keys are scaled by it each, as in whisper_build_graph_decoder: the fourth root of a head's width, inverted.
    static constexpr float KEY_SCALE = 0.35355339f;

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
        int first_slot, nth, slots, length;
        int text, audio; // positions that are attended to
        int wanted;      // rows whose logits are
        bool shows_queries;

        int rows() const { return slots * length; }
    };

    // The graph of a step, whose rows stand slot by slot, those of one slot in order; it lies in the computer's memory for graphs.
    struct step_graph {
        step_graph(ggml_computer & of, const step_shape & shape)
            : context(ggml_init({ of.graph_memory_.size(), of.graph_memory_.data(), true })),
              graph(ggml_new_graph_custom(context, MOST_NODES, false)), tokens(input(GGML_TYPE_I32, { shape.rows() })),
              positions(input(GGML_TYPE_I32, { shape.rows() })), places(input(GGML_TYPE_I32, { shape.rows() })),
              mask(input(GGML_TYPE_F16, { shape.text, shape.length, 1, shape.slots })),
              wanted(shape.wanted > 0 ? input(GGML_TYPE_I32, { shape.wanted }) : nullptr) {
            of.build(*this, shape);
        }
        ~step_graph() { ggml_free(context); }
        step_graph(const step_graph &) = delete;
        step_graph & operator=(const step_graph &) = delete;

        ggml_context *             context;
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
            ggml_tensor * tensor = ggml_new_tensor(context, type, static_cast<int>(sizes.size()), sizes.begin());
            ggml_set_input(tensor);
            return tensor;
        }
    };

    // Room for the largest graphs is taken at once, so that no step asks for more.
    void reserve() {
        reserve_for(slots_, 1);
        for (int slots = 1; slots <= std::min(slots_, kernels::PROMPT_ROWS); ++slots) reserve_for(slots, kernels::PROMPT_ROWS / slots);
    }
    void reserve_for(int slots, int length) {
        for (const bool shows_queries : { false, true }) {
            const step_shape shape = { 0, 0, slots, length, text_positions_, audio_positions_, slots, shows_queries };
            if (!ggml_backend_sched_reserve(scheduler_, step_graph(*this, shape).graph)) throw std::bad_alloc();
        }
    }

    // A GPU keeps room for the sums of attention, and makes more where it is too little. Mesa's software device (22.3) dies of the room
    // that it gave back, so that the most is asked for first.
    void warm_up() {
        warm_up_for(slots_, 1);
        for (int slots = 1; slots <= std::min(slots_, kernels::PROMPT_ROWS); ++slots) warm_up_for(slots, kernels::PROMPT_ROWS / slots);
    }
    void warm_up_for(int slots, int length) {
        const step_shape shape = { 0, 0, slots, length, 0, audio_positions_, 0, false };
        ggml_context * context = ggml_init({ graph_memory_.size(), graph_memory_.data(), true });
        ggml_cgraph * graph = ggml_new_graph_custom(context, MOST_NODES, false);
        ggml_tensor * queries = ggml_new_tensor_2d(context, GGML_TYPE_F32, width_, shape.rows());
        ggml_set_input(queries);
        ggml_build_forward_expand(graph, attend_to_audio(context, queries, 0, shape));
        bool ok = ggml_backend_sched_alloc_graph(scheduler_, graph);
        if (ok) {
            const std::vector<float> zeros(static_cast<size_t>(ggml_nelements(queries)));
            ggml_backend_tensor_set(queries, zeros.data(), 0, ggml_nbytes(queries));
            ok = ggml_graph_compute_helper(scheduler_, graph, threads_);
        }
        ggml_free(context);
        if (!ok) throw std::bad_alloc();
    }

    // Caches of all slots: text [layer][sequence][position][channel], audio [slot][layer][position][channel].
    void make_caches() {
        tensors_ = ggml_init({ ggml_tensor_overhead() * static_cast<size_t>(4 + 2 * slots_), nullptr, true });
        const int64_t sequences = static_cast<int64_t>(slots_) * kernels::SEQUENCES + 1; // the last is nobody's
        const int64_t audio = static_cast<int64_t>(audio_positions_) * width_ * layers_;
        text_keys_    = ggml_new_tensor_2d(tensors_, GGML_TYPE_F16, width_, layers_ * sequences * text_positions_);
        text_values_  = ggml_new_tensor_2d(tensors_, GGML_TYPE_F16, width_, layers_ * sequences * text_positions_);
        audio_keys_   = ggml_new_tensor_1d(tensors_, GGML_TYPE_F16, slots_ * audio);
        audio_values_ = ggml_new_tensor_1d(tensors_, GGML_TYPE_F16, slots_ * audio);
        for (int slot = 0; slot < slots_; ++slot) {
            audio_keys_of_.push_back(ggml_view_1d(tensors_, audio_keys_, audio, slot * audio * sizeof(ggml_fp16_t)));
            audio_values_of_.push_back(ggml_view_1d(tensors_, audio_values_, audio, slot * audio * sizeof(ggml_fp16_t)));
        }
        buffer_ = ggml_backend_alloc_ctx_tensors(tensors_, state_->backends.front());
        if (!buffer_) {
            ggml_free(tensors_);
            throw std::bad_alloc();
        }
        // Attention reads whole blocks: what a mask hides, and the audio's padding, must be numbers.
        ggml_backend_buffer_clear(buffer_, 0);
    }

    size_t text_layer_bytes() const { return text_keys_->nb[1] * static_cast<size_t>(text_keys_->ne[1] / layers_); }
    size_t text_sequence_bytes() const { return text_keys_->nb[1] * static_cast<size_t>(text_positions_); }
    size_t text_offset(int layer, int sequence) const { return text_layer_bytes() * layer + text_sequence_bytes() * sequence; }
    // Of a layer of the audio's cache, which is as long as whole blocks.
    static int attended(int32_t positions) { return GGML_PAD(positions, BLOCK); }
    size_t audio_layer_bytes(int slot) const { return sizeof(ggml_fp16_t) * static_cast<size_t>(width_) * attended(positions(slot)); }

    // What is attended to behind the last position: zeros, as whisper.cpp has it, and not what a shorter window has left there.
    void clear_after(int slot, int32_t positions) {
        const std::vector<char> zeros(sizeof(ggml_fp16_t) * static_cast<size_t>(width_) * (attended(positions) - positions));
        if (zeros.empty()) return;
        for (ggml_tensor * cache : { audio_keys_of_[static_cast<size_t>(slot)], audio_values_of_[static_cast<size_t>(slot)] }) {
            for (int layer = 1; layer <= layers_; ++layer) {
                ggml_backend_tensor_set(cache, zeros.data(), audio_layer_bytes(slot) * layer - zeros.size(), zeros.size());
            }
        }
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
    // between them that have none are computed too, which is cheaper than another graph.
    bool are_together(const run & a, const run & b) const {
        const bool are_alike = a.count == b.count && a.nth == b.nth && positions(a.slot) == positions(b.slot);
        return are_alike && (a.count == 1 || a.slot + 1 == b.slot);
    }

    void step(const runs_of_step & runs, const wanted_logits & wanted, kernels::query_observer * observer) {
        const int length = runs.begin->count, nth = runs.begin->nth;
        const int first_slot = runs.begin->slot, slots = (runs.end - 1)->slot - first_slot + 1;
        const int count = slots * length;
        const int32_t nobodys = slots_ * kernels::SEQUENCES * text_positions_;

        // A slot without a run says nothing to nobody.
        std::vector<int32_t> tokens(count), positions(count), places(count), out_rows;
        std::vector<std::pair<int, float *>> outs;
        for (int i = 0; i < count; ++i) places[i] = nobodys + i;
        int longest = 0;
        for (const run * one = runs.begin; one < runs.end; ++one) {
            for (int i = 0; i < length; ++i) {
                const kernels::decoder_row & row = runs.rows[one->first + i];
                const int at = (one->slot - first_slot) * length + i;
                tokens[at]    = row.token;
                positions[at] = row.position;
                places[at]    = row.sequence * text_positions_ + row.position;
                longest       = std::max(longest, row.position + 1);
                const int * found = std::lower_bound(wanted.rows, wanted.rows + wanted.count, one->first + i);
                if (found == wanted.rows + wanted.count || *found != one->first + i) continue;
                out_rows.push_back(at);
                outs.emplace_back(static_cast<int>(outs.size()), wanted.out + (found - wanted.rows) * model_.hparams.n_vocab);
            }
        }
        const int text = std::min<int>(text_positions_, GGML_PAD(longest, BLOCK));
        std::vector<ggml_fp16_t> mask(static_cast<size_t>(text) * count, ggml_fp32_to_fp16(-INFINITY));
        for (int i = 0; i < count; ++i) std::fill_n(mask.begin() + static_cast<std::ptrdiff_t>(i) * text, positions[i] + 1, ggml_fp16_t {});

        const step_shape shape = { first_slot, nth, slots, length, text, attended(this->positions(first_slot)), static_cast<int>(out_rows.size()),
                                   observer != nullptr };
        const step_graph made(*this, shape);
        if (!ggml_backend_sched_alloc_graph(scheduler_, made.graph)) throw std::bad_alloc();
        const auto set = [](ggml_tensor * tensor, const void * from) { ggml_backend_tensor_set(tensor, from, 0, ggml_nbytes(tensor)); };
        set(made.tokens, tokens.data());
        set(made.positions, positions.data());
        set(made.places, places.data());
        set(made.mask, mask.data());
        if (made.wanted) set(made.wanted, out_rows.data());
        if (!ggml_graph_compute_helper(scheduler_, made.graph, threads_)) throw kernels::compute_error("the decoder failed");

        const size_t logit_bytes = sizeof(float) * static_cast<size_t>(model_.hparams.n_vocab);
        for (const auto & [row, out] : outs) ggml_backend_tensor_get(made.logits, out, row * logit_bytes, logit_bytes);
        if (observer) show(made.queries, runs, *observer);
    }

    // A part of a cache as [channel of a head][position][head][slot].
    ggml_tensor * by_head(ggml_context * c, ggml_tensor * cache, const step_shape & shape, int positions, size_t slot_bytes, size_t offset) {
        const size_t value = sizeof(ggml_fp16_t);
        return ggml_view_4d(c, cache, kernels::HEAD, positions, heads_, shape.slots, value * width_, value * kernels::HEAD, slot_bytes, offset);
    }

    // Queries are scaled before they come, or where there is no mask, here.
    ggml_tensor * attend(ggml_context * c, ggml_tensor * q, ggml_tensor * k, ggml_tensor * v, const step_shape & shape, ggml_tensor * mask) {
        ggml_tensor * by_slot = ggml_permute(c, ggml_reshape_4d(c, q, kernels::HEAD, heads_, shape.length, shape.slots), 0, 2, 1, 3);
        ggml_tensor * heard = ggml_flash_attn_ext(c, by_slot, k, v, mask, mask ? 1.0f : KEY_SCALE, 0.0f, 0.0f);
        return ggml_reshape_2d(c, heard, width_, shape.rows());
    }

    ggml_tensor * attend_to_audio(ggml_context * c, ggml_tensor * q, int layer, const step_shape & shape) {
        const size_t slot_bytes = ggml_nbytes(audio_keys_) / static_cast<size_t>(slots_);
        const size_t offset = slot_bytes * shape.first_slot + sizeof(ggml_fp16_t) * static_cast<size_t>(width_) * shape.audio * layer;
        ggml_tensor * keys = by_head(c, audio_keys_, shape, shape.audio, slot_bytes, offset);
        ggml_tensor * values = by_head(c, audio_values_, shape, shape.audio, slot_bytes, offset);
        return attend(c, q, keys, values, shape, nullptr);
    }

    // One step of the decoder; see whisper_build_graph_decoder.
    void build(step_graph & to, const step_shape & shape) {
        ggml_context * c = to.context;
        const auto norm = [&](ggml_tensor * x, ggml_tensor * gamma, ggml_tensor * beta) {
            return ggml_add(c, ggml_mul(c, ggml_norm(c, x, model_.hparams.eps), gamma), beta);
        };
        const auto linear = [&](ggml_tensor * x, ggml_tensor * weights, ggml_tensor * bias) {
            ggml_tensor * product = ggml_mul_mat(c, weights, x);
            return bias ? ggml_add(c, product, bias) : product;
        };

        ggml_tensor * x = ggml_add(c, ggml_get_rows(c, model_.d_te, to.tokens), ggml_get_rows(c, model_.d_pe, to.positions));
        for (int il = 0; il < layers_; ++il) {
            const whisper_layer_decoder & layer = model_.layers_decoder[il];

            ggml_tensor * normal = norm(x, layer.attn_ln_0_w, layer.attn_ln_0_b);
            ggml_tensor * q = ggml_scale(c, linear(normal, layer.attn_q_w, layer.attn_q_b), KEY_SCALE);
            const std::array<std::pair<ggml_tensor *, ggml_tensor *>, 2> kept = { {
                { text_keys_, ggml_scale(c, linear(normal, layer.attn_k_w, nullptr), KEY_SCALE) },
                { text_values_, linear(normal, layer.attn_v_w, layer.attn_v_b) },
            } };
            std::array<ggml_tensor *, 2> text;
            for (size_t i = 0; i < kept.size(); ++i) {
                const auto & [cache, rows] = kept[i];
                ggml_tensor * all = ggml_view_2d(c, cache, width_, cache->ne[1] / layers_, cache->nb[1], text_layer_bytes() * il);
                ggml_build_forward_expand(to.graph, ggml_set_rows(c, all, rows, to.places));
                text[i] = by_head(c, cache, shape, shape.text, kernels::SEQUENCES * text_sequence_bytes(),
                                  text_offset(il, shape.first_slot * kernels::SEQUENCES + shape.nth));
            }
            x = ggml_add(c, linear(attend(c, q, text[0], text[1], shape, to.mask), layer.attn_ln_1_w, layer.attn_ln_1_b), x);

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
        const int length = runs.begin->count, first_slot = runs.begin->slot;
        std::vector<float> values;
        for (size_t layer = 0; layer < queries.size(); ++layer) {
            values.resize(static_cast<size_t>(ggml_nelements(queries[layer])));
            ggml_backend_tensor_get(queries[layer], values.data(), 0, ggml_nbytes(queries[layer]));
            for (const run * one = runs.begin; one < runs.end; ++one) {
                const float * from = values.data() + static_cast<int64_t>(one->slot - first_slot) * length * width_;
                observer.observe(static_cast<int>(layer), one->first, one->count, from, width_);
            }
        }
    }

    const whisper_model & model_;
    whisper_context &     context_;
    whisper_state *       state_;
    int                   slots_, threads_, layers_;
    int64_t               width_, heads_;
    int                   text_positions_, audio_positions_; // of a cache, padded
    std::vector<int32_t>  encoded_;
    coming_window         coming_;
    mutable std::mutex    turn_; // on the device: callers read their slots while others are computed

    std::array<ggml_tensor *, 2> whispers_; // the state's own cache
    ggml_context *               tensors_ = nullptr;
    ggml_backend_buffer_t        buffer_  = nullptr;
    ggml_tensor *                text_keys_   = nullptr;
    ggml_tensor *                text_values_ = nullptr;
    ggml_tensor *                audio_keys_   = nullptr;
    ggml_tensor *                audio_values_ = nullptr;
    std::vector<ggml_tensor *>   audio_keys_of_, audio_values_of_; // of each slot

    ggml_backend_sched_t scheduler_ = nullptr;
    std::vector<uint8_t> graph_memory_;
};

} // namespace sotto
