//! What the kernel says of a process's address space: `/proc/self/maps`.

use std::ops::Range;

/// A range of pages of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mapping<'t> {
    pub(super) range: (usize, usize),
    pub(super) executable: bool,
    /// Of the file's byte at the range's start.
    pub(super) offset: u64,
    /// The file, `[stack]` and the like, or nothing.
    pub(super) name: &'t str,
}

/// Calls `visit` for each mapping, in order of addresses, until it says that it has seen enough. There are none where
/// there is no such file.
pub(super) fn visit(mut visit: impl FnMut(Mapping<'_>) -> bool) {
    let Ok(text) = std::fs::read("/proc/self/maps") else { return };
    for line in String::from_utf8_lossy(&text).lines() {
        if parse(line).is_some_and(&mut visit) {
            return;
        }
    }
}

/// `START-END PERMISSIONS OFFSET DEVICE INODE [NAME]`, see proc_pid_maps(5).
fn parse(line: &str) -> Option<Mapping<'_>> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let range = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    let executable = words.next()?.as_bytes().get(2) == Some(&b'x');
    let offset = u64::from_str_radix(words.next()?, 16).ok()?;
    let name = words.nth(2).unwrap_or_default().trim_start();
    Some(Mapping { range, executable, offset, name })
}

/// The range of stack around `address`, which lies on it.
pub(super) fn stack_around(address: usize) -> Option<Range<usize>> {
    let mut found = None;
    visit(|mapping| {
        let (start, end) = mapping.range;
        // The first thread's stack grows when it is touched below; the kernel keeps some 100 MiB free for that.
        let start = if mapping.name == "[stack]" { start.saturating_sub(64 << 20) } else { start };
        if (start..end).contains(&address) {
            found = Some(start..end);
        }
        start > address
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind_are_read() {
        let line = "7f1200-7f1400 r-xp 00026000 08:01 1234                       /usr/lib/a b.so (deleted)";
        let range = (0x7f_1200, 0x7f_1400);
        let name = "/usr/lib/a b.so (deleted)";
        assert_eq!(parse(line), Some(Mapping { range, executable: true, offset: 0x26000, name }));
        let line = "7f1200-7f1400 rw-p 00000000 00:00 0 ";
        assert_eq!(parse(line), Some(Mapping { range, executable: false, offset: 0, name: "" }));
        assert_eq!(parse("what"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_threads_stack_is_found_around_its_own_variable() {
        let find = || {
            let variable = 0_u8;
            let address = (&raw const variable).addr();
            stack_around(address).is_some_and(|stack| stack.contains(&address))
        };
        assert!(find() && std::thread::spawn(find).join().expect("the thread ends"));
    }
}
