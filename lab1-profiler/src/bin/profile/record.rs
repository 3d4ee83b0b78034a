//! From the events that processes left to a trace.

use crate::left::Left;
use lab1_profiler::events::{Event, RECORD, Recorded};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use traces::{TraceError, Writer};

/// Why there is no trace; a sentence.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file can't be read.
    #[error("{}: {why}.", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// A process could not write its events.
    #[error(
        "There is no trace: its events could not be written ({0}). The program was not affected. Make room, or give \
         another folder with --out."
    )]
    Lost(io::Error),
    /// No process left any.
    #[error("There is no trace: no process of the program was profiled.")]
    Nothing,
    /// The trace can't be saved.
    #[error("There is no trace: {0}. Make room, or give another file with --record.")]
    Save(#[from] TraceError),
}

/// Makes a trace of what the processes of a run left, and takes that away. Of several processes, it is of the one that
/// did most. Gives a sentence.
///
/// # Errors
///
/// [`RecordError`].
pub fn save(left: &mut Left, trace: &Path) -> Result<String, RecordError> {
    let result = match left.lost.pop() {
        // Whoever could not write may have been the one that did most.
        Some(why) => Err(RecordError::Lost(why)),
        None => save_largest(&left.events, trace),
    };
    for file in &left.events {
        // They take much room, and are of no more use.
        let _ = std::fs::remove_file(file);
    }
    result
}

fn save_largest(files: &[PathBuf], trace: &Path) -> Result<String, RecordError> {
    let size = |file: &&PathBuf| file.metadata().map_or(0, |known| known.len());
    let file = files.iter().max_by_key(size).ok_or(RecordError::Nothing)?;
    let bytes = std::fs::read(file).map_err(|why| RecordError::File { file: file.clone(), why })?;
    let writer = written(events(&bytes));
    writer.save(trace)?;
    let others = match files.len() - 1 {
        0 => String::new(),
        1 => " Another process is not in it.".to_owned(),
        others => format!(" {others} other processes are not in it."),
    };
    Ok(format!("Trace: {}, {} operations.{others}", trace.display(), writer.operations()))
}

/// All events of a file, in order.
fn events(bytes: &[u8]) -> Vec<Recorded> {
    let mut events: Vec<Recorded> = bytes.chunks_exact(RECORD).filter_map(Recorded::decode).collect();
    events.sort_unstable_by_key(|recorded| recorded.number);
    events
}

/// The trace of these events.
///
/// What happens to a block that nobody saw being allocated is left out: it is older than the profiler, or the
/// profiler's libraries' own.
fn written(events: Vec<Recorded>) -> Writer {
    let (mut writer, mut threads) = (Writer::new(), HashMap::new());
    let (mut ids, mut moving) = (HashMap::new(), HashMap::new());
    for Recorded { thread, event, .. } in events {
        let known = threads.len() as u32;
        writer.thread(*threads.entry(thread).or_insert(known));
        match event {
            Event::Allocated { block, size, align } => {
                // A block at that address was freed unseen.
                if let Some(gone) = ids.remove(&block) {
                    writer.free(gone);
                }
                ids.insert(block, writer.allocate(size, align));
            }
            Event::Freed { block } => {
                if let Some(id) = ids.remove(&block) {
                    writer.free(id);
                }
            }
            Event::Moving { block } => {
                moving.insert(thread, (block, ids.remove(&block)));
            }
            Event::Moved { block, size } => match (moving.remove(&thread), block) {
                (Some((from, Some(id))), 0) => {
                    ids.insert(from, id);
                }
                (Some((_, Some(id))), _) => {
                    writer.reallocate(id, size);
                    if let Some(gone) = ids.insert(block, id) {
                        writer.free(gone);
                    }
                }
                _ => {}
            },
        }
    }
    writer
}

#[cfg(test)]
mod tests {
    use super::*;
    use driverkit::heap::Command;
    use traces::Trace;

    /// The operations that a trace of these events has.
    fn commands(events: &[(u64, Event)]) -> Vec<Command> {
        let recorded = events.iter().enumerate().map(|(number, (thread, event))| Recorded {
            number: number as u64,
            thread: *thread,
            event: *event,
        });
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("record-{}-{number}.rep", std::process::id()));
        written(recorded.collect()).save(&file).expect("there is room");
        let trace = Trace::read(&file);
        std::fs::remove_file(&file).expect("the file is there");
        trace.expect("a sound trace").commands
    }

    fn allocated(block: u64, size: u64) -> Event {
        Event::Allocated { block, size, align: 16 }
    }

    fn allocate(id: u32, size: u64) -> Command {
        Command::Allocate { id, size, align: 16 }
    }

    #[test]
    fn an_address_that_another_thread_is_given_while_a_block_moves_away_is_another_block() {
        let events = [
            (1, allocated(16, 100)),
            (1, Event::Moving { block: 16 }),
            (2, allocated(16, 50)),
            (1, Event::Moved { block: 32, size: 200 }),
            (2, Event::Freed { block: 16 }),
            (1, Event::Freed { block: 32 }),
        ];
        let expected = [
            allocate(0, 100),
            allocate(1, 50),
            Command::Reallocate { id: 0, size: 200 },
            Command::Deallocate { id: 1 },
            Command::Deallocate { id: 0 },
        ];
        assert_eq!(commands(&events), expected);
    }

    #[test]
    fn a_move_that_fails_leaves_the_block_where_it_was() {
        let moving = [(1, Event::Moving { block: 16 }), (1, Event::Moved { block: 0, size: 200 })];
        let events = [&[(1, allocated(16, 100))], &moving[..], &[(1, Event::Freed { block: 16 })]].concat();
        assert_eq!(commands(&events), [allocate(0, 100), Command::Deallocate { id: 0 }]);
    }

    #[test]
    fn what_happens_to_unknown_blocks_is_left_out_and_what_was_freed_unseen_is_freed() {
        let events = [
            (1, Event::Freed { block: 48 }),
            (1, Event::Moving { block: 48 }),
            (1, Event::Moved { block: 64, size: 5 }),
            (1, allocated(16, 100)),
            (1, allocated(16, 50)),
        ];
        assert_eq!(commands(&events), [allocate(0, 100), Command::Deallocate { id: 0 }, allocate(1, 50)]);
    }
}
