// Whisper's rules for choosing the next token: openai/whisper `whisper/decoding.py`, class ApplyTimestampRules and the
// filters beside it. Works on the logits in place and allocates nothing per token.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace sotto {

struct sampler_vocabulary {
    int32_t size = 0;
    int32_t end_of_text = 0;
    int32_t timestamp_begin = 0;
    int32_t blank = -1;                // the token " "
    std::vector<int32_t> non_speech;   // symbols that nobody says
};

struct sampler_rules {
    bool  timestamps = true;
    int   max_initial_timestamp = 50;
    float temperature = 0.0f;
};

struct sampled_token {
    int32_t id;
    float   logprob;
};

// One sequence while it grows.
class sampler {
  public:
    sampler(const sampler_vocabulary & vocabulary, const sampler_rules & rules, uint32_t seed);

    // Chooses the token after those accepted so far. `logits`: vocabulary.size floats, changed.
    sampled_token next(float * logits);

  private:
    // Which tokens may come next: text and end of text as a whole, timestamps as a range of ids.
    struct allowed {
        bool    text;
        bool    end;
        int32_t first_timestamp;
        int32_t last_timestamp; // < first_timestamp: none
    };
    allowed allowed_next() const;
    void    remember(int32_t id);

    const sampler_vocabulary & vocabulary_;
    sampler_rules              rules_;
    std::mt19937               random_;
    int                        length_ = 0;
    bool                       last_was_timestamp_ = false;
    bool                       one_before_was_timestamp_ = false;
    int32_t                    latest_timestamp_ = -1;
};

} // namespace sotto
