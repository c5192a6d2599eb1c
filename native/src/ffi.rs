//! The declarations of `engine/engine.h`, by hand: few enough to be read beside it.

use std::ffi::c_char;

#[repr(C)]
pub struct Model {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct Session {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct Speech {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Default)]
pub struct ModelFacts {
    pub vocab_size: i32,
    pub audio_context: i32,
    pub audio_layers: i32,
    pub text_context: i32,
    pub text_layers: i32,
    pub mel_bins: i32,
    pub multilingual: i32,
    pub language_count: i32,
    pub end_of_text: i32,
    pub start_of_transcript: i32,
    pub translate: i32,
    pub transcribe: i32,
    pub start_of_prev: i32,
    pub no_speech: i32,
    pub no_timestamps: i32,
    pub timestamp_begin: i32,
    pub batch_windows: i32,
}

#[repr(C)]
pub struct DecodeOptions {
    pub temperature: f32,
    pub candidates: i32,
    pub seed: u32,
    pub max_tokens: i32,
    pub timestamps: i32,
    pub max_initial_timestamp: i32,
}

#[repr(C)]
pub struct Tokens {
    pub ids: *const i32,
    pub logprobs: *const f32,
    pub count: i32,
    pub ended: i32,
    pub end_logprob: f32,
}

#[repr(C)]
#[derive(Default)]
pub struct Timings {
    pub mel_us: i64,
    pub encode_us: i64,
    pub decode_us: i64,
    pub sample_us: i64,
}

#[repr(C)]
pub struct Device {
    pub name: *const c_char,
    pub description: *const c_char,
    pub is_gpu: i32,
    pub free_bytes: u64,
    pub total_bytes: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Product {
    pub kind: *const c_char,
    pub place: *const c_char,
    pub wide: i32,
    pub used: i32,
    pub error: f64,
    pub milliseconds: f64,
}

#[repr(C)]
pub struct Batch {
    pub kernels: *const c_char,
    pub threads: i32,
    pub windows: i32,
}

extern "C" {
    pub fn sotto_end_on_signals_from_outside();
    pub fn sotto_backend_load(path: *const c_char, name: *mut *const c_char) -> i32;
    pub fn sotto_backend_score(path: *const c_char, score: *mut i32) -> i32;
    pub fn sotto_device_count() -> usize;
    pub fn sotto_device_describe(index: usize, out: *mut Device) -> i32;
    pub fn sotto_probe_products(
        device: *const c_char,
        threads: i32,
        out: *mut Product,
        capacity: usize,
        count: *mut usize,
    ) -> i32;
    pub fn sotto_last_error() -> *const c_char;
    pub fn sotto_whisper_version() -> *const c_char;
    pub fn sotto_system_info() -> *const c_char;

    pub fn sotto_kernels_name(index: usize) -> *const c_char;
    pub fn sotto_probe_kernels(name: *const c_char, out: *mut Product, capacity: usize, count: *mut usize) -> i32;

    pub fn sotto_model_open(
        path: *const c_char,
        device: *const c_char,
        batch: *const Batch,
        out: *mut *mut Model,
    ) -> i32;
    pub fn sotto_model_close(model: *mut Model);
    pub fn sotto_model_describe(model: *const Model, out: *mut ModelFacts) -> i32;
    pub fn sotto_model_token_bytes(model: *const Model, id: i32, out: *mut *const c_char, length: *mut usize) -> i32;

    pub fn sotto_session_open(model: *mut Model, threads: i32, short_windows: i32, out: *mut *mut Session) -> i32;
    pub fn sotto_session_close(session: *mut Session);
    pub fn sotto_session_set_audio(session: *mut Session, pcm: *const i16, count: usize, cancel: *const i32) -> i32;
    pub fn sotto_session_encode(session: *mut Session, offset_frames: i32, cancel: *const i32) -> i32;
    pub fn sotto_session_detect(
        session: *mut Session,
        no_speech: *mut f32,
        languages: *mut f32,
        cancel: *const i32,
    ) -> i32;
    pub fn sotto_session_decode(
        session: *mut Session,
        prompt: *const i32,
        prompt_count: usize,
        options: *const DecodeOptions,
        out: *mut Tokens,
        cancel: *const i32,
    ) -> i32;
    pub fn sotto_session_align(
        session: *mut Session,
        tokens: *const i32,
        token_count: usize,
        first: usize,
        positions: usize,
        out: *mut f32,
        cancel: *const i32,
    ) -> i32;
    pub fn sotto_session_sample_encoding(session: *mut Session, out: *mut f32, count: usize) -> i32;
    pub fn sotto_session_timings(session: *const Session, out: *mut Timings) -> i32;
    pub fn sotto_session_clear(session: *mut Session);

    pub fn sotto_speech_open(path: *const c_char, out: *mut *mut Speech) -> i32;
    pub fn sotto_speech_close(speech: *mut Speech);
    pub fn sotto_speech_judge(
        speech: *mut Speech,
        pcm: *const i16,
        count: usize,
        state: *mut f32,
        probabilities: *mut f32,
    ) -> i32;
}
