// The tokens beyond the text, which a model file does not name: their ids follow from the size of the vocabulary.
#pragma once

#include "engine.h"

#include <string>
#include <vector>

namespace sotto {

struct vocabulary_shape {
    int32_t vocabulary, audio_context, audio_layers, text_context, text_layers, mels;
};

// openai/whisper `whisper/tokenizer.py`, and upstream's model loader. Throws std::runtime_error when the vocabulary has no room
// for them.
sotto_model_facts facts_of(const vocabulary_shape & shape);

// Makes `tokens` as long as the vocabulary. Names for those that the file lacks: nothing that anybody says.
void name_special_tokens(const sotto_model_facts & facts, std::vector<std::string> & tokens);

} // namespace sotto
