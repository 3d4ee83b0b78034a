//! What students' allocators stand on.
//!
//! ```text
//!   Vec<T, A>, HashMap<.., A>        #[global_allocator]
//!            │                              │
//!        AllocatorOn ──┐          ┌── Gate (System until opened)
//!                      ▼          ▼
//!                SharedAllocator (&self, Sync)
//!                      ▲
//!                Locked<A> lifts
//!                      │
//!                RawAllocator (&mut self)  ──►  Region (mapped memory)
//! ```
//!
//! A student writes a [`RawAllocator`] over a [`Region`], or a [`SharedAllocator`] where the exercise is
//! concurrent by itself. The rest of this crate carries either to where programs can use it.
//! [`sync`] and [`thread`] are the standard library's, or loom's under the feature `loom`. `interpose` is the other way
//! in: not through Rust's allocator, but in place of C's `malloc`.

mod adapt;
mod error;
mod extent;
mod gate;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
pub mod interpose;
mod locked;
#[cfg(feature = "loom")]
pub mod ordering_sites;
#[cfg(all(unix, not(miri)))]
mod per_process;
mod raw;
mod region;
mod shared;
pub mod sync;
pub mod thread;

pub use adapt::AllocatorOn;
pub use error::{AllocError, FreeError};
pub use extent::{Extent, ExtentKind};
pub use gate::{Gate, Owns};
pub use locked::Locked;
#[cfg(all(unix, not(miri)))]
pub use per_process::PerProcess;
pub use raw::RawAllocator;
pub use region::{REGION_ALIGN, Region, RegionError};
pub use shared::SharedAllocator;

/// The crate that lets `Vec` and `hashbrown::HashMap` run on an allocator under a stable compiler.
pub use allocator_api2;
