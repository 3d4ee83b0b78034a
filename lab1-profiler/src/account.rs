//! What a process tells on its side descriptor where a judge, and not a person, wants to know: a line of numbers.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate.

/// A process's calls, as the given part of the profiler counted them and as the tracker tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The process's number.
    pub process: u64,
    /// Calls that went through the tracker: allocations, frees, reallocations that did not fail.
    pub served: [u64; 3],
    /// The tracker's counts of the same.
    pub told: [u64; 3],
    /// The tracker's sums of bytes: ever handed out, live at the peak, live now.
    pub bytes: [u64; 3],
    /// Blocks that the tracker shows as live, and their bytes.
    pub live: [u64; 2],
    /// What the tracker panicked with; empty if it did not.
    pub broken: String,
}

impl Account {
    /// The line, with its end.
    pub fn line(&self) -> String {
        let numbers = [self.process].into_iter().chain(self.served).chain(self.told).chain(self.bytes);
        let words: Vec<String> = numbers.chain(self.live).map(|number| number.to_string()).collect();
        format!("{} {}\n", words.join(" "), self.broken.replace(char::is_control, " "))
    }

    /// Reads a line without its end.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(13, ' ');
        let mut numbers = [0; 12];
        for number in &mut numbers {
            *number = words.next()?.parse().ok()?;
        }
        let [process, a, b, c, d, e, f, g, h, i, j, k] = numbers;
        let broken = words.next()?.to_owned();
        Some(Self { process, served: [a, b, c], told: [d, e, f], bytes: [g, h, i], live: [j, k], broken })
    }
}
