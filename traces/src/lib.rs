//! Allocation traces of real programs: read, and written.
//!
//! The lines of CMU's malloc lab, `a id size`, `r id size`, `f id`, with two more: `m id size align` for
//! an aligned allocation, and `t n` where what follows is thread `n`'s. Four header lines: the peak of
//! live bytes, the number of ids, of operations, and a weight. Files that end in `.zst` are decompressed.

mod write;

pub use write::Writer;

use driverkit::heap::Command;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A recorded program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The file's name without its endings.
    pub name: String,
    /// The most bytes that were asked for and not yet freed at once, as the header says.
    pub peak: u64,
    /// The operations, in order, of all threads.
    pub commands: Vec<Command>,
}

/// A trace that can't be used.
#[derive(Debug)]
pub enum TraceError {
    /// The file can't be read or decompressed.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A line is none of the format's, or breaks its rules.
    Broken {
        /// The file.
        file: PathBuf,
        /// Counted from one.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A block is larger than a line can say.
    TooLarge {
        /// The file that would have been written.
        file: PathBuf,
        /// Its size, in bytes.
        number: u64,
    },
    /// The file can't be written.
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, why } | Self::Unwritable { file, why } => {
                write!(f, "{}: {why}", file.display())
            }
            Self::Broken { file, line, why } => write!(f, "{}, line {line}: {why}", file.display()),
            Self::TooLarge { file, number } => {
                write!(
                    f,
                    "{}: a block of {number} bytes is larger than the {MOST} of a trace",
                    file.display()
                )
            }
        }
    }
}

impl std::error::Error for TraceError {}

/// The traces that come with the course.
static SHIPPED: [(&str, &[u8]); 5] = [
    ("cc1", include_bytes!("../cc1.rep.zst")),
    ("gdb", include_bytes!("../gdb.rep.zst")),
    ("perl", include_bytes!("../perl.rep.zst")),
    ("python-json", include_bytes!("../python-json.rep.zst")),
    ("sqlite", include_bytes!("../sqlite.rep.zst")),
];

/// The most words of a line that means something.
const WORDS: usize = 4;

/// What malloc aligns to where a program asks for nothing else.
const MALLOC_ALIGN: u64 = 16;

impl Trace {
    /// The traces that come with the course.
    ///
    /// # Errors
    ///
    /// [`TraceError`], if one of them is broken.
    pub fn shipped() -> Result<Vec<Self>, TraceError> {
        let unpack =
            |(name, bytes): &(&str, &[u8])| Self::unpack(Path::new(&format!("{name}.rep.zst")), bytes);
        std::thread::scope(|scope| {
            let threads = SHIPPED.each_ref().map(|shipped| scope.spawn(move || unpack(shipped)));
            threads.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
        .into_iter()
        .collect()
    }

    /// Reads a trace from a file.
    ///
    /// # Errors
    ///
    /// [`TraceError`], with file, line and reason.
    pub fn read(file: &Path) -> Result<Self, TraceError> {
        let bytes =
            std::fs::read(file).map_err(|why| TraceError::Unreadable { file: file.to_owned(), why })?;
        Self::unpack(file, &bytes)
    }

    fn unpack(file: &Path, bytes: &[u8]) -> Result<Self, TraceError> {
        let unreadable = |why| TraceError::Unreadable { file: file.to_owned(), why };
        let mut text = String::new();
        if file.extension().is_some_and(|ending| ending == "zst") {
            let decoder = ruzstd::decoding::StreamingDecoder::new(bytes);
            let mut decoder = decoder.map_err(|why| unreadable(std::io::Error::other(why.to_string())))?;
            decoder.read_to_string(&mut text).map_err(unreadable)?;
        } else {
            text = String::from_utf8(bytes.to_vec()).map_err(|why| unreadable(std::io::Error::other(why)))?;
        }
        parse(file, &text)
    }

    /// The first `count` operations, with their own peak.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.commands.truncate(count);
        let (mut sizes, mut live) = (Vec::new(), 0);
        self.peak = 0;
        for command in &self.commands {
            let (id, size) = match *command {
                Command::Allocate { id, size, .. } | Command::Reallocate { id, size } => (id, size),
                Command::Deallocate { id } => (id, 0),
                _ => continue,
            };
            if sizes.len() <= id as usize {
                sizes.resize(id as usize + 1, 0);
            }
            live += size;
            live -= std::mem::replace(&mut sizes[id as usize], size);
            self.peak = self.peak.max(live);
        }
        self
    }
}

fn parse(file: &Path, text: &str) -> Result<Trace, TraceError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    let broken = |line: usize, why: String| TraceError::Broken { file: file.to_owned(), line: line + 1, why };
    let mut lines = text.lines().enumerate();
    let mut header = [0; 4];
    for (field, what) in header.iter_mut().zip(["peak live bytes", "ids", "operations", "weight"]) {
        let (at, line) = lines.next().ok_or_else(|| broken(0, format!("the header ends before `{what}`")))?;
        *field = number(line.trim()).ok_or_else(|| broken(at, format!("`{line}` is no number of {what}")))?;
    }
    let [peak, ids, operations, _weight] = header;
    let (mut commands, mut switches) = (Vec::new(), 0);
    // No larger than the text, whatever the header claims.
    let mut live = vec![false; ids.min(text.len() as u64) as usize];
    for (at, line) in lines {
        let mut words = [""; WORDS + 1];
        let count = words.iter_mut().zip(line.split_ascii_whitespace()).map(|(to, word)| *to = word).count();
        let id = |word: &str| number(word).filter(|id| *id < ids.min(text.len() as u64)).map(|id| id as u32);
        let command = match &words[..count] {
            [] => continue,
            ["t", thread] if number(thread).is_some() => {
                switches += 1;
                continue;
            }
            ["a", name, size] => allocation(id(name), number(size), Some(MALLOC_ALIGN)),
            ["m", name, size, align] => allocation(id(name), number(size), number(align)),
            ["r", name, size] => {
                id(name).zip(number(size)).map(|(id, size)| Command::Reallocate { id, size })
            }
            ["f", name] => id(name).map(|id| Command::Deallocate { id }),
            _ => None,
        };
        let command =
            command.ok_or_else(|| broken(at, format!("`{line}` is no operation on an id below {ids}")))?;
        let (id, before, after) = match command {
            Command::Allocate { id, .. } => (id, false, true),
            Command::Reallocate { id, .. } => (id, true, true),
            Command::Deallocate { id } => (id, true, false),
            _ => continue,
        };
        if std::mem::replace(&mut live[id as usize], after) != before {
            return Err(broken(at, format!("`{line}` takes an id that is live, or frees one that is not")));
        }
        commands.push(command);
    }
    // A change of thread counts as an operation.
    let count = commands.len() as u64 + switches;
    if count != operations {
        let why = format!("the header promises {operations} operations, and {count} follow");
        return Err(broken(2, why));
    }
    Ok(Trace { name, peak, commands })
}

/// `malloc(0)` gives a block of its own, which the raw traits don't; a byte stands for it.
fn allocation(id: Option<u32>, size: Option<u64>, align: Option<u64>) -> Option<Command> {
    let align = align.filter(|align| align.is_power_of_two())?;
    Some(Command::Allocate { id: id?, size: size?.max(1), align })
}

/// No number beyond this is a size, a count or an alignment.
const MOST: u64 = u32::MAX as u64;

fn number(word: &str) -> Option<u64> {
    word.parse().ok().filter(|number| *number <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Trace, TraceError> {
        parse(Path::new("t.rep"), text)
    }

    #[test]
    fn the_shipped_traces_are_whole() {
        let traces = Trace::shipped().expect("sound traces");
        let counts: Vec<_> = traces.iter().map(|trace| (trace.name.as_str(), trace.commands.len())).collect();
        assert_eq!(
            counts,
            [
                ("cc1", 46165),
                ("gdb", 199_980),
                ("perl", 76226),
                ("python-json", 200_000),
                ("sqlite", 134_820)
            ]
        );
    }

    #[test]
    fn every_kind_of_line_is_read() {
        let trace = parsed("99\n2\n5\n1\na 0 8\nt 3\nm 1 24 64\nr 0 16\nf 1\n").expect("sound");
        assert_eq!(
            trace.commands,
            [
                Command::Allocate { id: 0, size: 8, align: 16 },
                Command::Allocate { id: 1, size: 24, align: 64 },
                Command::Reallocate { id: 0, size: 16 },
                Command::Deallocate { id: 1 },
            ]
        );
    }

    #[test]
    fn a_broken_trace_is_refused_with_its_line() {
        let refusals = [
            ("99\n2\n", "line 1: the header ends before `operations`"),
            ("99\nx\n1\n1\n", "line 2: `x` is no number of ids"),
            ("99\n2\n1\n1\na 0\n", "line 5: `a 0` is no operation on an id below 2"),
            ("99\n2\n1\n1\na 2 8\n", "line 5: `a 2 8` is no operation on an id below 2"),
            ("99\n2\n1\n1\nm 0 8 3\n", "line 5: `m 0 8 3` is no operation on an id below 2"),
            ("99\n2\n1\n1\nf 0\n", "line 5: `f 0` takes an id that is live, or frees one that is not"),
            ("99\n2\n2\n1\na 0 8\n", "line 3: the header promises 2 operations, and 1 follow"),
        ];
        for (text, why) in refusals {
            let error = parsed(text).expect_err(why).to_string();
            assert_eq!(error, format!("t.rep, {why}"));
        }
    }
}
