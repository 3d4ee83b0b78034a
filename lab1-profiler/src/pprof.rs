//! Writes a profile as pprof's, given: for `pprof`, and whatever else reads `profile.proto`.
//!
//! ```text
//!   a field    key = number << 3 | kind      kind 0: a varint         seven bits a byte, the lowest first
//!                                            kind 2: length, bytes    strings, messages, packed numbers
//! ```
//!
//! Format: `proto/profile.proto` of github.com/google/pprof; the Protocol Buffers encoding guide; gzip around it.

use crate::profile::{Profile, Row, Run};
use crate::report::Symbols;
use flate2::{Compression, write::GzEncoder};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes `profile`, with every stack as a sample of four values: what it allocated, and what it never freed.
///
/// A frame's address is that of the call: one byte before where it returns to.
///
/// # Errors
///
/// `out`'s.
pub fn write(profile: &Profile, symbols: &dyn Symbols, out: &mut dyn Write) -> io::Result<()> {
    write_rows(&profile.run, &profile.rows(), symbols, out)
}

/// What is counted, and its unit, as heap profiles of other tools name them.
const TYPES: [[&str; 2]; 4] = [
    ["alloc_objects", "count"],
    ["alloc_space", "bytes"],
    ["inuse_objects", "count"],
    ["inuse_space", "bytes"],
];

fn write_rows(run: &Run, rows: &[Row<'_>], symbols: &dyn Symbols, out: &mut dyn Write) -> io::Result<()> {
    let mut profile = Message::default();
    let mut strings = Strings::default();
    strings.number("");
    for [name, unit] in TYPES {
        profile.message(1, &value_type(&mut strings, name, unit));
    }
    let mut locations = Locations::default();
    for row in rows {
        let figures = &row.figures;
        let mut sample = Message::default();
        let stack: Vec<u64> = match row.stack {
            [] => vec![locations.number(None, symbols, &mut strings)],
            stack => {
                stack.iter().map(|frame| locations.number(Some(*frame), symbols, &mut strings)).collect()
            }
        };
        sample.packed(1, &stack);
        let weights = [figures.allocated, figures.at_end];
        sample.packed(2, &weights.map(|weight| [signed(weight.blocks), signed(weight.bytes)]).concat());
        profile.message(2, &sample);
    }
    // One mapping, which says that names are known already.
    let mut mapping = Message::default();
    mapping.number(1, MAPPING);
    mapping.number(5, strings.number(&run.command));
    mapping.number(7, 1);
    profile.message(3, &mapping);
    locations.write(&mut profile);
    profile.number(9, nanos(run.began));
    profile.number(10, nanos(run.elapsed));
    profile.message(11, &value_type(&mut strings, "space", "bytes"));
    profile.number(12, run.sampled.map_or(1, signed));
    profile.number(14, strings.number("alloc_space"));
    for text in &strings.table {
        profile.bytes(6, text.as_bytes());
    }
    let mut gzip = GzEncoder::new(out, Compression::default());
    gzip.write_all(&profile.0)?;
    gzip.finish()?;
    Ok(())
}

/// The number of the only mapping.
const MAPPING: u64 = 1;

/// The format's numbers are signed.
fn signed(number: u64) -> u64 {
    number.min(i64::MAX as u64)
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).map_or(0, signed)
}

fn value_type(strings: &mut Strings, name: &str, unit: &str) -> Message {
    let mut message = Message::default();
    message.number(1, strings.number(name));
    message.number(2, strings.number(unit));
    message
}

/// The string table: each text once, the empty one first.
#[derive(Default)]
struct Strings {
    table: Vec<String>,
    numbers: BTreeMap<String, u64>,
}

impl Strings {
    fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.table.len() as u64;
        self.table.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// Frames that were met, and their functions, each once; the frame of a stack without frames is `None`.
#[derive(Default)]
struct Locations {
    locations: Vec<Message>,
    functions: Vec<Message>,
    by_frame: BTreeMap<Option<usize>, u64>,
    by_name: BTreeMap<u64, u64>,
}

impl Locations {
    fn number(&mut self, frame: Option<usize>, symbols: &dyn Symbols, strings: &mut Strings) -> u64 {
        if let Some(number) = self.by_frame.get(&frame) {
            return *number;
        }
        let address = frame.map(|frame| frame.saturating_sub(1));
        let name = match (frame, address.and_then(|address| symbols.name(address))) {
            (_, Some(name)) if !name.is_empty() => strings.number(name),
            (Some(frame), _) => strings.number(&format!("{frame:#x}")),
            (None, _) => strings.number("[unknown]"),
        };
        let function = *self.by_name.entry(name).or_insert_with(|| {
            let number = self.functions.len() as u64 + 1;
            let mut function = Message::default();
            function.number(1, number);
            function.number(2, name);
            function.number(3, name);
            self.functions.push(function);
            number
        });
        let mut line = Message::default();
        line.number(1, function);
        let number = self.locations.len() as u64 + 1;
        let mut location = Message::default();
        location.number(1, number);
        location.number(2, MAPPING);
        location.number(3, address.unwrap_or(0) as u64);
        location.message(4, &line);
        self.locations.push(location);
        self.by_frame.insert(frame, number);
        number
    }

    fn write(&self, profile: &mut Message) {
        self.locations.iter().for_each(|location| profile.message(4, location));
        self.functions.iter().for_each(|function| profile.message(5, function));
    }
}

/// An encoded message.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// A number field; zero is the default, and left out.
    fn number(&mut self, field: u64, number: u64) {
        if number > 0 {
            self.varint(field << 3);
            self.varint(number);
        }
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    fn packed(&mut self, field: u64, numbers: &[u64]) {
        let mut packed = Self::default();
        numbers.iter().for_each(|number| packed.varint(*number));
        self.message(field, &packed);
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::example::{NAMES, Names, rows, run, stacks};
    use flate2::read::GzDecoder;
    use prost::Message as _;
    use std::io::Read;

    /// The part of `profile.proto` that is written, for a decoder that is not ours.
    mod proto {
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct Profile {
            #[prost(message, repeated, tag = "1")]
            pub sample_type: Vec<ValueType>,
            #[prost(message, repeated, tag = "2")]
            pub sample: Vec<Sample>,
            #[prost(message, repeated, tag = "4")]
            pub location: Vec<Location>,
            #[prost(message, repeated, tag = "5")]
            pub function: Vec<Function>,
            #[prost(string, repeated, tag = "6")]
            pub string_table: Vec<String>,
            #[prost(int64, tag = "9")]
            pub time_nanos: i64,
            #[prost(int64, tag = "10")]
            pub duration_nanos: i64,
            #[prost(int64, tag = "14")]
            pub default_sample_type: i64,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct ValueType {
            #[prost(int64, tag = "1")]
            pub r#type: i64,
            #[prost(int64, tag = "2")]
            pub unit: i64,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct Sample {
            #[prost(uint64, repeated, tag = "1")]
            pub location_id: Vec<u64>,
            #[prost(int64, repeated, tag = "2")]
            pub value: Vec<i64>,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct Location {
            #[prost(uint64, tag = "1")]
            pub id: u64,
            #[prost(uint64, tag = "3")]
            pub address: u64,
            #[prost(message, repeated, tag = "4")]
            pub line: Vec<Line>,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct Line {
            #[prost(uint64, tag = "1")]
            pub function_id: u64,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct Function {
            #[prost(uint64, tag = "1")]
            pub id: u64,
            #[prost(int64, tag = "2")]
            pub name: i64,
        }
    }

    fn read_back() -> proto::Profile {
        let (stacks, mut out) = (stacks(), Vec::new());
        write_rows(&run(), &rows(&stacks), &Names::default(), &mut out).expect("a vector takes all");
        let mut bytes = Vec::new();
        GzDecoder::new(out.as_slice()).read_to_end(&mut bytes).expect("gzip");
        proto::Profile::decode(bytes.as_slice()).expect("a profile")
    }

    #[test]
    fn another_decoder_reads_every_stack_with_its_figures_and_its_names() {
        let (profile, stacks) = (read_back(), stacks());
        let text = |number: i64| profile.string_table[number as usize].as_str();
        let types: Vec<_> =
            profile.sample_type.iter().map(|one| [text(one.r#type), text(one.unit)]).collect();
        assert_eq!(types, TYPES);
        assert_eq!(text(profile.default_sample_type), "alloc_space");
        assert_eq!((profile.time_nanos, profile.duration_nanos), (1_700_000_000_000_000_000, 2_512_000_000));
        assert_eq!(profile.sample.len(), stacks.len());
        for (sample, row) in profile.sample.iter().zip(rows(&stacks)) {
            let [allocated, at_end] = [row.figures.allocated, row.figures.at_end];
            let values = [allocated.blocks, allocated.bytes, at_end.blocks, at_end.bytes];
            assert_eq!(sample.value, values.map(|value| value as i64));
            let location =
                |id: &u64| profile.location.iter().find(|location| location.id == *id).expect("listed");
            let addresses: Vec<u64> = sample.location_id.iter().map(|id| location(id).address).collect();
            let calls: Vec<u64> = row.stack.iter().map(|frame| *frame as u64 - 1).collect();
            assert_eq!(addresses, if calls.is_empty() { vec![0] } else { calls });
        }
        let names: Vec<&str> = profile.function.iter().map(|function| text(function.name)).collect();
        let hostile = NAMES.iter().filter(|name| !name.is_empty());
        hostile.for_each(|name| assert!(names.contains(name), "{name:?}"));
        assert!(names.iter().any(|name| name.len() > 10_000));
    }

    #[test]
    fn each_function_location_and_text_is_there_once() {
        let profile = read_back();
        let once = |mut ids: Vec<u64>| {
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!((ids.len(), ids.first()), (count, Some(&1)));
        };
        once(profile.function.iter().map(|function| function.id).collect());
        once(profile.location.iter().map(|location| location.id).collect());
        let mut texts = profile.string_table.clone();
        assert_eq!(texts[0], "");
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), profile.string_table.len());
    }
}
