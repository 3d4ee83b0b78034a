//! Where a judge of this crate finds its driver and its thresholds.

use testkit::client::Home;

/// The driver of this crate.
pub const HOME: Home = Home {
    driver: option_env!("CARGO_BIN_EXE_lab1-driver"),
    package: "lab1-profiler",
    binary: "lab1-driver",
    folder: env!("CARGO_MANIFEST_DIR"),
};

/// The thresholds.
pub const RUBRIC: &str = include_str!("../../rubric.toml");
