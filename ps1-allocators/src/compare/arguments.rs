//! What `compare` is called with.

use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Times allocators beside each other on allocation traces.

cargo run --release -p ps1-allocators --bin compare -- [OPTIONS]

  --trace FILE       a trace to replay (.rep, or .rep.zst); again for more. Default: the five of the course
  --out FILE         where the plot goes, as SVG. Default: target/compare.svg
  --operations N     how much of each trace is replayed. Default: 60000
  --passes N         how often. Default: 15, and at least 5
  --help             this

With `--features native-peers`, after `--release`, also beside mimalloc and jemalloc.
";

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Compare.
    Compare(Arguments),
    /// Print [`HELP`].
    Help,
}

/// A comparison.
#[derive(Debug, PartialEq)]
pub struct Arguments {
    /// The traces; none for those of the course.
    pub traces: Vec<PathBuf>,
    /// Where the plot goes.
    pub out: PathBuf,
    /// Whether its folder is made: only where nobody named it.
    pub makes_folder: bool,
    /// Operations of each trace.
    pub operations: usize,
    /// Passes over each trace.
    pub passes: usize,
}

/// Fewer passes give no interval to speak of.
const FEWEST_PASSES: usize = 5;

/// Reads the words after the program's name.
///
/// # Errors
///
/// The beginning of a sentence that says what is wrong.
pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut words = words.into_iter();
    let (traces, out) = (Vec::new(), PathBuf::from("target/compare.svg"));
    let mut arguments = Arguments { traces, out, makes_folder: true, operations: 60_000, passes: 15 };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--trace" => arguments.traces.push(value()?.into()),
            "--out" => {
                arguments.out = value()?.into();
                arguments.makes_folder = false;
            }
            "--operations" => arguments.operations = number(&word, &value()?, 1)?,
            "--passes" => arguments.passes = number(&word, &value()?, FEWEST_PASSES)?,
            _ => return Err(format!("there is no option `{word}`")),
        }
    }
    Ok(Command::Compare(arguments))
}

fn number(option: &str, value: &str, least: usize) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| format!("{option} takes a number of at least {least}, and not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_option_is_read() {
        let arguments = Arguments {
            traces: vec!["a.rep".into(), "b.rep.zst".into()],
            out: "x.svg".into(),
            makes_folder: false,
            operations: 7,
            passes: 9,
        };
        let line = "--trace a.rep --out x.svg --operations 7 --trace b.rep.zst --passes 9";
        assert_eq!(parsed(line), Ok(Command::Compare(arguments)));
        assert_eq!(parsed("--trace a --help"), Ok(Command::Help));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refusals = [
            ("--trace", "--trace needs a value"),
            ("--passes 4", "--passes takes a number of at least 5, and not `4`"),
            ("--operations many", "--operations takes a number of at least 1, and not `many`"),
            ("a.rep", "there is no option `a.rep`"),
        ];
        for (line, why) in refusals {
            assert_eq!(parsed(line), Err(why.to_owned()));
        }
    }
}
