//! ggml's backends, loaded as modules, and the probe of what they compute.

use std::ffi::{c_char, CStr};

use napi_derive::napi;

use crate::ffi;
use crate::status::{c_string, check, Result};

#[napi(object)]
pub struct Device {
    pub name: String,
    pub description: String,
    pub is_gpu: bool,
    pub free_bytes: f64,
    pub total_bytes: f64,
}

#[napi(object)]
pub struct Product {
    /// Type of the weights: `f16`, `q8_0`, `q5_0`.
    pub weights: String,
    /// Where the weights lay; kernels differ by it.
    pub place: String,
    pub wide: bool,
    /// Whether weights of this type go to this place.
    pub used: bool,
    pub relative_error: f64,
    pub duration_ms: f64,
}

/// Three types, two widths, and some places for each.
const MOST_PRODUCTS: usize = 64;

fn text(c_text: *const c_char) -> String {
    // SAFETY: ggml's names and descriptions are C strings that live as long as the process.
    unsafe { CStr::from_ptr(c_text) }.to_string_lossy().into_owned()
}

/// Loads a backend's module by its full path and gives its name.
#[napi(catch_unwind)]
pub fn load_backend(path: String) -> Result<String> {
    let path = c_string(&path)?;
    let mut name = std::ptr::null();
    // SAFETY: both outlive the call.
    check(unsafe { ffi::sotto_backend_load(path.as_ptr(), &mut name) })?;
    Ok(text(name))
}

/// How well the processor suits a module; 0: not at all.
#[napi(catch_unwind)]
pub fn backend_score(path: String) -> Result<i32> {
    let path = c_string(&path)?;
    let mut score = 0;
    // SAFETY: both outlive the call.
    check(unsafe { ffi::sotto_backend_score(path.as_ptr(), &mut score) })?;
    Ok(score)
}

#[napi(catch_unwind)]
pub fn devices() -> Result<Vec<Device>> {
    // SAFETY: reads a registry that only `load_backend` changes, on the same thread.
    let count = unsafe { ffi::sotto_device_count() };
    (0..count)
        .map(|index| {
            let mut device = ffi::Device {
                name: std::ptr::null(),
                description: std::ptr::null(),
                is_gpu: 0,
                free_bytes: 0,
                total_bytes: 0,
            };
            // SAFETY: `device` outlives the call.
            check(unsafe { ffi::sotto_device_describe(index, &mut device) })?;
            Ok(Device {
                name: text(device.name),
                description: text(device.description),
                is_gpu: device.is_gpu != 0,
                free_bytes: device.free_bytes as f64,
                total_bytes: device.total_bytes as f64,
            })
        })
        .collect()
}

/// Products on a device (empty: the CPU), held against plain loops.
#[napi(catch_unwind)]
pub fn probe_products(device: String, threads: i32) -> Result<Vec<Product>> {
    let device = c_string(&device)?;
    // SAFETY: the name outlives the call; of the products see `collect`.
    collect(|out, capacity, count| unsafe {
        ffi::sotto_probe_products(device.as_ptr(), threads, out, capacity, count)
    })
}

/// Kernels of our own that this processor can run, the fastest first.
#[napi(catch_unwind)]
pub fn kernel_names() -> Vec<String> {
    // SAFETY: literals, and null after the last.
    (0..).map(|index| unsafe { ffi::sotto_kernels_name(index) }).take_while(|name| !name.is_null()).map(text).collect()
}

/// Computes with such kernels, and holds that against plain loops.
#[napi(catch_unwind)]
pub fn probe_kernels(name: String) -> Result<Vec<Product>> {
    let name = c_string(&name)?;
    // SAFETY: the name outlives the call; of the products see `collect`.
    collect(|out, capacity, count| unsafe { ffi::sotto_probe_kernels(name.as_ptr(), out, capacity, count) })
}

/// `probe` writes at most as many products as it is told there is room for, and says how many.
fn collect(probe: impl FnOnce(*mut ffi::Product, usize, *mut usize) -> i32) -> Result<Vec<Product>> {
    let mut count = 0;
    let mut products = Vec::with_capacity(MOST_PRODUCTS);
    check(probe(products.as_mut_ptr(), MOST_PRODUCTS, &mut count))?;
    // SAFETY: so many were written.
    unsafe { products.set_len(count) };
    Ok(products
        .into_iter()
        .map(|product: ffi::Product| Product {
            weights: text(product.kind),
            place: text(product.place),
            wide: product.wide != 0,
            used: product.used != 0,
            relative_error: product.error,
            duration_ms: product.milliseconds,
        })
        .collect())
}
