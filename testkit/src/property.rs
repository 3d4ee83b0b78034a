//! Properties over random programs: the value tree is the judge's, and shrinking asks drivers again.

use crate::check::Check;
use crate::fault::{Fault, Judged};
use driverkit::prng::mix;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;

/// Cases of a property unless it says otherwise.
pub const CASES: u32 = 256;

/// How long shrinking may take in milliseconds, and in how many steps. A hang costs a second a step, so
/// the time is what bounds it.
const SHRINK_MILLIS: u32 = 8_000;
const SHRINK_STEPS: u32 = 4_000;

/// Holds `law` against `cases` random values, and shrinks the first that breaks it.
///
/// # Errors
///
/// The fault of the shortest value found, with the check's seed. Reaching a `todo!` is told at once, since
/// no shorter program says more; a fault of the judge is never shrunk, and nothing once the check's time is up.
pub fn property<S: Strategy>(
    check: &Check,
    cases: u32,
    values: &S,
    law: impl Fn(&S::Value) -> Judged,
) -> Judged {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: SHRINK_STEPS,
        max_shrink_time: SHRINK_MILLIS,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, rng(check.seed()));
    // The fault of the shortest failing value so far: proptest keeps the value, and we the verdict.
    let shortest: RefCell<Option<Fault>> = RefCell::new(None);
    let settled = RefCell::new(false);
    let result = runner.run(values, |value| {
        if *settled.borrow() {
            // Nothing shorter is wanted: everything else passes, so shrinking ends.
            return Ok(());
        }
        law(&value).map_err(|fault| {
            let told = matches!(fault, Fault::Broke(_) | Fault::NotAttempted(_));
            *settled.borrow_mut() = told || check.left().is_zero();
            let reason = fault.verdict();
            *shortest.borrow_mut() = Some(fault);
            TestCaseError::fail(reason)
        })
    });
    match (result, shortest.into_inner()) {
        (Ok(()), _) => Ok(()),
        (Err(TestError::Fail(..)), Some(fault)) => {
            Err(fault.map(|failure| failure.seed = Some(check.seed())))
        }
        (Err(TestError::Abort(why)), _) => Err(Fault::Broke(format!("the property gave up: {why}"))),
        (Err(TestError::Fail(why, _)), None) => Err(Fault::Broke(format!("the property failed: {why}"))),
    }
}

/// A generator for proptest from a seed of ours.
fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    for (index, chunk) in bytes.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&mix(seed.wrapping_add(index as u64 + 1)).to_le_bytes());
    }
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
