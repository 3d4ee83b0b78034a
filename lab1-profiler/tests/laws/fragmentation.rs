//! What exercise L1.2 owes, from replies alone.
//!
//! The measures by their definitions: from the whole heap at once and in whole numbers, where a meter sees an
//! extent at a time.

#[path = "fragmentation/heaps.rs"]
pub mod heaps;
#[path = "fragmentation/timing.rs"]
pub mod timing;

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::fragmentation::{Heap, Job, Measured, Peaked, Piece, Sample};
use driverkit::heap::{Extent, Kind};
use serde::de::DeserializeOwned;
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// How far a figure may lie from the exact one: what a million additions of rounded numbers may lose.
pub const CLOSE: f64 = 1e-9;

/// A free extent.
pub const fn free(offset: u64, len: u64) -> Piece {
    (Extent { offset, len, kind: Kind::Free }, 0)
}

/// A used extent, of which `asked` bytes were asked for.
pub const fn used(offset: u64, len: u64, asked: u64) -> Piece {
    (Extent { offset, len, kind: Kind::Used }, asked)
}

/// An extent of the allocator's own.
pub const fn metadata(offset: u64, len: u64) -> Piece {
    (Extent { offset, len, kind: Kind::Metadata }, 0)
}

/// A line to the driver.
pub fn client(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Plain)
}

/// Asks, and gives the replies, of which there must be `count`.
pub fn ask<R: DeserializeOwned>(client: &Client<'_>, job: Job, count: usize) -> Judged<Vec<R>> {
    let transcript = client.ask::<_, R>(&Request::Fragmentation(job)).map_err(|(fault, _)| fault)?;
    if transcript.replies.len() == count {
        Ok(transcript.replies)
    } else {
        Err(Fault::failed("The driver left replies out."))
    }
}

/// Measures heaps side by side.
pub fn measure_all(client: &Client<'_>, heaps: &[Heap]) -> Judged<Vec<Measured>> {
    ask(client, Job::Measure(heaps.to_vec()), heaps.len())
}

/// Measures a heap and holds the measures against their definitions.
pub fn exactly(client: &Client<'_>, heap: &Heap) -> Judged {
    let measured = measure_all(client, std::slice::from_ref(heap))?;
    agrees(heap, &measured[0])
}

/// The same for a heap that is written down.
pub fn measure<const N: usize>(check: &Check, wanted: u64, pieces: [Piece; N]) -> Judged {
    exactly(&client(check)?, &Heap { wanted, pieces: pieces.to_vec() })
}

/// A share, and what it is a share of.
struct Share {
    measure: &'static str,
    part: u64,
    whole: u64,
    what: &'static str,
}

/// The measures by their definitions.
fn expected(heap: &Heap) -> [Share; 3] {
    let touch = |(one, _): &Piece, (next, _): &Piece| {
        one.kind == Kind::Free && next.kind == Kind::Free && one.offset + one.len == next.offset
    };
    let runs = heap.pieces.chunk_by(touch).filter(|run| run[0].0.kind == Kind::Free);
    let runs: Vec<u64> = runs.map(|run| run.iter().map(|(extent, _)| extent.len).sum()).collect();
    let free: u64 = runs.iter().sum();
    let used = || heap.pieces.iter().filter(|(extent, _)| extent.kind == Kind::Used);
    [
        Share {
            measure: "internal",
            part: used().map(|(extent, asked)| extent.len - asked).sum(),
            whole: used().map(|(extent, _)| extent.len).sum(),
            what: "used bytes are padding",
        },
        Share {
            measure: "external",
            part: free - runs.iter().max().unwrap_or(&0),
            whole: free,
            what: "free bytes lie outside the longest free run",
        },
        Share {
            measure: "unusable",
            part: runs.iter().filter(|run| **run < heap.wanted).sum(),
            whole: free,
            what: "free bytes lie in runs that are shorter than the request",
        },
    ]
}

/// Holds measures against their definitions.
pub fn agrees(heap: &Heap, measured: &Measured) -> Judged {
    let seen = [measured.internal, measured.external, measured.unusable];
    for (Share { measure, part, whole, what }, seen) in expected(heap).into_iter().zip(seen) {
        let exact = if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        // NaN is close to nothing.
        let close = (seen - exact).abs() <= CLOSE;
        if !close || !(0.0..=1.0).contains(&seen) {
            let why =
                format!("`{measure}` came out as {seen}; expected {exact}, since {part} of {whole} {what}.");
            return Err(Fault::failed(why).map(|failure| failure.program = Some(source(heap))));
        }
    }
    Ok(())
}

/// The heap as a test to paste.
pub fn source(heap: &Heap) -> String {
    let spell = |(Extent { offset, len, kind }, asked): &Piece| match kind {
        Kind::Free => format!("free({offset}, {len})"),
        Kind::Used => format!("used({offset}, {len}, {asked})"),
        Kind::Metadata => format!("metadata({offset}, {len})"),
    };
    let pieces: String =
        heap.pieces.iter().map(|piece| format!("                {},\n", spell(piece))).collect();
    format!(
        "// paste into tests/public/fragmentation/yours.rs\n#[test]\nfn shortest_failing_heap() {{\n    \
         judge(|check| {{\n        measure(\n            check,\n            {},\n            [\n{pieces}            \
         ],\n        )\n    }});\n}}\n",
        heap.wanted
    )
}

/// Follows a history and holds it against its definition before the first sample and after each.
pub fn follows(client: &Client<'_>, samples: &[Sample]) -> Judged {
    let seen: Vec<Peaked> = ask(client, Job::Follow(samples.to_vec()), samples.len() + 1)?;
    for (count, seen) in seen.iter().enumerate() {
        let peak = |size: usize| samples[..count].iter().map(|sample| sample[size]).max().unwrap_or(0);
        let peaks: Sample = std::array::from_fn(peak);
        let [_, footprint, _, live] = peaks;
        let overhead = if live == 0 { 1.0 } else { footprint as f64 / live as f64 };
        let given = || format!("After {:?} (resident, footprint, usable, live)", &samples[..count]);
        if seen.peaks != peaks {
            return Err(Fault::failed(format!(
                "{} `peaks` gave {:?}; expected {peaks:?}.",
                given(),
                seen.peaks
            )));
        }
        let close = (seen.overhead - overhead).abs() <= CLOSE * overhead;
        if !close {
            return Err(Fault::failed(format!(
                "{} `overhead` gave {}; expected {overhead}: the peak footprint is {footprint} bytes, the peak of \
                 live bytes {live}.",
                given(),
                seen.overhead
            )));
        }
    }
    Ok(())
}

/// The same for a history that is written down.
pub fn follow<const N: usize>(check: &Check, samples: [Sample; N]) -> Judged {
    follows(&client(check)?, &samples)
}
