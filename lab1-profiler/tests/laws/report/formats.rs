//! What stands in the given writers' files, and what a flame graph makes of folded stacks: read by readers that
//! are not ours.

use crate::protocol::report::{Weight, Written};
use flate2::read::GzDecoder;
use inferno::flamegraph::{self, Options};
use prost::Message;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::io::Read;
use testkit::{Fault, Judged};

/// Holds that every report and every file has the totals that `total` gave. Nothing was freed.
pub fn totals_agree(written: &Written) -> Judged {
    let Written { reported, dhat: json, html: page, pprof: messages } = written;
    let (blocks, bytes) = reported.total;
    let (page_total, page_sum, _) = html(page)?;
    for (place, weight) in [
        ("the sum of `stacks`", sum(reported.stacks.iter().map(|(_, weight)| *weight))),
        ("the first line of `text`", text_total(&reported.text)),
        ("the sum of `text` with what is not shown", text_sum(&reported.text)),
        ("DHAT's file", dhat(json)?.0[0]),
        ("DHAT's file, at the end", dhat(json)?.0[1]),
        ("pprof's file", pprof(messages)?.0[0]),
        ("pprof's file, in use", pprof(messages)?.0[1]),
        ("the page's total", page_total),
        ("the sum of the page's stacks", page_sum),
        // They have no blocks.
        ("the sum of `folded`", (blocks, folded_sum(&reported.folded))),
        ("the flame graph of `folded`", (blocks, flame_graph(&reported.folded)?.0)),
    ] {
        if weight != (blocks, bytes) {
            return Err(Fault::failed(format!(
                "There are {} bytes in {} blocks in {place}; `total` gave {bytes} in {blocks}.",
                weight.1, weight.0
            )));
        }
    }
    Ok(())
}

fn sum(weights: impl Iterator<Item = Weight>) -> Weight {
    weights.fold((0, 0), |sum, (blocks, bytes)| (sum.0 + blocks, sum.1 + bytes))
}

fn broken(what: &str, why: impl std::fmt::Display) -> Fault {
    Fault::failed(format!("{what} can't be read: {why}."))
}

/// `9 bytes in 3 blocks…` as blocks and bytes.
fn weight(line: &str) -> Option<Weight> {
    let mut words = line.split(' ');
    let bytes = words.next()?.parse().ok()?;
    let blocks = words.nth(2)?.parse().ok()?;
    Some((blocks, bytes))
}

fn text_total(text: &str) -> Weight {
    text.lines().next().and_then(weight).unwrap_or_default()
}

fn text_sum(text: &str) -> Weight {
    let lines = text.split('\n').skip(1);
    sum(lines.filter_map(|line| weight(line.strip_prefix("not shown: ").unwrap_or(line))))
}

fn folded_sum(folded: &str) -> u64 {
    folded.split('\n').filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

/// What `inferno` draws: the total, and how many boxes.
pub fn flame_graph(folded: &str) -> Judged<(u64, usize)> {
    if folded_sum(folded) == 0 {
        return Ok((0, 0));
    }
    let mut options = Options::default();
    options.min_width = 0.0;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, folded.split_terminator('\n'), &mut svg)
        .map_err(|error| broken("The folded stacks", error))?;
    let svg = String::from_utf8_lossy(&svg);
    let total = svg.split("total_samples=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok());
    let total = total.ok_or_else(|| broken("The flame graph", "it has no total"))?;
    Ok((total, svg.matches("<title>").count()))
}

/// DHAT's totals, of all blocks and of those that are there at the end, and the names of its frames.
pub fn dhat(file: &str) -> Judged<([Weight; 2], Vec<String>)> {
    let file: serde_json::Value = serde_json::from_str(file).map_err(|error| broken("DHAT's file", error))?;
    let number = |point: &serde_json::Value, field: &str| point[field].as_u64().unwrap_or(0);
    let list = |field: &str| file[field].as_array().cloned().unwrap_or_default();
    let weights = [["tbk", "tb"], ["ebk", "eb"]].map(|[blocks, bytes]| {
        sum(list("pps").iter().map(|point| (number(point, blocks), number(point, bytes))))
    });
    let mut stacks: Vec<String> = list("pps").iter().map(|point| point["fs"].to_string()).collect();
    let count = stacks.len();
    stacks.sort_unstable();
    stacks.dedup();
    if stacks.len() < count {
        return Err(Fault::failed(
            "DHAT's file has a stack twice, and its viewer refuses that. It is written from `stacks`.",
        ));
    }
    let names = list("ftbl")
        .iter()
        .filter_map(|frame| Some(frame.as_str()?.split_once(": ")?.1.to_owned()))
        .collect();
    Ok((weights, names))
}

/// The part of `profile.proto` that is looked at.
#[derive(Clone, PartialEq, prost::Message)]
struct Profile {
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Function {
    #[prost(int64, tag = "2")]
    name: i64,
}

/// pprof's totals, of all blocks and of those that are there at the end, and the names of its functions.
pub fn pprof(file: &[u8]) -> Judged<([Weight; 2], Vec<String>)> {
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).map_err(|error| broken("pprof's file", error))?;
    let profile = Profile::decode(bytes.as_slice()).map_err(|error| broken("pprof's file", error))?;
    let value = |sample: &Sample, at: usize| sample.value.get(at).map_or(0, |value| value.unsigned_abs());
    let weights =
        [0, 2].map(|at| sum(profile.sample.iter().map(|sample| (value(sample, at), value(sample, at + 1)))));
    let text = |function: &Function| profile.string_table.get(function.name as usize).cloned();
    Ok((weights, profile.function.iter().filter_map(text).collect()))
}

/// The page's total, the sum of its stacks, and its text.
pub fn html(page: &str) -> Judged<(Weight, Weight, String)> {
    let mut reader = Reader::from_str(page);
    let (mut figures, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().map_err(|error| broken("The page", error))? {
            Event::Eof => break,
            Event::Start(tag) => {
                let number = |name: &str| {
                    let attribute = tag.try_get_attribute(name).ok().flatten()?;
                    attribute.value.parse::<u64>().ok()
                };
                figures.extend(number("data-blocks").zip(number("data-bytes")));
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::GeneralRef(name) => text.push(match &*name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                _ => '"',
            }),
            _ => {}
        }
    }
    let (total, stacks) = figures.split_first().ok_or_else(|| broken("The page", "it has no figures"))?;
    Ok((*total, sum(stacks.iter().copied()), text))
}
