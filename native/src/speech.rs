//! Speech detection: the weights of Silero VAD, for the thread that opened them.

use napi::bindgen_prelude::Float32Array;
use napi_derive::napi;

use crate::ffi;
use crate::model::demand_path;
use crate::status::{check, error, Failure, Result};

/// `SOTTO_SPEECH_FRAME` and `SOTTO_SPEECH_STATE` in `engine/engine.h`.
const FRAME_SAMPLES: usize = 512;
const STATE_FLOATS: usize = 256;

#[napi(object)]
pub struct Judged {
    /// How likely somebody speaks, of each frame.
    pub probabilities: Float32Array,
    /// What the frames leave for those after them.
    pub state: Float32Array,
}

#[napi]
pub struct SpeechJudge(*mut ffi::Speech);

impl SpeechJudge {
    pub fn open(path: &str) -> Result<Self> {
        let path = demand_path(path)?;
        let mut inner = std::ptr::null_mut();
        // SAFETY: the path and `inner` outlive the call.
        check(unsafe { ffi::sotto_speech_open(path.as_ptr(), &mut inner) })?;
        Ok(Self(inner))
    }
}

#[napi]
impl SpeechJudge {
    /// `state`: what the frames before left; empty for a recording's first.
    #[napi(catch_unwind)]
    pub fn judge(&mut self, pcm: &[i16], state: &[f32]) -> Result<Judged> {
        if self.0.is_null() {
            return Err(error(Failure::InvalidArgument, "the judge is closed"));
        }
        if !state.is_empty() && state.len() != STATE_FLOATS {
            return Err(error(Failure::InvalidArgument, format!("the state must hold {STATE_FLOATS} numbers")));
        }
        let mut carried = vec![0.0; STATE_FLOATS];
        carried[..state.len()].copy_from_slice(state);
        let mut probabilities = vec![0.0; pcm.len().div_ceil(FRAME_SAMPLES)];
        // SAFETY: an open judge of this thread; there is room for the state and for each frame.
        check(unsafe {
            ffi::sotto_speech_judge(self.0, pcm.as_ptr(), pcm.len(), carried.as_mut_ptr(), probabilities.as_mut_ptr())
        })?;
        Ok(Judged { probabilities: probabilities.into(), state: carried.into() })
    }

    /// Frees the weights now.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        // SAFETY: null is let pass, and nobody has the pointer afterwards.
        unsafe { ffi::sotto_speech_close(std::mem::replace(&mut self.0, std::ptr::null_mut())) };
    }
}

impl Drop for SpeechJudge {
    fn drop(&mut self) {
        self.close();
    }
}
