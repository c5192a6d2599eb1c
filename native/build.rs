//! Builds the C++ unit with cmake and links it, static, into the addon.
//!
//! The source of whisper.cpp lies in the npm package that `native/UPSTREAM` pins; `scripts/build-native.mjs` has checked
//! it by the time cargo runs.

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

    let built = cmake::Config::new(&native)
        .profile("Release")
        .define("WHISPER_SOURCE", canonical(&upstream))
        .build_target("sotto_engine")
        .build();

    println!("cargo:rustc-link-search=native={}", built.join("build/lib").display());
    // In this order: each library needs only those after it.
    for library in ["sotto_engine", "ggml", "ggml-cpu", "ggml-base"] {
        println!("cargo:rustc-link-lib=static={library}");
    }
    let (cxx, openmp): (&str, Option<&str>) = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => ("c++", None),
        _ => ("stdc++", Some("gomp")),
    };
    println!("cargo:rustc-link-lib=dylib={cxx}");
    if let Some(library) = openmp {
        println!("cargo:rustc-link-lib=dylib={library}");
    } else {
        println!("cargo:rustc-link-lib=framework=Accelerate");
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().expect("the path was found a moment ago")
}
