//! One decoding at a time, on the thread that made the session.

use std::sync::Arc;

use napi::bindgen_prelude::{Float32Array, Int32Array};
use napi_derive::napi;

use crate::ffi;
use crate::model::{self, Model};
use crate::status::{check, error, Failure, Result};

/// No Whisper has more; the engine knows the model's own limits, but the rows are made before it is asked.
const MAX_TOKENS: usize = 4096;
const MAX_POSITIONS: usize = 4096;

#[napi(object)]
pub struct Detection {
    /// Probability of `<|nospeech|>` among all tokens.
    pub no_speech_prob: f64,
    /// Probability of each language in the order of its token; empty for a model of English only.
    pub languages: Float32Array,
}

#[napi(object)]
pub struct DecodeOptions {
    pub temperature: f64,
    pub candidates: i32,
    pub seed: u32,
    pub max_tokens: i32,
    pub timestamps: bool,
    pub max_initial_timestamp: i32,
}

#[napi(object)]
pub struct Decoded {
    pub ids: Int32Array,
    pub logprobs: Float32Array,
    /// Whether end of text was reached.
    pub ended: bool,
    pub end_logprob: f64,
}

#[napi(object)]
pub struct Timings {
    pub mel_us: i64,
    pub encode_us: i64,
    pub decode_us: i64,
    pub sample_us: i64,
}

#[napi]
pub struct Session {
    inner: *mut ffi::Session,
    model: Arc<Model>,
    language_count: usize,
}

/// `cancel[0]`: another thread may set it to stop the call. The engine reads it atomically.
fn word(cancel: &[i32]) -> *const i32 {
    cancel.first().map_or(std::ptr::null(), std::ptr::from_ref)
}

impl Session {
    pub fn open(model_id: u32, threads: i32, short_windows: bool) -> Result<Self> {
        let model = model::find(model_id)?;
        let facts = model.facts()?;
        let mut inner = std::ptr::null_mut();
        // SAFETY: the model is open and kept so by the Arc.
        check(unsafe { ffi::sotto_session_open(model.as_ptr(), threads, short_windows.into(), &mut inner) })?;
        let language_count = if facts.multilingual != 0 { facts.language_count as usize } else { 0 };
        Ok(Self { inner, model, language_count })
    }

    fn inner(&self) -> Result<*mut ffi::Session> {
        if self.inner.is_null() {
            return Err(error(Failure::InvalidArgument, "the session is closed"));
        }
        Ok(self.inner)
    }
}

// SAFETY of the calls below: `inner()` is an open session of this thread, and slices live until the call returns.
#[napi]
impl Session {
    #[napi(catch_unwind)]
    pub fn set_audio(&mut self, pcm: &[i16], cancel: &[i32]) -> Result<()> {
        check(unsafe { ffi::sotto_session_set_audio(self.inner()?, pcm.as_ptr(), pcm.len(), word(cancel)) })
    }

    #[napi(catch_unwind)]
    pub fn encode(&mut self, offset_frames: i32, cancel: &[i32]) -> Result<()> {
        check(unsafe { ffi::sotto_session_encode(self.inner()?, offset_frames, word(cancel)) })
    }

    #[napi(catch_unwind)]
    pub fn detect(&mut self, cancel: &[i32]) -> Result<Detection> {
        let mut no_speech = 0.0;
        let mut languages = vec![0.0; self.language_count];
        check(unsafe {
            ffi::sotto_session_detect(self.inner()?, &mut no_speech, languages.as_mut_ptr(), word(cancel))
        })?;
        Ok(Detection { no_speech_prob: no_speech.into(), languages: languages.into() })
    }

    #[napi(catch_unwind)]
    pub fn decode(&mut self, prompt: &[i32], options: DecodeOptions, cancel: &[i32]) -> Result<Decoded> {
        let options = ffi::DecodeOptions {
            temperature: options.temperature as f32,
            candidates: options.candidates,
            seed: options.seed,
            max_tokens: options.max_tokens,
            timestamps: options.timestamps.into(),
            max_initial_timestamp: options.max_initial_timestamp,
        };
        let mut out =
            ffi::Tokens { ids: std::ptr::null(), logprobs: std::ptr::null(), count: 0, ended: 0, end_logprob: 0.0 };
        check(unsafe {
            ffi::sotto_session_decode(self.inner()?, prompt.as_ptr(), prompt.len(), &options, &mut out, word(cancel))
        })?;
        let (ids, logprobs) = match out.count {
            // An empty vector's pointer may be null, which no slice may have.
            0 => (&[][..], &[][..]),
            count => unsafe {
                (
                    std::slice::from_raw_parts(out.ids, count as usize),
                    std::slice::from_raw_parts(out.logprobs, count as usize),
                )
            },
        };
        Ok(Decoded {
            ids: ids.to_vec().into(),
            logprobs: logprobs.to_vec().into(),
            ended: out.ended != 0,
            end_logprob: out.end_logprob.into(),
        })
    }

    /// A row of `positions` values for each token from `first` on: where the decoder looks while it predicts the next one.
    #[napi(catch_unwind)]
    pub fn align(&mut self, tokens: &[i32], first: u32, positions: u32, cancel: &[i32]) -> Result<Float32Array> {
        let (first, positions) = (first as usize, positions as usize);
        if tokens.len() > MAX_TOKENS || first >= tokens.len() || positions > MAX_POSITIONS {
            return Err(error(Failure::InvalidArgument, "tokens or positions are out of range"));
        }
        let mut rows = vec![0.0; (tokens.len() - first) * positions];
        check(unsafe {
            ffi::sotto_session_align(
                self.inner()?,
                tokens.as_ptr(),
                tokens.len(),
                first,
                positions,
                rows.as_mut_ptr(),
                word(cancel),
            )
        })?;
        Ok(rows.into())
    }

    /// `count` values spread over what the decoder would attend to.
    #[napi(catch_unwind)]
    pub fn sample_encoding(&mut self, count: u32) -> Result<Float32Array> {
        let mut samples = vec![0.0; count as usize];
        check(unsafe { ffi::sotto_session_sample_encoding(self.inner()?, samples.as_mut_ptr(), samples.len()) })?;
        Ok(samples.into())
    }

    #[napi(catch_unwind)]
    pub fn timings(&self) -> Result<Timings> {
        let mut timings = ffi::Timings::default();
        check(unsafe { ffi::sotto_session_timings(self.inner()?, &mut timings) })?;
        Ok(Timings {
            mel_us: timings.mel_us,
            encode_us: timings.encode_us,
            decode_us: timings.decode_us,
            sample_us: timings.sample_us,
        })
    }

    /// Forgets the audio and all that came of it.
    #[napi(catch_unwind)]
    pub fn clear(&mut self) -> Result<()> {
        unsafe { ffi::sotto_session_clear(self.inner()?) };
        Ok(())
    }

    /// Frees the caches now; without it they go when the object is collected, which a busy worker puts off.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        unsafe { ffi::sotto_session_close(std::mem::replace(&mut self.inner, std::ptr::null_mut())) };
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
        // The model goes after its session: fields are dropped after this.
        let _ = &self.model;
    }
}
