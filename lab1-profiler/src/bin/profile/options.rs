//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` says.
pub const HELP: &str = "\
profile run [OPTIONS] COMMAND [ARGUMENTS]…   runs a program under the profiler, and reports
profile report [--out DIR] FILE…             reports on profiles that were written before

  --out DIR        where profiles and reports go (target/profile/COMMAND-PID)
  --sample BYTES   looks at one byte in so many only: far cheaper, and figures are estimates
  --record FILE    also records every event as a trace; FILE.rep.zst is compressed
  --built-in       the program has the profiler in it (`Profiled`): preload nothing

The program's output, its exit code and its signals are its own; the report comes on standard error.
";

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Options {
    /// Run and report.
    Run(Run),
    /// Report.
    Report {
        /// Profiles.
        files: Vec<PathBuf>,
        /// Where reports go.
        out: Option<PathBuf>,
    },
    /// Say how.
    Help,
}

/// A run.
#[derive(Debug, Default, PartialEq)]
pub struct Run {
    /// Where profiles and reports go.
    pub out: Option<PathBuf>,
    /// One byte in so many.
    pub sample: Option<u64>,
    /// The trace's file.
    pub record: Option<PathBuf>,
    /// Preload nothing.
    pub built_in: bool,
    /// The program and its arguments; not empty.
    pub command: Vec<OsString>,
}

/// A command line that says nothing that we know.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Neither `run` nor `report`.
    #[error("`{0}` is neither `run` nor `report`.")]
    Verb(String),
    /// An option that there is not.
    #[error("There is no option `{0}`. Options of the program itself come after its name.")]
    Option(String),
    /// An option without its value.
    #[error("`{0}` needs a value after it.")]
    Value(&'static str),
    /// A number that is none.
    #[error("`--sample {0}` is no number of bytes above zero.")]
    Number(String),
    /// Nothing to run, or to report on.
    #[error("Nothing is named to {0}.")]
    Nothing(&'static str),
}

impl Options {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    ///
    /// [`UsageError`], a sentence.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, UsageError> {
        let verb = words.next().unwrap_or_default();
        match verb.to_string_lossy().as_ref() {
            "run" => parse_run(words),
            "report" => parse_report(words),
            "" | "help" | "-h" | "--help" => Ok(Self::Help),
            other => Err(UsageError::Verb(other.to_owned())),
        }
    }
}

fn parse_run(mut words: impl Iterator<Item = OsString>) -> Result<Options, UsageError> {
    let mut run = Run::default();
    while let Some(word) = words.next() {
        match word.to_string_lossy().as_ref() {
            "--out" => run.out = Some(words.next().ok_or(UsageError::Value("--out"))?.into()),
            "--record" => run.record = Some(words.next().ok_or(UsageError::Value("--record"))?.into()),
            "--sample" => {
                let bytes = words.next().ok_or(UsageError::Value("--sample"))?;
                let bytes = bytes.to_string_lossy();
                let number = bytes.parse().ok().filter(|number| *number > 0);
                run.sample = Some(number.ok_or_else(|| UsageError::Number(bytes.into_owned()))?);
            }
            "--built-in" => run.built_in = true,
            "--help" | "-h" => return Ok(Options::Help),
            option if option.starts_with('-') && option != "--" => {
                return Err(UsageError::Option(option.to_owned()));
            }
            "--" => {
                run.command.extend(words.by_ref());
            }
            _ => {
                run.command.push(word);
                run.command.extend(words.by_ref());
            }
        }
    }
    if run.command.is_empty() { Err(UsageError::Nothing("run")) } else { Ok(Options::Run(run)) }
}

fn parse_report(mut words: impl Iterator<Item = OsString>) -> Result<Options, UsageError> {
    let (mut files, mut out) = (Vec::new(), None);
    while let Some(word) = words.next() {
        match word.to_string_lossy().as_ref() {
            "--out" => out = Some(words.next().ok_or(UsageError::Value("--out"))?.into()),
            "--help" | "-h" => return Ok(Options::Help),
            option if option.starts_with('-') => return Err(UsageError::Option(option.to_owned())),
            _ => files.push(word.into()),
        }
    }
    if files.is_empty() { Err(UsageError::Nothing("report on")) } else { Ok(Options::Report { files, out }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, UsageError> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_end_where_the_command_begins() {
        let run = |run| Ok(Options::Run(run));
        let command = |words: &str| words.split(' ').map(OsString::from).collect();
        assert_eq!(parse("run ls --out x"), run(Run { command: command("ls --out x"), ..Run::default() }));
        assert_eq!(
            parse("run --out d --sample 512 --record f --built-in -- -x"),
            run(Run {
                out: Some("d".into()),
                sample: Some(512),
                record: Some("f".into()),
                built_in: true,
                command: command("-x")
            })
        );
        assert_eq!(parse("report --out d a b"), {
            Ok(Options::Report { files: vec!["a".into(), "b".into()], out: Some("d".into()) })
        });
        assert_eq!(parse(""), Ok(Options::Help));
    }

    #[test]
    fn what_says_nothing_is_refused_with_a_sentence() {
        for (line, error) in [
            ("go", UsageError::Verb("go".into())),
            ("run", UsageError::Nothing("run")),
            ("run --", UsageError::Nothing("run")),
            ("run --fast ls", UsageError::Option("--fast".into())),
            ("run --out", UsageError::Value("--out")),
            ("run --sample 0 ls", UsageError::Number("0".into())),
            ("run --sample 1k ls", UsageError::Number("1k".into())),
            ("report", UsageError::Nothing("report on")),
        ] {
            assert_eq!(parse(line), Err(error), "{line}");
        }
    }
}
