//! The engine's failures as JavaScript errors: `error.code` holds the name, `error.message` the reason.

use std::ffi::{CStr, CString};

use crate::ffi;

/// In the order of `sotto_status` in `engine/engine.h`, from 1 on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Failure {
    Cancelled,
    InvalidArgument,
    LoadFailed,
    OutOfMemory,
    ComputeFailed,
}

impl AsRef<str> for Failure {
    fn as_ref(&self) -> &str {
        match self {
            Failure::Cancelled => "cancelled",
            Failure::InvalidArgument => "invalid_argument",
            Failure::LoadFailed => "load_failed",
            Failure::OutOfMemory => "out_of_memory",
            Failure::ComputeFailed => "compute_failed",
        }
    }
}

// napi-rs makes its own errors (an argument of the wrong type, say) through this.
impl From<napi::Status> for Failure {
    fn from(_: napi::Status) -> Self {
        Failure::InvalidArgument
    }
}

pub type Result<T> = std::result::Result<T, napi::Error<Failure>>;

pub fn error(failure: Failure, reason: impl Into<String>) -> napi::Error<Failure> {
    napi::Error::new(failure, reason.into())
}

/// For a path or a name that goes to C.
pub fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| error(Failure::InvalidArgument, "the text holds a zero byte"))
}

/// Turns a `sotto_status` into a result; the reason is the engine's own.
pub fn check(status: i32) -> Result<()> {
    let failure = match status {
        0 => return Ok(()),
        1 => Failure::Cancelled,
        2 => Failure::InvalidArgument,
        3 => Failure::LoadFailed,
        4 => Failure::OutOfMemory,
        _ => Failure::ComputeFailed,
    };
    // SAFETY: a C string of this thread, valid until its next call into the engine.
    let reason = unsafe { CStr::from_ptr(ffi::sotto_last_error()) };
    Err(error(failure, reason.to_string_lossy()))
}
