//! The library to preload, built from the workspace as it stands.

use std::path::PathBuf;
use std::process::Command;

/// Why there is no library; a sentence with what to do next.
#[derive(Debug, thiserror::Error)]
pub enum PreloadError {
    /// Nothing can be preloaded here.
    #[error(
        "Programs can be profiled by a preloaded library on Linux only (x86-64 and AArch64). Put `Profiled` into a \
             Rust program of yours, and run it with --built-in."
    )]
    Platform,
    /// It does not build.
    #[error(
        "The profiler does not build; what the compiler said stands above. `cargo check -p lab1-profiler` shows \
             it again."
    )]
    Build,
    /// It is not where it should be.
    #[error("There is no {}. Start this program by `cargo run --release -p lab1-profiler -- run …`, which builds it.", .0.display())]
    Missing(PathBuf),
}

/// Builds the library, if Cargo started us, and gives its path.
///
/// # Errors
///
/// [`PreloadError`].
pub fn library() -> Result<PathBuf, PreloadError> {
    if !cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        return Err(PreloadError::Platform);
    }
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "lab1-preload"]);
        build.args((!cfg!(debug_assertions)).then_some("--release"));
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        if !build.status().is_ok_and(|status| status.success()) {
            return Err(PreloadError::Build);
        }
    }
    let folder = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned()));
    let library = folder.unwrap_or_default().join("liblab1_preload.so");
    if library.exists() { Ok(library) } else { Err(PreloadError::Missing(library)) }
}
