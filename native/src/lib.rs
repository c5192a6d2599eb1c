//! What JavaScript sees of the engine. Numbers, strings and samples go in; a plain object or an error with a code comes
//! out. Synchronous throughout: the caller is a worker thread that has nothing else to do.

mod backends;
mod ffi;
mod model;
mod session;
mod speech;
mod status;

use std::ffi::CStr;

use napi::bindgen_prelude::{Buffer, Uint32Array};
use napi_derive::napi;
use session::Session;
use speech::SpeechJudge;
use status::Result;

#[napi(object)]
pub struct ModelFacts {
    pub vocab_size: i32,
    pub audio_context: i32,
    pub audio_layers: i32,
    pub text_layers: i32,
    pub text_context: i32,
    pub multilingual: bool,
    pub language_count: i32,
    pub end_of_text: i32,
    pub start_of_transcript: i32,
    pub translate: i32,
    pub transcribe: i32,
    pub start_of_prev: i32,
    pub no_timestamps: i32,
    pub timestamp_begin: i32,
    /// Windows decoded at once; 0: each session is for itself.
    pub batch_windows: i32,
}

/// All tokens of a model: token `i` is `bytes[offsets[i] .. offsets[i + 1]]`.
#[napi(object)]
pub struct Vocabulary {
    pub bytes: Buffer,
    pub offsets: Uint32Array,
}

#[napi(catch_unwind)]
pub fn whisper_version() -> String {
    // SAFETY: a literal.
    unsafe { CStr::from_ptr(ffi::sotto_whisper_version()) }.to_string_lossy().into_owned()
}

/// CPU features that ggml was built with, and its backends.
#[napi(catch_unwind)]
pub fn system_info() -> String {
    // SAFETY: a static string, made on the first call under C++'s own lock.
    unsafe { CStr::from_ptr(ffi::sotto_system_info()) }.to_string_lossy().into_owned()
}

/// A crash's signal that another process sends then ends this one as SIGKILL does: whoever watches it can tell the two.
#[napi]
pub fn end_on_signals_from_outside() {
    // SAFETY: sets signal handlers that call only what such handlers may.
    unsafe { ffi::sotto_end_on_signals_from_outside() }
}

#[napi(catch_unwind)]
pub fn open_model(path: String, device: String, batch: Option<model::Batch>) -> Result<u32> {
    model::open(&path, &device, batch)
}

#[napi(catch_unwind)]
pub fn close_model(model_id: u32) {
    model::close(model_id);
}

#[napi(catch_unwind)]
pub fn model_facts(model_id: u32) -> Result<ModelFacts> {
    let facts = model::find(model_id)?.facts()?;
    Ok(ModelFacts {
        vocab_size: facts.vocab_size,
        audio_context: facts.audio_context,
        audio_layers: facts.audio_layers,
        text_layers: facts.text_layers,
        text_context: facts.text_context,
        multilingual: facts.multilingual != 0,
        language_count: facts.language_count,
        end_of_text: facts.end_of_text,
        start_of_transcript: facts.start_of_transcript,
        translate: facts.translate,
        transcribe: facts.transcribe,
        start_of_prev: facts.start_of_prev,
        no_timestamps: facts.no_timestamps,
        timestamp_begin: facts.timestamp_begin,
        batch_windows: facts.batch_windows,
    })
}

#[napi(catch_unwind)]
pub fn vocabulary(model_id: u32) -> Result<Vocabulary> {
    let model = model::find(model_id)?;
    let size = model.facts()?.vocab_size;
    let mut bytes = Vec::new();
    let mut offsets = Vec::with_capacity(size as usize + 1);
    for id in 0..size {
        offsets.push(bytes.len() as u32);
        bytes.extend_from_slice(model.token_bytes(id)?);
    }
    offsets.push(bytes.len() as u32);
    Ok(Vocabulary { bytes: bytes.into(), offsets: offsets.into() })
}

#[napi(catch_unwind)]
pub fn open_session(model_id: u32, threads: i32, short_windows: Option<bool>) -> Result<Session> {
    Session::open(model_id, threads, short_windows.unwrap_or(false))
}

/// Silero VAD out of a walked file.
#[napi(catch_unwind)]
pub fn open_speech_judge(path: String) -> Result<SpeechJudge> {
    SpeechJudge::open(&path)
}
