//! Writing a trace down, an operation at a time.

use crate::{MALLOC_ALIGN, MOST, TraceError};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A trace that is being recorded. Blocks are numbered from 0 in the order in which they are allocated.
#[derive(Debug, Default)]
pub struct Writer {
    lines: String,
    /// By id; 0 once the block is freed.
    sizes: Vec<u64>,
    live: u64,
    peak: u64,
    operations: u64,
    thread: u32,
    /// The first size that no line can say.
    too_large: Option<u64>,
}

impl Writer {
    /// A program that has done nothing yet; its first thread is 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What follows is this thread's.
    pub fn thread(&mut self, thread: u32) {
        if std::mem::replace(&mut self.thread, thread) != thread {
            self.line(format_args!("t {thread}"));
        }
    }

    /// A block is allocated; gives its id.
    pub fn allocate(&mut self, size: u64, align: u64) -> u32 {
        let id = self.sizes.len() as u32;
        if align > MALLOC_ALIGN {
            self.line(format_args!("m {id} {size} {align}"));
        } else {
            self.line(format_args!("a {id} {size}"));
        }
        self.sizes.push(0);
        self.resize(id, size);
        id
    }

    /// A live block has another size.
    pub fn reallocate(&mut self, id: u32, size: u64) {
        self.line(format_args!("r {id} {size}"));
        self.resize(id, size);
    }

    /// A live block is freed.
    pub fn free(&mut self, id: u32) {
        self.line(format_args!("f {id}"));
        self.resize(id, 0);
    }

    /// How many lines there are after the header's.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Writes the trace, compressed where the file's name ends in `.zst`. The file is there whole or not at all.
    ///
    /// # Errors
    ///
    /// [`TraceError::TooLarge`] and [`TraceError::Unwritable`].
    pub fn save(&self, file: &Path) -> Result<(), TraceError> {
        if let Some(number) = self.too_large {
            return Err(TraceError::TooLarge { file: file.to_owned(), number });
        }
        let (peak, ids, operations) = (self.peak, self.sizes.len(), self.operations);
        let text = format!("{peak}\n{ids}\n{operations}\n1\n{}", self.lines);
        let bytes = match file.extension() {
            Some(ending) if ending == "zst" => compress_to_vec(text.as_bytes(), CompressionLevel::Fastest),
            _ => text.into_bytes(),
        };
        let mut beside = file.as_os_str().to_owned();
        beside.push(".part");
        fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, file)).map_err(|why| {
            let _ = fs::remove_file(&beside);
            TraceError::Unwritable { file: file.to_owned(), why }
        })
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A string can be written to.
        let _ = writeln!(self.lines, "{line}");
        self.operations += 1;
    }

    fn resize(&mut self, id: u32, size: u64) {
        if size > MOST {
            self.too_large.get_or_insert(size);
        }
        let before = std::mem::replace(&mut self.sizes[id as usize], size);
        self.live = self.live.saturating_add(size) - before;
        self.peak = self.peak.max(self.live);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trace;
    use driverkit::heap::Command;

    /// A program of two threads.
    fn written() -> Writer {
        let mut writer = Writer::new();
        let first = writer.allocate(100, 1);
        writer.thread(1);
        let second = writer.allocate(0, 64);
        writer.reallocate(first, 5000);
        writer.thread(0);
        writer.free(first);
        writer.reallocate(second, 30);
        writer
    }

    #[test]
    fn what_is_written_is_read_compressed_or_not() {
        for ending in ["rep", "rep.zst"] {
            let file = std::env::temp_dir().join(format!("trace-{}.{ending}", std::process::id()));
            written().save(&file).expect("there is room");
            let read = Trace::read(&file);
            fs::remove_file(&file).expect("the file is there");
            let read = read.expect("a sound trace");
            assert_eq!(read.peak, 5000);
            assert_eq!(
                read.commands,
                [
                    Command::Allocate { id: 0, size: 100, align: 16 },
                    Command::Allocate { id: 1, size: 1, align: 64 },
                    Command::Reallocate { id: 0, size: 5000 },
                    Command::Deallocate { id: 0 },
                    Command::Reallocate { id: 1, size: 30 },
                ]
            );
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_and_leaves_no_file() {
        let folder = std::env::temp_dir().join(format!("traces-{}", std::process::id()));
        fs::create_dir(&folder).expect("a folder");
        let mut writer = written();
        // The last step meets a folder.
        let taken = writer.save(&folder).expect_err("the name is taken");
        assert!(matches!(taken, TraceError::Unwritable { .. }), "{taken}");
        writer.allocate(MOST + 1, 16);
        let large = writer.save(&folder.join("large.rep")).expect_err("too large");
        assert!(matches!(large, TraceError::TooLarge { number: 0x1_0000_0000, .. }), "{large}");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
        fs::remove_dir(&folder).expect("an empty folder");
        assert!(!folder.with_extension("part").exists());
    }
}
