// Whisper on the CPU by kernels of our own: what the engine sees of this folder. Design and figures: docs/kernels.md.
//
//   const model_file file(path);                     // maps the file; throws std::runtime_error with a reason
//   const model      weights(file);                  // packs; the file may go
//   thread_team      team(threads);                  // one per thread that calls; the caller is one of them
//   log_mel_spectrogram mel(weights.mel_filters, 480000);
//   cross_cache audio(weights.dimensions, windows);  // a slot per window
//   self_cache  text(weights.dimensions, sequences); // a slot per sequence: beams of a window have their own
//   encoder     encode(weights, team);
//   decoder     decode(weights, team, text, audio);
//
//   mel.compute(samples, count, team, frames, 3000);           // [frame][mel]
//   encode.encode(frames, 1500, audio, window, cancel);        // → audio's slot; fewer positions for a shorter window
//   decode.prefill(rows, count, wants, wanted, logits, cancel); // prompts of any number of sequences
//   decode.step(rows, count, logits, cancel);                   // a token of each; rows come and go from step to step
//   text.copy(from, to, positions);                             // a beam forks
//   lean_sampler(vocabulary, rules, seed).next(logits);
//
// After they are made nothing allocates and nothing throws. Row indices, slots, positions and tokens are the caller's to check. An
// encoder, a decoder and a team serve one caller at a time; model and tables are read-only; an encoder may fill one slot
// while a decoder reads others, each with a team of its own. `cancel`: a word that another thread sets to non-zero; it is read before
// every layer. The result does not depend on the number of threads, nor on which other rows are in a batch.
#pragma once

#include "decoder.h"
#include "encoder.h"
#include "lean_sampler.h"
#include "log_mel.h"

namespace sotto::kernels {

// Whether this processor has kernels that beat ggml's; elsewhere only the plain loops run, and ggml is the better choice.
inline bool worth_using() { return &best_table() != &plain_table(); }

} // namespace sotto::kernels
