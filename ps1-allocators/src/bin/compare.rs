//! Times allocators beside each other on allocation traces, and draws what came out.
//!
//! ```text
//! cargo run --release -p ps1-allocators --bin compare -- [--trace FILE]… [--out FILE]
//! ```
//!
//! It stands on nothing of the students' `comparison.rs`, so it works before that is written.

#[path = "../compare/arguments.rs"]
mod arguments;
#[path = "../compare/contestants.rs"]
mod contestants;
#[allow(dead_code, reason = "the driver has more peers")]
#[path = "../peers.rs"]
mod peers;
#[path = "../compare/plot.rs"]
mod plot;
#[path = "../compare/race.rs"]
mod race;
#[path = "../compare/statistics.rs"]
mod statistics;
#[path = "../compare/table.rs"]
mod table;

use arguments::{Arguments, Command};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use table::Column;
use traces::Trace;

/// Exit code for what the caller got wrong: an unknown option, a trace that can't be read.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args().skip(1)) {
        Ok(Command::Compare(arguments)) => arguments,
        Ok(Command::Help) => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => return refuse(&format!("{why}. `--help` lists the options.")),
    };
    match compare(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => refuse(&why),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("compare: {why}");
    ExitCode::from(EXIT_USAGE)
}

fn compare(arguments: &Arguments) -> Result<(), String> {
    let traces = read(arguments)?;
    // Before minutes of work, so that they are not lost: whether the plot can be written at all.
    write(arguments, "")?;
    let entrants = contestants::all();
    let mut columns = Vec::new();
    for (at, trace) in traces.iter().enumerate() {
        let trace = trace.clone().first(arguments.operations);
        let what = format!("trace {} of {}, {}", at + 1, traces.len(), trace.name);
        let results = race::race(&entrants, &trace, arguments.passes, |pass| {
            progress(&format!("{what}: pass {pass} of {}", arguments.passes), pass == 1);
        });
        columns.push(Column { trace: trace.name, results: results? });
    }
    clear_progress();
    let names: Vec<&str> = entrants.iter().map(|entrant| entrant.name).collect();
    let shown = table::table(&names, &columns, arguments.passes);
    // A closed pipe, as under `| head`, is no error of ours.
    let _ = std::io::stdout().write_all(shown.as_bytes());
    write(arguments, &plot::plot(&names, &columns, arguments.passes))?;
    eprintln!("plot: {}", arguments.out.display());
    Ok(())
}

fn read(arguments: &Arguments) -> Result<Vec<Trace>, String> {
    let traces = match arguments.traces.as_slice() {
        [] => Trace::shipped(),
        files => files.iter().map(|file| Trace::read(file)).collect(),
    };
    let traces = traces.map_err(|error| error.to_string())?;
    match traces.iter().position(|trace| trace.commands.is_empty()) {
        None => Ok(traces),
        Some(at) => {
            let file = arguments.traces.get(at).map_or_else(String::new, |file| file.display().to_string());
            Err(format!("{file}: the trace holds no operation, so there is nothing to time"))
        }
    }
}

fn write(arguments: &Arguments, text: &str) -> Result<(), String> {
    let out = &arguments.out;
    let cannot = |why: std::io::Error| format!("can't write the plot to {}: {why}", out.display());
    if let Some(folder) = out.parent().filter(|_| arguments.makes_folder) {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    std::fs::write(out, text).map_err(cannot)
}

/// One line that changes on a terminal; elsewhere a line a trace.
fn progress(what: &str, first: bool) {
    let mut err = std::io::stderr();
    let _ = match (err.is_terminal(), first) {
        (true, _) => write!(err, "\r\x1b[K{what}").and_then(|()| err.flush()),
        (false, true) => writeln!(err, "{what}"),
        (false, false) => Ok(()),
    };
}

fn clear_progress() {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}
