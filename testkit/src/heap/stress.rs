//! Judging a stress on real threads: what was served, and what was found again.

use super::{Extent, Stress, Stressed, expected_sum};
use crate::client::Client;
use crate::fault::{Fault, Judged};
use serde::Serialize;

/// Makes a stress in a region that holds all that its threads ask for, and gives the extents that are left with
/// everything freed.
///
/// # Errors
///
/// The driver's end; a request that was refused; a block that did not keep what was written to it.
pub fn stressed<Q: Serialize>(client: &Client<'_>, request: &Q, stress: &Stress) -> Judged<Vec<Extent>> {
    let transcript = client.ask::<_, Stressed>(request).map_err(|(fault, _)| fault)?;
    let Some(stressed) = transcript.replies.into_iter().next() else {
        return Err(Fault::failed("The stress gave no result."));
    };
    let asked = u64::from(stress.threads) * u64::from(stress.operations);
    if (stressed.asked, stressed.served) != (asked, asked) {
        return Err(Fault::failed(format!(
            "Of {asked} requests, {} were served, where there is room for them all.",
            stressed.served
        )));
    }
    if stressed.held != expected_sum(stress) {
        return Err(Fault::failed(
            "What the threads wrote is not what they found again: two blocks shared a byte, or one was written \
             to while it was live.",
        ));
    }
    Ok(stressed.extents)
}
