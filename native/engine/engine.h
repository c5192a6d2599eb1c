// The C face of the engine: all that the Rust crate may call.
//
// Every function catches whatever is thrown beneath it and answers with a status; sotto_last_error() then has the reason,
// for the calling thread. What can abort instead of throwing is refused before whisper.cpp sees it: each such guard
// stands in engine.cpp or whisper_opening.h beside the reason.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    SOTTO_OK = 0,
    SOTTO_CANCELLED = 1,
    SOTTO_INVALID_ARGUMENT = 2,
    SOTTO_LOAD_FAILED = 3,
    SOTTO_OUT_OF_MEMORY = 4,
    SOTTO_COMPUTE_FAILED = 5,
} sotto_status;

// Weights and vocabulary: read-only after loading, shared by all sessions.
typedef struct sotto_model sotto_model;
// The weights of Silero VAD and what it computes on: one thread may use it at once.
typedef struct sotto_speech sotto_speech;
// Caches and buffers of one decoding at a time: one thread may use it at once.
typedef struct sotto_session sotto_session;

typedef struct {
    int32_t vocab_size;
    int32_t audio_context;  // encoder positions of 20 ms
    int32_t audio_layers;
    int32_t text_context;   // decoder positions
    int32_t text_layers;
    int32_t mel_bins;
    int32_t multilingual;   // 0 or 1
    int32_t language_count;
    // token ids
    int32_t end_of_text;
    int32_t start_of_transcript;
    int32_t translate;
    int32_t transcribe;
    int32_t start_of_prev;
    int32_t no_speech;
    int32_t no_timestamps;
    int32_t timestamp_begin;
    int32_t batch_windows; // decoded at once; 0: each session is for itself
} sotto_model_facts;

typedef struct {
    float    temperature;           // 0: greedy; else 0 < t <= 1: sampled
    int32_t  candidates;            // sequences to sample, 1..8; the one with the best mean log-probability is kept
    uint32_t seed;
    int32_t  max_tokens;            // 1..text_context / 2
    int32_t  timestamps;            // 0: prompt ends in <|notimestamps|>, none are sampled
    int32_t  max_initial_timestamp; // largest first timestamp, in steps of 20 ms
} sotto_decode_options;

// Valid until the session's next call.
typedef struct {
    const int32_t * ids;      // without end of text
    const float   * logprobs; // natural logarithm, after the rules, at temperature 1
    int32_t         count;
    int32_t         ended;       // 0: cut at max_tokens
    float           end_logprob; // of end of text; 0 when cut
} sotto_tokens;

// Wall clock since the last sotto_session_set_audio, in microseconds.
typedef struct {
    int64_t mel_us;
    int64_t encode_us;
    int64_t decode_us;
    int64_t sample_us;
} sotto_timings;

const char * sotto_last_error(void);
const char * sotto_whisper_version(void);
const char * sotto_system_info(void);

// From now on a signal of a crash that another process sends ends this one as SIGKILL does, so that whoever watches it
// can tell the two apart. Real crashes end it as before.
void sotto_end_on_signals_from_outside(void);

// A device that a loaded backend found. The strings live as long as the process.
typedef struct {
    const char * name;        // "CPU", "Vulkan0" …
    const char * description;
    int32_t      is_gpu;
    uint64_t     free_bytes;
    uint64_t     total_bytes;
} sotto_device;

// Loads a backend's module; *name is its name. One for the CPU must be loaded before any model is opened.
sotto_status sotto_backend_load(const char * path, const char ** name);
// How well the processor suits a module that is not loaded: 0: not at all. Runs none of its kernels.
sotto_status sotto_backend_score(const char * path, int32_t * score);
size_t       sotto_device_count(void);
sotto_status sotto_device_describe(size_t index, sotto_device * out);

// One product of the probe: weights of a type, at one of the places that the device has for them.
typedef struct {
    const char * type;
    const char * place;
    int32_t      wide;          // 1: many columns, as the encoder has; 0: one, as the decoder
    int32_t      used;          // 1: the place where weights of this type go
    double       error;         // root mean square, relative to the result; infinite when not a number
    double       milliseconds;  // of the fastest repetition
} sotto_product;

// Computes products on a device ("": the CPU) and holds them against plain loops.
sotto_status sotto_probe_products(const char * device, int32_t threads, sotto_product * out, size_t capacity, size_t * count);

// Kernels of our own that this processor can run, by name, the fastest first: `name` of the index-th, or null.
const char * sotto_kernels_name(size_t index);
// Computes with them, and holds that against plain loops. `type` is that of the weights, `place` empty.
sotto_status sotto_probe_kernels(const char * name, sotto_product * out, size_t capacity, size_t * count);

// Windows of all sessions are decoded together: on the CPU by the kernels of that name, or by ggml (""), on a GPU or the CPU.
typedef struct {
    const char * kernels;
    int32_t      threads; // 1..256, shared by all windows
    int32_t      windows; // at once, 1..256; 0: none are, and each session is for itself
} sotto_batch;

// Loads a model file. The caller has walked it before: a crafted file may abort the process in here.
// `device`: name of a GPU, or "" for the CPU alone. A model that does not suit the kernels is computed by ggml, and one that
// cannot be decoded in a batch one session at a time.
sotto_status sotto_model_open(const char * path, const char * device, const sotto_batch * batch, sotto_model ** out);
void         sotto_model_close(sotto_model * model);
sotto_status sotto_model_describe(const sotto_model * model, sotto_model_facts * out);
// Bytes of one token of the vocabulary; *out is valid as long as the model.
sotto_status sotto_model_token_bytes(const sotto_model * model, int32_t id, const char ** out, size_t * length);

// `threads`: of ggml; kernels of our own share those of the model. `short_windows`: not 0: windows are encoded as far as their
// audio goes and a little further, not always 30 s.
sotto_status sotto_session_open(sotto_model * model, int32_t threads, int32_t short_windows, sotto_session ** out);
void         sotto_session_close(sotto_session * session);

// `cancel`: a word that another thread may set to non-zero to stop the call; read until the call returns. May be null.

// Takes 16 kHz mono audio of 1,600 to 480,000 samples and computes its log-mel spectrogram.
sotto_status sotto_session_set_audio(sotto_session * session, const int16_t * pcm, size_t count, const int32_t * cancel);
// Encodes the 30 s from `offset_frames` (10 ms each) on, or with short windows what of them has audio.
sotto_status sotto_session_encode(sotto_session * session, int32_t offset_frames, const int32_t * cancel);
// Reads the start-of-transcript position: the probability of no speech over all tokens, and of each language among the
// languages (`languages` holds language_count floats; unused for a model of English only).
sotto_status sotto_session_detect(sotto_session * session, float * no_speech, float * languages, const int32_t * cancel);
// Decodes after `prompt`, which ends in the task (and <|notimestamps|>).
sotto_status sotto_session_decode(sotto_session * session, const int32_t * prompt, size_t prompt_count,
                                  const sotto_decode_options * options, sotto_tokens * out, const int32_t * cancel);
// Where the decoder looks while it says `tokens`: start of transcript, task, text, end of text. `out` gets a row of
// `positions` values (20 ms each, from the encoded offset on, of which there are as many as it has audio) for each token from `first` on: the attention of the heads
// that follow the audio, standardised and smoothed, larger is likelier. Row i belongs to what token i predicts: token i + 1.
sotto_status sotto_session_align(sotto_session * session, const int32_t * tokens, size_t token_count, size_t first, size_t positions,
                                 float * out, const int32_t * cancel);
// Samples what the decoder would attend to: `count` values spread over the cross-attention's cache.
sotto_status sotto_session_sample_encoding(sotto_session * session, float * out, size_t count);
sotto_status sotto_session_timings(const sotto_session * session, sotto_timings * out);
// Forgets the audio and all that came of it, so that nothing of one request can reach the next.
void         sotto_session_clear(sotto_session * session);

// Loads Silero VAD. The caller has walked the file before, and a backend for the CPU is loaded.
sotto_status sotto_speech_open(const char * path, sotto_speech ** out);
void         sotto_speech_close(sotto_speech * speech);

enum {
    SOTTO_SPEECH_FRAME = 512, // samples that are judged at once
    SOTTO_SPEECH_STATE = 256, // floats that the network carries from frame to frame
};

// Judges consecutive frames of 16 kHz mono audio, 1 to 960,000 samples, of which the last may be cut short: how likely
// somebody speaks in each. `state` is what the frames before left, zeros for the first, and becomes what these leave: a
// recording may be judged piece by piece. `probabilities` has room for all frames.
sotto_status sotto_speech_judge(sotto_speech * speech, const int16_t * pcm, size_t count, float * state, float * probabilities);

#ifdef __cplusplus
}
#endif
