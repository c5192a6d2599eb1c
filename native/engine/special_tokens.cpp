#include "special_tokens.h"

#include <stdexcept>

namespace sotto {

namespace {

// Ids in a vocabulary of English only; with other languages all move up by one, and those behind the languages by what there
// are more of these than 98.
constexpr int32_t ENGLISH_ONLY = 51864; // tokens
constexpr int32_t USUAL_LANGUAGES = 98;
constexpr int32_t BESIDE_LANGUAGES = 51765;

} // namespace

sotto_model_facts facts_of(const vocabulary_shape & shape) {
    const bool multilingual = shape.vocabulary > ENGLISH_ONLY;
    const int32_t languages = shape.vocabulary - BESIDE_LANGUAGES - (multilingual ? 1 : 0);
    const int32_t first = multilingual ? 1 : 0;
    const int32_t behind = multilingual ? languages - USUAL_LANGUAGES : 0;
    sotto_model_facts facts = {};
    facts.vocab_size          = shape.vocabulary;
    facts.audio_context       = shape.audio_context;
    facts.audio_layers        = shape.audio_layers;
    facts.text_context        = shape.text_context;
    facts.text_layers         = shape.text_layers;
    facts.mel_bins            = shape.mels;
    facts.multilingual        = multilingual ? 1 : 0;
    facts.language_count      = multilingual ? languages : 1;
    facts.end_of_text         = 50256 + first;
    facts.start_of_transcript = 50257 + first;
    facts.translate           = 50357 + behind;
    facts.transcribe          = 50358 + behind;
    facts.start_of_prev       = 50360 + behind;
    facts.no_speech           = 50361 + behind;
    facts.no_timestamps       = 50362 + behind;
    facts.timestamp_begin     = 50363 + behind;
    if (facts.timestamp_begin >= shape.vocabulary || languages < 0) {
        throw std::runtime_error("the vocabulary has no room for Whisper's special tokens");
    }
    return facts;
}

void name_special_tokens(const sotto_model_facts & facts, std::vector<std::string> & tokens) {
    const size_t named = tokens.size();
    tokens.resize(static_cast<size_t>(facts.vocab_size));
    for (size_t id = named; id < tokens.size(); ++id) tokens[id] = "[special " + std::to_string(id) + "]";
}

} // namespace sotto
