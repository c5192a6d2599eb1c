// Reads where the decoder looks. whisper.cpp keeps attention weights only without flash attention and only for its own
// whisper_full; here the queries are taken out of the running graph, and the weights are computed beside it from the keys
// that the encoder left in the cache. Included by engine.cpp, after whisper.cpp, whose private parts it reads.
#pragma once

#include "alignment.h"

namespace sotto {

// Which heads follow the audio. For OpenAI's models they are published (upstream's tables; which of them a file holds is
// told by its shape, so large-v1, of the same shape as large-v2, gets the latter's). For any other model all heads of the
// upper half of the layers: openai/whisper `whisper/model.py`, class Whisper, alignment_heads.
inline std::vector<whisper_ahead> alignment_heads(const whisper_hparams & hparams) {
    struct shape {
        int32_t audio_layers, text_layers, width;
        whisper_alignment_heads_preset english, multilingual, hundred_languages;
    };
    constexpr auto NONE = WHISPER_AHEADS_NONE;
    static const shape SHAPES[] = {
        {  4,  4,  384, WHISPER_AHEADS_TINY_EN,   WHISPER_AHEADS_TINY,     NONE },
        {  6,  6,  512, WHISPER_AHEADS_BASE_EN,   WHISPER_AHEADS_BASE,     NONE },
        { 12, 12,  768, WHISPER_AHEADS_SMALL_EN,  WHISPER_AHEADS_SMALL,    NONE },
        { 24, 24, 1024, WHISPER_AHEADS_MEDIUM_EN, WHISPER_AHEADS_MEDIUM,   NONE },
        { 32, 32, 1280, NONE,                     WHISPER_AHEADS_LARGE_V2, WHISPER_AHEADS_LARGE_V3 },
        { 32,  4, 1280, NONE,                     NONE,                    WHISPER_AHEADS_LARGE_V3_TURBO },
    };
    for (const shape & known : SHAPES) {
        if (known.audio_layers != hparams.n_audio_layer || known.text_layers != hparams.n_text_layer ||
            known.width != hparams.n_text_state) continue;
        const auto preset = hparams.n_vocab == 51864 ? known.english
                          : hparams.n_vocab == 51865 ? known.multilingual
                          : hparams.n_vocab == 51866 ? known.hundred_languages : NONE;
        if (preset == NONE) break;
        const whisper_aheads & heads = g_aheads.at(preset);
        return { heads.heads, heads.heads + heads.n_heads };
    }
    std::vector<whisper_ahead> heads;
    for (int layer = hparams.n_text_layer / 2; layer < hparams.n_text_layer; ++layer) {
        for (int head = 0; head < hparams.n_text_head; ++head) heads.push_back({ layer, head });
    }
    return heads;
}

// While it lives, the decoder's graph stops after each cross-attention and its weights are added up.
class cross_attention_reader {
  public:
    cross_attention_reader(whisper_state & state, const whisper_hparams & hparams, size_t rows, size_t positions)
        : state_(state), hparams_(hparams), heads_(alignment_heads(hparams)) {
        head_.rows = sum_.rows = rows;
        head_.positions = sum_.positions = positions;
        head_.weights.resize(rows * positions);
        sum_.weights.resize(rows * positions);
        ggml_backend_sched_set_eval_callback(state_.sched_decode.sched, observe, this);
    }
    ~cross_attention_reader() { ggml_backend_sched_set_eval_callback(state_.sched_decode.sched, nullptr, nullptr); }
    cross_attention_reader(const cross_attention_reader &) = delete;
    cross_attention_reader & operator=(const cross_attention_reader &) = delete;

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
        const auto wanted = [this](const whisper_ahead & head) { return head.n_text_layer == layer_; };
        if (std::none_of(heads_.begin(), heads_.end(), wanted)) return;

        query_values_.resize(ggml_nelements(&queries));
        ggml_backend_tensor_get(&queries, query_values_.data(), 0, ggml_nbytes(&queries));
        key_halves_.resize(sum_.positions * state_width);
        const size_t layer_positions = GGML_PAD(hparams_.n_audio_ctx, 256); // whisper_build_graph_decoder, n_audio_ctx_pad
        ggml_backend_tensor_get(&keys, key_halves_.data(), sizeof(ggml_fp16_t) * state_width * layer_positions * layer_,
                                sizeof(ggml_fp16_t) * key_halves_.size());
        key_values_.resize(sum_.positions * width);
        // The cache holds keys scaled by the fourth root; queries are scaled by the other one within the attention.
        const float scale = std::pow(static_cast<float>(width), -0.25f);
        for (const whisper_ahead & head : heads_) {
            if (!wanted(head)) continue;
            for (size_t position = 0; position < sum_.positions; ++position) {
                ggml_fp16_to_fp32_row(key_halves_.data() + position * state_width + head.n_head * width,
                                      key_values_.data() + position * width, static_cast<int64_t>(width));
            }
            const size_t stride = queries.nb[1] / sizeof(float);
            attend(head_, query_values_.data() + head.n_head * (queries.nb[2] / sizeof(float)), stride, key_values_.data(),
                   width, scale);
            standardise_positions(head_);
            smooth_rows(head_);
            for (size_t i = 0; i < sum_.weights.size(); ++i) sum_.weights[i] += head_.weights[i];
        }
    }

    whisper_state &              state_;
    const whisper_hparams &      hparams_;
    std::vector<whisper_ahead>   heads_;
    attention_map                head_;
    attention_map                sum_;
    std::vector<float>           query_values_;
    std::vector<ggml_fp16_t>     key_halves_;
    std::vector<float>           key_values_;
    int                          layer_  = 0;
    bool                         failed_ = false;
};

} // namespace sotto
