//! Builds the C++ unit with cmake and links it, static, into the addon. ggml itself becomes shared libraries beside the
//! addon: its base, and the backends that `SOTTO_VARIANTS` and `SOTTO_BACKENDS` name, in `SOTTO_MODULES`.
//!
//! The source of whisper.cpp lies in the npm package that `native/UPSTREAM` pins; `scripts/build-native.mjs` has checked
//! it by the time cargo runs, and sets the variables.

use std::path::{Path, PathBuf};

fn main() {
    napi_build::setup();

    let native = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let upstream = native.join("../node_modules/nodejs-whisper/cpp/whisper.cpp");
    assert!(
        upstream.join("src/whisper.cpp").is_file(),
        "expected the source of whisper.cpp in node_modules/nodejs-whisper; run `npm start` or `npm run build`"
    );
    for input in ["CMakeLists.txt", "engine", "build.rs"] {
        println!("cargo:rerun-if-changed={}", native.join(input).display());
    }
    // The upstream tree is pinned by its hash, so its package.json changes whenever the tree does.
    println!("cargo:rerun-if-changed={}", upstream.join("../../package.json").display());

    let modules = PathBuf::from(required("SOTTO_MODULES"));
    cmake::Config::new(&native)
        .profile("Release")
        .define("WHISPER_SOURCE", canonical(&upstream))
        .define("SOTTO_VARIANTS", required("SOTTO_VARIANTS"))
        .define("SOTTO_BACKENDS", required("SOTTO_BACKENDS"))
        .define("SOTTO_MODULES", &modules)
        .build_target("sotto_all")
        .build();

    let built = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("build");
    println!("cargo:rustc-link-search=native={}", built.join("lib").display());
    println!("cargo:rustc-link-search=native={}", modules.display());
    println!("cargo:rustc-link-lib=static=sotto_engine");
    println!("cargo:rustc-link-lib=static=sotto_kernels");
    println!("cargo:rustc-link-lib=dylib=ggml-base");
    let (cxx, beside) = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => ("c++", "@loader_path"),
        _ => ("stdc++", "$ORIGIN"),
    };
    println!("cargo:rustc-link-lib=dylib={cxx}");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-rpath,{beside}");
}

/// A variable that the build script sets, possibly to nothing.
fn required(name: &str) -> String {
    println!("cargo:rerun-if-env-changed={name}");
    std::env::var(name).unwrap_or_else(|_| panic!("expected {name}; build with `npm run build:native`"))
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().expect("the path was found a moment ago")
}
