// Reads where the decoder looks. whisper.cpp keeps attention weights only without flash attention and only for its own
// whisper_full; here the queries are taken out of the running graph, and the weights are computed beside it from the keys
// that the encoder left in the cache. Included by whisper_model.cpp, after whisper.cpp, whose private parts it reads.
#pragma once

#include "alignment.h"
#include "ggml_caches.h"
#include "loaded_model.h"

namespace sotto {

// Until it is stopped, the decoder's graph stops after each cross-attention and its weights are added up.
class cross_attention_reader {
  public:
    cross_attention_reader(whisper_state & state, const whisper_hparams & hparams, size_t rows, size_t positions)
        : state_(state), hparams_(hparams), heads_(alignment_heads({ hparams.n_audio_layer, hparams.n_text_layer, hparams.n_text_state,
                                                                          hparams.n_text_head, hparams.n_vocab })) {
        head_.rows = sum_.rows = rows;
        head_.positions = sum_.positions = positions;
        head_.weights.resize(rows * positions);
        sum_.weights.resize(rows * positions);
        ggml_backend_sched_set_eval_callback(state_.sched_decode.sched, observe, this);
    }
    ~cross_attention_reader() { stop(); }
    cross_attention_reader(const cross_attention_reader &) = delete;
    cross_attention_reader & operator=(const cross_attention_reader &) = delete;

    void stop() { ggml_backend_sched_set_eval_callback(state_.sched_decode.sched, nullptr, nullptr); }

    // The mean over the heads. Null when the graph was not as expected.
    const attention_map * mean() {
        if (failed_ || layer_ != hparams_.n_text_layer || heads_.empty()) return nullptr;
        for (float & weight : sum_.weights) weight /= static_cast<float>(heads_.size());
        return &sum_;
    }

  private:
    // Attention over the audio is the one without a mask.
    static bool observe(ggml_tensor * node, bool ask, void * self) {
        if (node->op != GGML_OP_FLASH_ATTN_EXT || node->src[3]) return !ask;
        if (ask) return true;
        auto & reader = *static_cast<cross_attention_reader *>(self);
        try {
            reader.read_layer(*node->src[0]);
        } catch (const std::exception &) {
            reader.failed_ = true;
        }
        ++reader.layer_;
        return true;
    }

    void read_layer(const ggml_tensor & queries) {
        const size_t width = hparams_.n_text_state / hparams_.n_text_head;
        const size_t state_width = hparams_.n_text_state;
        const ggml_tensor & keys = *state_.kv_cross.k;
        if (queries.type != GGML_TYPE_F32 || keys.type != GGML_TYPE_F16 || queries.ne[0] != static_cast<int64_t>(width) ||
            queries.ne[1] != static_cast<int64_t>(sum_.rows)) {
            failed_ = true;
            return;
        }
        const auto wanted = [this](const alignment_head & head) { return head.layer == layer_; };
        if (std::none_of(heads_.begin(), heads_.end(), wanted)) return;

        query_values_.resize(ggml_nelements(&queries));
        ggml_backend_tensor_get(&queries, query_values_.data(), 0, ggml_nbytes(&queries));
        key_halves_.resize(sum_.positions * state_width);
        const size_t layer_positions = GGML_PAD(state_.exp_n_audio_ctx, ATTENTION_BLOCK);
        ggml_backend_tensor_get(&keys, key_halves_.data(), sizeof(ggml_fp16_t) * state_width * layer_positions * layer_,
                                sizeof(ggml_fp16_t) * key_halves_.size());
        key_values_.resize(sum_.positions * width);
        // The cache holds keys scaled by the fourth root; queries are scaled by the other one within the attention.
        const float scale = std::pow(static_cast<float>(width), -0.25f);
        for (const alignment_head & head : heads_) {
            if (!wanted(head)) continue;
            for (size_t position = 0; position < sum_.positions; ++position) {
                ggml_fp16_to_fp32_row(key_halves_.data() + position * state_width + head.head * width,
                                      key_values_.data() + position * width, static_cast<int64_t>(width));
            }
            const size_t stride = queries.nb[1] / sizeof(float);
            attend(head_, query_values_.data() + head.head * (queries.nb[2] / sizeof(float)), stride, key_values_.data(),
                   width, scale);
            standardise_positions(head_);
            smooth_rows(head_);
            for (size_t i = 0; i < sum_.weights.size(); ++i) sum_.weights[i] += head_.weights[i];
        }
    }

    whisper_state &              state_;
    const whisper_hparams &      hparams_;
    std::vector<alignment_head>   heads_;
    attention_map                head_;
    attention_map                sum_;
    std::vector<float>           query_values_;
    std::vector<ggml_fp16_t>     key_halves_;
    std::vector<float>           key_values_;
    int                          layer_  = 0;
    bool                         failed_ = false;
};

} // namespace sotto
