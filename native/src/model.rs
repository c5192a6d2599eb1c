//! The models of the process: loaded once, shared by the sessions of all worker threads, which cannot hand each other
//! JavaScript objects but can pass a number.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use napi_derive::napi;

use crate::ffi;
use crate::status::{c_string, check, error, Failure, Result};

pub struct Model(*mut ffi::Model);

// SAFETY: weights and vocabulary are only read after loading; every session computes on buffers of its own.
unsafe impl Send for Model {}
unsafe impl Sync for Model {}

impl Model {
    pub fn as_ptr(&self) -> *mut ffi::Model {
        self.0
    }

    pub fn facts(&self) -> Result<ffi::ModelFacts> {
        let mut facts = ffi::ModelFacts::default();
        // SAFETY: the model is open, and `facts` outlives the call.
        check(unsafe { ffi::sotto_model_describe(self.0, &mut facts) })?;
        Ok(facts)
    }

    /// The bytes of a token: possibly part of a character only.
    pub fn token_bytes(&self, id: i32) -> Result<&[u8]> {
        let (mut bytes, mut length) = (std::ptr::null(), 0);
        // SAFETY: the bytes belong to the model's vocabulary and live as long as `self`.
        unsafe {
            check(ffi::sotto_model_token_bytes(self.0, id, &mut bytes, &mut length))?;
            Ok(std::slice::from_raw_parts(bytes.cast::<u8>(), length))
        }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: the last owner; sessions hold an Arc of their own.
        unsafe { ffi::sotto_model_close(self.0) }
    }
}

static MODELS: LazyLock<Mutex<HashMap<u32, Arc<Model>>>> = LazyLock::new(Mutex::default);
static NEXT_ID: AtomicU32 = AtomicU32::new(1);

fn models() -> MutexGuard<'static, HashMap<u32, Arc<Model>>> {
    MODELS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// whisper.cpp logs the path in a sentence; from 1,024 bytes on its logger reads an argument list twice and crashes
/// (`whisper_log_internal`).
const MAX_PATH_BYTES: usize = 900;

/// A path that whisper.cpp may be given.
pub fn demand_path(path: &str) -> Result<CString> {
    if path.len() > MAX_PATH_BYTES {
        return Err(error(Failure::InvalidArgument, format!("the path is longer than {MAX_PATH_BYTES} bytes")));
    }
    c_string(path)
}

/// Windows of all sessions are decoded together.
#[napi(object)]
pub struct Batch {
    /// Of our own, by name; empty: ggml computes.
    pub kernels: String,
    /// Shared by all windows.
    pub threads: i32,
    /// Decoded at once.
    pub windows: i32,
}

/// `device`: name of a GPU, or empty for the CPU alone; without `batch` ggml computes each session for itself.
pub fn open(path: &str, device: &str, batch: Option<Batch>) -> Result<u32> {
    let (path, device) = (demand_path(path)?, c_string(device)?);
    let (kernels, threads, windows) = match batch {
        // No number of windows that a caller gives stands for none.
        Some(asked) => (asked.kernels, asked.threads, if asked.windows == 0 { -1 } else { asked.windows }),
        None => (String::new(), 1, 0),
    };
    let kernels = c_string(&kernels)?;
    let batch = ffi::Batch { kernels: kernels.as_ptr(), threads, windows };
    let mut model = std::ptr::null_mut();
    // SAFETY: the strings, `batch` and `model` outlive the call.
    check(unsafe { ffi::sotto_model_open(path.as_ptr(), device.as_ptr(), &batch, &mut model) })?;
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    models().insert(id, Arc::new(Model(model)));
    Ok(id)
}

pub fn find(id: u32) -> Result<Arc<Model>> {
    models().get(&id).cloned().ok_or_else(|| error(Failure::InvalidArgument, format!("no model {id} is open")))
}

/// Sessions that still use the model keep it until they are closed.
pub fn close(id: u32) {
    models().remove(&id);
}
