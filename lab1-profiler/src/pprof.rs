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
