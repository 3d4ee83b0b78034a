//! Writing down what a process did, at its end and now and then before.

use super::config::Place;
use super::{Base, Runtime};
use crate::account::Account;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::path::Path;

impl<B: Base> Runtime<B> {
    /// Writes what there is to say. A failure is left beside it, for who started the program: the program's own output
    /// is nobody's but the program's.
    pub fn write(&self, complete: bool) {
        match &self.config.place {
            Place::Folder(folder) => {
                self.write_events();
                self.write_file(folder, &self.dump(complete).encode());
            }
            // What is told now and then would be taken for other processes.
            Place::Descriptor(_) if !complete => {}
            Place::Descriptor(number) => {
                // SAFETY: whoever configured the process keeps it open; it is not closed here.
                let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(*number) });
                // Nobody is left to be told. In one piece, as other processes append too.
                let _ = file.write_all(self.account().line().as_bytes());
            }
        }
    }

    /// What a judge wants to know.
    fn account(&self) -> Account {
        let mut account =
            Account { process: u64::from(std::process::id()), served: self.served(), ..Account::default() };
        if let Some(tracker) = &self.tracker {
            let told = self.track.run(|| {
                let totals = tracker.totals();
                tracker.live(&mut |record| {
                    account.live[0] += 1;
                    account.live[1] += record.size as u64;
                });
                totals
            });
            let totals = told.unwrap_or_default();
            account.told = [totals.allocations, totals.frees, totals.reallocations];
            account.bytes = [totals.total_bytes, totals.peak_bytes, totals.live_bytes];
        }
        account.broken = self.track.said().unwrap_or_default().to_owned();
        account
    }

    /// Writes what threads have in their buffers.
    fn write_events(&self) {
        if let Some(recorder) = &self.recorder {
            self.threads.iter().for_each(|state| state.with(|figures| recorder.append(&mut figures.events)));
        }
    }

    /// Writes beside, then renames, so that whoever reads finds all of it or what was there before.
    fn write_file(&self, folder: &Path, bytes: &[u8]) {
        let name = name(self.since);
        let (part, whole) = (folder.join(format!("{name}.part")), folder.join(format!("{name}.heap")));
        let write = || {
            fits(bytes.len() as u64)?;
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&part)?;
            file.write_all(bytes)?;
            std::fs::rename(&part, &whole)
        };
        if let Err(error) = write() {
            let _ = std::fs::remove_file(&part);
            // An empty file takes no room on a full disk; its name says what happened.
            let code = error.raw_os_error().unwrap_or(0);
            let _ = File::create(folder.join(format!("{name}.{code}.failed")));
        }
    }
}

/// The name of this process's files, without their endings: several programs may have had its number.
pub(super) fn name(since: u128) -> String {
    format!("{}-{since:x}", std::process::id())
}

/// Whether a file of so many bytes may be written: beyond the limit of its process a signal would come, and end it.
pub(super) fn fits(bytes: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for writing.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } == 0;
    if known && bytes > limit.rlim_cur {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    Ok(())
}

/// Pages that the kernel gives the process memory for, in bytes; 0 where that can't be known.
pub(super) fn resident() -> u64 {
    // In one piece, without asking how much there is: this is done hundreds of times a second.
    let mut text = [0; 128];
    let read = File::open("/proc/self/statm").and_then(|mut file| file.read(&mut text)).unwrap_or(0);
    let text = std::str::from_utf8(&text[..read]).unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    // SAFETY: takes an integer; the page size is always known.
    pages * (unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) as u64
}

#[cfg(test)]
mod tests {
    use crate::account::Account;

    #[test]
    fn an_account_is_read_as_it_was_written() {
        let account = Account {
            process: 7,
            served: [1, 2, 3],
            told: [4, 5, 6],
            bytes: [7, 8, u64::MAX],
            live: [9, 10],
            broken: "not yet implemented: lab1".to_owned(),
        };
        assert_eq!(Account::parse(account.line().trim_end()), Some(account));
        assert_eq!(
            Account::parse(Account::default().line().trim_end_matches('\n')),
            Some(Account::default())
        );
        assert_eq!(Account::parse("1 2 3"), None);
    }
}
