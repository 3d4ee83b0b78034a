//! What a process is told of how to profile itself: one variable of its environment.

use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::os::fd::RawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::OnceLock;

/// The variable's name. Its value is `OPTIONS:FOLDER` or `OPTIONS:#DESCRIPTOR`; options are `sample=BYTES` and
/// `record`, with commas between.
pub const VARIABLE: &str = "LAB1_PROFILE";

/// How to profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the profile goes.
    pub place: Place,
    /// Looks at one byte in so many only, on average.
    pub sample: Option<u64>,
    /// Whether to record every event, beside profiles in a folder.
    pub record: bool,
}

/// Where profiles go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file for each process, in this folder.
    Folder(PathBuf),
    /// Appended to this open file.
    Descriptor(RawFd),
}

impl Config {
    /// What this process is told, once the C library knows its environment; inside, `None` where nothing is to be
    /// profiled. Children of a fork are told the same, whatever became of the environment.
    pub fn of_process() -> Option<Option<&'static Self>> {
        unsafe extern "C" {
            static environ: *const *const c_char;
        }
        static CONFIG: OnceLock<Option<Config>> = OnceLock::new();
        // SAFETY: the C library's variable; it is set before there can be a second thread.
        if unsafe { environ }.is_null() {
            return None;
        }
        let read = || {
            let name = CString::new(VARIABLE).ok()?;
            // SAFETY: the name is a C string; this is the process's first allocation, before anyone can change it.
            let text = unsafe { libc::getenv(name.as_ptr()) };
            // SAFETY: `getenv` gives a C string.
            let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })?;
            Self::parse(OsStr::from_bytes(text.to_bytes()))
        };
        Some(CONFIG.get_or_init(read).as_ref())
    }

    /// Reads the variable's value; `None` if it is none that [`text`](Self::text) writes.
    pub fn parse(text: &OsStr) -> Option<Self> {
        let at = text.as_bytes().iter().position(|byte| *byte == b':')?;
        let (options, place) = (&text.as_bytes()[..at], &text.as_bytes()[at + 1..]);
        let place = match place.strip_prefix(b"#") {
            Some(number) => Place::Descriptor(std::str::from_utf8(number).ok()?.parse().ok()?),
            None => Place::Folder(PathBuf::from(OsString::from_vec(place.to_vec()))),
        };
        let mut config = Self { place, sample: None, record: false };
        for option in std::str::from_utf8(options).ok()?.split(',').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sample", bytes)) => config.sample = Some(bytes.parse().ok()?),
                None if option == "record" => config.record = true,
                _ => return None,
            }
        }
        Some(config)
    }

    /// The variable's value.
    pub fn text(&self) -> OsString {
        let sample = self.sample.map(|bytes| format!("sample={bytes}"));
        let options = sample.into_iter().chain(self.record.then(|| "record".to_owned()));
        let mut text = OsString::from(options.collect::<Vec<_>>().join(","));
        text.push(":");
        match &self.place {
            Place::Folder(folder) => text.push(folder),
            Place::Descriptor(number) => text.push(format!("#{number}")),
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for place in [Place::Folder("/tmp/a:b, c".into()), Place::Descriptor(3)] {
            for sample in [None, Some(512)] {
                for record in [false, true] {
                    let config = Config { place: place.clone(), sample, record };
                    assert_eq!(Config::parse(&config.text()), Some(config));
                }
            }
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in ["", "/tmp", "sample=x:/tmp", "what:/tmp", ":#x"] {
            assert_eq!(Config::parse(OsStr::new(text)), None, "{text}");
        }
    }
}
