//! The command line.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use miette::{Diagnostic, Report};

use crate::author;
use crate::course::Course;
use crate::exit_code::{Exit, HELP};
use crate::explain;
use crate::grade::{Request, grade, work_folder};
use crate::hint;
use crate::plan::Timed;
use crate::process::adopt_orphans;
use crate::progress::Progress;
use crate::report;
use crate::report::table::Style;
use crate::report::view::Reader;
use crate::result::CourseResult;
use crate::sandbox::{Layer, Sandbox};
use crate::scope::Scope;
use crate::tree::write_atomically;
use crate::watch;

/// Grades what is in the workspace, or a submission.
#[derive(Debug, Parser)]
#[command(name = "cargo grade", bin_name = "cargo grade", after_help = HELP, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What an author does.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to grade, and how.
    #[command(flatten)]
    pub grade: GradeArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The next staged hint of an exercise, and where to read on.
    Hint {
        /// The exercise, as in ps1/buddy.
        what: String,
        /// Begins with the first hint again.
        #[arg(long)]
        again: bool,
    },
    /// Grades what a saved file touches, cheapest checks first, up to the first that fails.
    Watch {
        /// Assignments or exercises; everything where none is named.
        what: Vec<String>,
    },
    /// What a check asks for, what it said in the last run, and how to run it alone.
    Explain {
        /// The check's name, or a part of it.
        check: String,
    },
    /// What authors of the course use.
    #[command(subcommand)]
    Author(author::Command),
}

/// The arguments of a grading run.
#[derive(Debug, clap::Args)]
pub struct GradeArgs {
    /// Assignments (ps1 or ps1-allocators) or exercises (ps1/buddy); everything where none is named.
    pub what: Vec<String>,
    /// Grades the submission in DIR, which is laid out like the workspace. Only listed files are read.
    #[arg(long, value_name = "DIR")]
    pub submission: Option<PathBuf>,
    /// Takes hidden tests from DIR, the instructors' checkout: DIR/ps1-allocators/tests/hidden and so on.
    #[arg(long, value_name = "DIR")]
    pub hidden: Option<PathBuf>,
    /// What to write to standard output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Ends with exit code 1 where the total is below POINTS.
    #[arg(long, value_name = "POINTS")]
    pub require: Option<f64>,
    /// Does not grade where student's code cannot be sandboxed.
    #[arg(long)]
    pub require_sandbox: bool,
    /// Runs allocator exercises also on a trace of your own.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// The course's folder; found from the current one where it is not named.
    #[arg(long, value_name = "DIR")]
    pub course: Option<PathBuf>,
    /// Leaves timed checks out, and with them their points.
    #[arg(long)]
    pub no_performance: bool,
    /// Shows what hidden checks are and say, for instructors.
    #[arg(long)]
    pub reveal_hidden: bool,
    /// Runs the checks also of files that are still the skeleton.
    #[arg(long, hide = true)]
    pub run_skeletons: bool,
    /// Does as if this machine lacked a wall of the sandbox.
    #[arg(long, hide = true, value_enum, value_name = "WALL")]
    pub without_wall: Vec<Layer>,
    /// The rule, whether named or not: nothing is ever downloaded.
    #[arg(long, hide = true)]
    pub offline: bool,
}

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table to read.
    Table,
    /// The result as JSON.
    Json,
    /// JUnit XML, for a continuous-integration run's list of tests.
    Junit,
    /// Gradescope's results.json.
    Gradescope,
    /// Markdown, for a continuous-integration run's summary.
    Markdown,
    /// Comma-separated values, a row an exercise.
    Csv,
}

/// Runs the command line, to its exit code.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return if e.use_stderr() { Exit::BadUsage } else { Exit::Graded };
        }
    };
    adopt_orphans();
    match cli.command {
        Some(Command::Author(command)) => run_author(&command),
        Some(Command::Hint { what, again }) => told(|course| {
            let scope = Scope::parse(&[what], course).map_err(Report::new)?;
            let (assignment, exercise) = scope.only_exercise(course).map_err(Report::new)?;
            hint::next(course, assignment, exercise, again).map_err(Report::new)
        }),
        Some(Command::Watch { what }) => run_watch(&what),
        Some(Command::Explain { check }) => {
            told(|course| explain::explain(course, &check).map_err(Report::new))
        }
        None => run(&cli.grade),
    }
}

/// Prints what there is to tell of the course here.
fn told(what: impl FnOnce(&Course) -> Result<String, Report>) -> Exit {
    match find_course(None).and_then(|course| what(&course)) {
        Ok(text) => {
            // A reader that closed the pipe has seen what it wanted.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Exit::Graded
        }
        Err(e) => complain(&e, Exit::BadUsage),
    }
}

fn run_watch(what: &[String]) -> Exit {
    let course = match find_course(None) {
        Ok(course) => course,
        Err(e) => return complain(&e, Exit::BadUsage),
    };
    let scope = match Scope::parse(what, &course) {
        Ok(scope) => scope,
        Err(e) => return complain(&Report::new(e), Exit::BadUsage),
    };
    let sandbox = Sandbox::here(&[]);
    let said = watch::watch(&course, &scope, |saved| match Scope::parse(saved, &course) {
        Ok(scope) => {
            let request = Request { scope, sandbox: sandbox.clone(), stop_early: true, ..Request::default() };
            let mut progress = Progress::new();
            let result = grade(&course, &request, &mut progress);
            progress.finish();
            match result {
                Ok(result) => {
                    // What can't be kept is shown all the same.
                    let _ = keep(&result, Reader::Student, &work_folder(&course));
                    report::table::render(&result, Reader::Student, style())
                }
                Err(e) => e.to_string(),
            }
        }
        Err(e) => e.to_string(),
    });
    if said.is_empty() { Exit::Graded } else { complain(&Report::msg(said), Exit::BadUsage) }
}

/// Colour for a terminal, unless it is not wanted.
fn style() -> Style {
    let terminal = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if terminal { Style::Colour } else { Style::Plain }
}

fn run(args: &GradeArgs) -> Exit {
    let sandbox = Sandbox::here(&args.without_wall);
    if args.require_sandbox && !sandbox.is_whole() {
        let said = format!(
            "this machine's sandbox is not whole ({sandbox}), and --require-sandbox does not grade without"
        );
        return complain(&Report::msg(said), Exit::BadUsage);
    }
    let course = find_course(args.course.as_deref()).and_then(|mut course| {
        if let Some(hidden) = &args.hidden {
            course.name_hidden_checks(hidden).map_err(Report::new)?;
        }
        Ok(course)
    });
    let course = match course {
        Ok(course) => course,
        Err(e) => return complain(&e, Exit::BadUsage),
    };
    let scope = match Scope::parse(&args.what, &course) {
        Ok(scope) => scope,
        Err(e) => return complain(&Report::new(e), Exit::BadUsage),
    };
    let request = Request {
        scope,
        submission: args.submission.clone(),
        hidden: args.hidden.clone(),
        trace: args.trace.clone(),
        sandbox,
        timed: if args.no_performance { Timed::NONE } else { Timed::All },
        run_skeletons: args.run_skeletons,
        ..Request::default()
    };
    let mut progress = Progress::new();
    let result = grade(&course, &request, &mut progress);
    progress.finish();
    let result = match result {
        Ok(result) => result,
        Err(e) => {
            let exit = e.exit();
            return complain(&Report::new(e), exit);
        }
    };
    let reader = if args.reveal_hidden { Reader::Instructor } else { Reader::Student };
    let style = style();
    let kept = keep(&result, reader, &work_folder(&course));
    let text = match args.format {
        Format::Table => report::table::render(&result, reader, style),
        Format::Json => report::json::render(&result, reader),
        Format::Junit => report::junit::render(&result, reader),
        Format::Gradescope => report::gradescope::render(&result, reader),
        Format::Markdown => report::markdown::render(&result, reader),
        Format::Csv => report::csv::render(&result, reader),
    };
    // A reader that closed the pipe has seen what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if let Err(e) = kept {
        return complain(&e, Exit::GraderBroke);
    }
    if result.is_broken() {
        Exit::GraderBroke
    } else if args.require.is_some_and(|points| result.total.score < points) {
        Exit::BelowRequired
    } else {
        Exit::Graded
    }
}

fn run_author(command: &author::Command) -> Exit {
    let start = match std::env::current_dir() {
        Ok(folder) => folder,
        Err(e) => return complain(&Report::msg(format!("there is no current folder: {e}")), Exit::BadUsage),
    };
    match author::run(&start, command, &mut std::io::stdout()) {
        Ok(author::Outcome::Fine) => Exit::Graded,
        Ok(author::Outcome::ToMend) => Exit::BelowRequired,
        Err(e) => complain(&Report::new(e), Exit::BadUsage),
    }
}

fn find_course(named: Option<&Path>) -> Result<Course, Report> {
    let start = match named {
        Some(folder) => folder.to_owned(),
        None => {
            std::env::current_dir().map_err(|e| Report::msg(format!("there is no current folder: {e}")))?
        }
    };
    // Paths of the compiler's are absolute and without links, and are compared with ours.
    let start = start.canonicalize().unwrap_or(start);
    let found = if named.is_some() { Course::load(&start) } else { Course::find(&start) };
    found.map_err(Report::new)
}

fn keep(result: &CourseResult, reader: Reader, folder: &Path) -> Result<(), Report> {
    write_atomically(&folder.join("report.json"), report::json::render(result, reader).as_bytes())?;
    write_atomically(&folder.join("report.html"), report::html::render(result, reader).as_bytes())?;
    Ok(())
}

/// Prints an error, what it comes from, and what to do.
pub fn complain(report: &Report, exit: Exit) -> Exit {
    eprintln!("error: {report}");
    for cause in report.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    let diagnostic: &dyn Diagnostic = report.as_ref();
    if let Some(help) = diagnostic.help() {
        eprintln!("  help: {help}");
    }
    exit
}
