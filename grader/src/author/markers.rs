//! Marked solutions: one file holds both the answer and the skeleton that students receive.
//!
//! ```text
//! pub fn order(size: usize) -> usize {
//!     // SOLUTION                          <- the answer starts: its lines leave the skeleton
//!     size.next_power_of_two().ilog2() as usize
//!     // STUB: todo!("order of {size}")    <- what stands there instead, one line each
//!     // END                               <- the answer ends
//! }
//! ```
//!
//! A block without `STUB` lines vanishes whole: private fields, private imports and helpers.
//! Everything is done by lines, never by syntax, so that comments, docs and layout stay as they are.
//!
//! Knows the markers. Knows nothing of where files lie or of what is in them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

const SOLUTION: &str = "// SOLUTION";
const STUB: &str = "// STUB:";
const END: &str = "// END";

/// A marked file that cannot be turned into a skeleton: where, and what is wrong there.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("{}:{line}: {fault}", file.display())]
#[diagnostic(help("{}", fault.next_step()))]
pub struct MarkerError {
    /// The marked solution file.
    pub file: PathBuf,
    /// The line of the marker at fault, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: MarkerFault,
}

/// What may be wrong with a marker.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum MarkerFault {
    /// `SOLUTION` inside a block that is still open.
    #[error("`// SOLUTION` inside the block that opens at line {opened}")]
    Nested {
        /// The line of the outer `SOLUTION`.
        opened: usize,
    },
    /// The file ends in an open block.
    #[error("`// SOLUTION` is never closed")]
    NeverClosed,
    /// `END` without a `SOLUTION`.
    #[error("`// END` closes nothing")]
    ClosesNothing,
    /// `STUB` outside a block.
    #[error("`// STUB:` outside a block")]
    StubOutside,
    /// A line of the answer after the first `STUB` line.
    #[error("a line of the answer after `// STUB:`")]
    AnswerAfterStub,
    /// Code before the marker, or text after it.
    #[error("a marker that shares its line")]
    SharesLine,
}

impl MarkerFault {
    /// What the author does about it.
    fn next_step(self) -> &'static str {
        match self {
            Self::Nested { .. } => "blocks never nest: put `// END` before this line",
            Self::NeverClosed => "put `// END` on a line of its own after the answer",
            Self::ClosesNothing => "remove this line, or put `// SOLUTION` before the answer's first line",
            Self::StubOutside => "move this line between `// SOLUTION` and `// END`",
            Self::AnswerAfterStub => {
                "put the `// STUB:` lines last, directly before `// END`, one after the other"
            }
            Self::SharesLine => {
                "give the marker a line of its own: `// SOLUTION`, `// STUB: code` or `// END`, \
                 nothing else"
            }
        }
    }
}

/// Returns the skeleton of a marked file.
///
/// A file without markers is its own skeleton. `file` serves only to name the place in errors.
///
/// # Errors
///
/// The first marker that nests, stays open, closes nothing or shares its line.
pub fn skeleton(file: &Path, text: &str) -> Result<String, MarkerError> {
    let mut kept = Kept::default();
    let mut open: Option<Block> = None;
    let fail = |line, fault| MarkerError { file: file.to_path_buf(), line, fault };

    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        match (Marker::of(line).map_err(|f| fail(number, f))?, &mut open) {
            (Marker::None, None) => kept.line(line),
            (Marker::None, Some(block)) if block.stubs == 0 => {}
            (Marker::None, Some(_)) => return Err(fail(number, MarkerFault::AnswerAfterStub)),
            (Marker::Solution, None) => {
                open = Some(Block { opened: number, stubs: 0 });
            }
            (Marker::Solution, Some(block)) => {
                let opened = block.opened;
                return Err(fail(number, MarkerFault::Nested { opened }));
            }
            (Marker::Stub(code), Some(block)) => {
                block.stubs += 1;
                kept.stub(line, code);
            }
            (Marker::Stub(_), None) => return Err(fail(number, MarkerFault::StubOutside)),
            (Marker::End, Some(block)) => {
                kept.vanished = block.stubs == 0;
                open = None;
            }
            (Marker::End, None) => return Err(fail(number, MarkerFault::ClosesNothing)),
        }
    }
    if let Some(block) = open {
        return Err(fail(block.opened, MarkerFault::NeverClosed));
    }
    Ok(kept.lines.concat())
}

/// Tells whether a file has any marker, well placed or not.
#[must_use]
pub fn is_marked(text: &str) -> bool {
    text.lines().any(|line| !matches!(Marker::of(line), Ok(Marker::None)))
}

/// An open block.
struct Block {
    /// The line of its `SOLUTION`.
    opened: usize,
    /// `STUB` lines seen so far.
    stubs: usize,
}

/// The skeleton so far.
///
/// A vanished block usually has a blank line on either side. Both would leave two in a row, or one
/// behind an opening brace, and the skeleton would no longer be as rustfmt leaves it.
#[derive(Default)]
struct Kept<'a> {
    /// Its lines, each with its line end.
    lines: Vec<Cow<'a, str>>,
    /// The block just before the next line vanished whole.
    vanished: bool,
}

impl<'a> Kept<'a> {
    fn line(&mut self, line: &'a str) {
        if self.vanished {
            let before = self.lines.last().map_or("", |l| l.trim_end());
            let starts = before.is_empty() || before.ends_with(['{', '(', '[']);
            if starts && line.trim().is_empty() {
                return;
            }
            if before.is_empty() && line.trim_start().starts_with(['}', ')', ']']) {
                self.lines.pop();
            }
            self.vanished = false;
        }
        self.lines.push(line.into());
    }

    fn stub(&mut self, marker: &str, code: &str) {
        let indent = if code.is_empty() { "" } else { &marker[..marker.len() - marker.trim_start().len()] };
        self.lines.push(format!("{indent}{code}\n").into());
        self.vanished = false;
    }
}

/// What a line says to the skeleton.
enum Marker<'a> {
    None,
    Solution,
    Stub(&'a str),
    End,
}

impl<'a> Marker<'a> {
    fn of(line: &'a str) -> Result<Self, MarkerFault> {
        let text = line.trim();
        if text == SOLUTION {
            return Ok(Self::Solution);
        }
        if text == END {
            return Ok(Self::End);
        }
        if let Some(code) = text.strip_prefix(STUB) {
            // One space belongs to the marker; what is beyond it is the stub's own indentation.
            return Ok(Self::Stub(code.strip_prefix(' ').unwrap_or(code)));
        }
        // The usual slips: no space after the slashes, or a marker behind code.
        let squeezed =
            ["//SOLUTION", "//END", "// SOLUTION:", "// END:"].contains(&text) || text.starts_with("//STUB:");
        let trailing =
            text.ends_with(" // SOLUTION") || text.ends_with(" // END") || text.contains(" // STUB:");
        // Docs may speak of markers: this module does.
        let prose = text.starts_with("//!") || text.starts_with("///");
        if !prose && (squeezed || trailing) {
            return Err(MarkerFault::SharesLine);
        }
        Ok(Self::None)
    }
}

#[cfg(test)]
mod tests;
