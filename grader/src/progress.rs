//! What a person sees while they wait: a bar with the time left on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Where progress goes: standard error, so that reports on standard output stay clean.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    quiet: bool,
    bar: ProgressBar,
}

impl Progress {
    /// On a terminal a bar, elsewhere a plain line for each step.
    pub fn new() -> Progress {
        Progress { terminal: std::io::stderr().is_terminal(), quiet: false, bar: ProgressBar::hidden() }
    }

    /// Says nothing.
    pub fn quiet() -> Progress {
        Progress { terminal: false, quiet: true, bar: ProgressBar::hidden() }
    }

    /// A step of unknown length begins: a build.
    pub fn step(&mut self, what: &str) {
        self.bar.finish_and_clear();
        if self.terminal {
            self.bar = ProgressBar::new_spinner().with_message(what.to_owned());
            self.bar.enable_steady_tick(Duration::from_millis(100));
        } else if !self.quiet {
            eprintln!("{what} …");
        }
    }

    /// A step of `count` checks begins.
    pub fn checks(&mut self, what: &str, count: usize) {
        if !self.terminal {
            return;
        }
        self.bar.finish_and_clear();
        let template = "{msg} {bar:30} {pos}/{len}, {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::new(count as u64).with_style(style).with_message(what.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    /// One of the checks is done. May be called from any thread.
    pub fn one_done(&self) {
        self.bar.inc(1);
    }

    /// Does `what` prints without the bar in its way. May be called from any thread.
    pub fn aside<R>(&self, what: impl FnOnce() -> R) -> R {
        self.bar.suspend(what)
    }

    /// Nothing goes on any more.
    pub fn finish(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }
}

impl Default for Progress {
    fn default() -> Self {
        Progress::new()
    }
}
