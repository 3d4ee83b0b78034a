//! Where a judge of this crate finds its driver and its thresholds.

use testkit::client::Home;

/// The driver of this crate.
pub const HOME: Home = Home {
    driver: option_env!("CARGO_BIN_EXE_ps1-driver"),
    package: "ps1-allocators",
    binary: "ps1-driver",
    folder: env!("CARGO_MANIFEST_DIR"),
};

/// The thresholds.
pub const RUBRIC: &str = include_str!("../../rubric.toml");
