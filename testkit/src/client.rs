//! Asks drivers, and starts another one when one has ended.

use crate::check::Check;
use crate::driver::{Asked, Driver, Take};
use crate::effort::Effort;
use crate::fault::{Fault, Judged};
use driverkit::timed::ALL;
use driverkit::wire::{decode, encode};
use serde::{Serialize, de::DeserializeOwned};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What a judge of the grader's says that is started by hand.
const NO_DRIVER: &str = "this judge was built without a driver, and `GRADE_DRIVER` names none";

/// How long one request may take where the grader says nothing else.
const LIMIT: Duration = Duration::from_secs(10);

/// Which build of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// The one for everything but models.
    Plain,
    /// The one with feature `loom`.
    Loom,
}

/// The driver of an assignment as its judge's own build knows it; the grader may name another.
#[derive(Debug, Clone, Copy)]
pub struct Home {
    /// `option_env!("CARGO_BIN_EXE_…")`: the grader builds judges without a driver.
    pub driver: Option<&'static str>,
    /// The package, to build the loom driver from.
    pub package: &'static str,
    /// The binary's name.
    pub binary: &'static str,
    /// The package's folder.
    pub folder: &'static str,
}

/// A finished request.
#[derive(Debug)]
pub struct Transcript<R> {
    /// One reply a command, in order.
    pub replies: Vec<R>,
}

/// A reply to what is timed.
#[derive(Debug)]
pub struct Arrived<R> {
    /// When it was read.
    pub at: Instant,
    /// What the driver had done until then, where the system tells.
    pub effort: Option<Effort>,
    /// The reply.
    pub reply: R,
}

/// A line to the submission under judgement.
#[derive(Debug)]
pub struct Client<'c> {
    check: &'c Check,
    path: PathBuf,
    limit: Duration,
    driver: RefCell<Option<Driver>>,
    prepared: RefCell<Vec<Prepared>>,
}

/// A driver that has been asked what is timed, and waits for word to begin.
#[derive(Debug)]
struct Prepared {
    request: Vec<u8>,
    driver: Driver,
    asked: Asked,
}

impl<'c> Client<'c> {
    /// A line to the driver of `home`, which starts when it is first asked.
    ///
    /// # Errors
    ///
    /// [`Fault::Broke`] if there is no driver, or the loom driver has to be built and can't be.
    pub fn new(check: &'c Check, home: &Home, build: Build) -> Judged<Self> {
        let named = std::env::var_os(match build {
            Build::Plain => "GRADE_DRIVER",
            Build::Loom => "GRADE_DRIVER_LOOM",
        });
        let path = match (named, build) {
            (Some(path), _) => path.into(),
            (None, Build::Plain) => home.driver.ok_or_else(|| Fault::Broke(NO_DRIVER.to_owned()))?.into(),
            (None, Build::Loom) => loom_driver(home).map_err(Fault::Broke)?,
        };
        let limit = std::env::var("GRADE_DEADLINE_MS").ok().and_then(|millis| millis.parse().ok());
        let limit = limit.map_or(LIMIT, Duration::from_millis);
        Ok(Self { check, path, limit, driver: RefCell::default(), prepared: RefCell::default() })
    }

    /// The check that asks.
    pub fn check(&self) -> &'c Check {
        self.check
    }

    /// Asks, and gathers the replies.
    ///
    /// # Errors
    ///
    /// The [`Fault`] that the driver's end comes to, and what it had replied until then.
    pub fn ask<Q: Serialize, R: DeserializeOwned>(
        &self,
        request: &Q,
    ) -> Result<Transcript<R>, (Fault, Vec<R>)> {
        self.ask_within(request, self.limit)
    }

    /// Asks with a limit of its own.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn ask_within<Q: Serialize, R: DeserializeOwned>(
        &self,
        request: &Q,
        limit: Duration,
    ) -> Result<Transcript<R>, (Fault, Vec<R>)> {
        let mut replies = Vec::new();
        match self.ask_each(request, limit, &mut |reply| replies.push(reply)) {
            Ok(()) => Ok(Transcript { replies }),
            Err(fault) => Err((fault, replies)),
        }
    }

    /// Asks, and passes on each reply as it comes, while the driver goes on.
    ///
    /// # Errors
    ///
    /// The [`Fault`] that the driver's end comes to.
    pub fn ask_each<Q: Serialize, R: DeserializeOwned>(
        &self,
        request: &Q,
        limit: Duration,
        take: &mut dyn FnMut(R),
    ) -> Judged {
        self.ask_encoded(&encoded(request)?, limit, ALL, &mut |reply, _| {
            take(decode(reply)?);
            Ok(())
        })
    }

    /// How long a request may take where nothing else is said.
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// Asks a fresh process what is timed, or the one that has been [prepared](Self::prepare) for it where all take turns;
    /// and notes when each reply came and what the driver had done until then. `word` is [`ALL`] or
    /// [`PEERS`](driverkit::timed::PEERS).
    ///
    /// # Errors
    ///
    /// The [`Fault`] that the driver's end comes to.
    pub fn ask_timed<Q: Serialize, R: DeserializeOwned>(
        &self,
        request: &Q,
        word: u8,
    ) -> Judged<Vec<Arrived<R>>> {
        let request = encoded(request)?;
        let mut arrived = Vec::new();
        let mut take = |reply: &[u8], process| {
            let at = Instant::now();
            arrived.push(Arrived { at, effort: Effort::of(process), reply: decode(reply)? });
            Ok(())
        };
        self.restart();
        let mut prepared = self.prepared.borrow_mut();
        match prepared.iter().position(|prepared| word == ALL && prepared.request == request) {
            Some(place) => {
                let Prepared { driver, asked, .. } = prepared.swap_remove(place);
                self.finish(driver, asked, word, Instant::now(), &mut take)?;
            }
            None => self.ask_encoded(&request, self.limit, word, &mut take)?,
        }
        Ok(arrived)
    }

    /// Asks a fresh process each of what is going to be timed next, and waits until they are warm: all at once, while
    /// no clock runs.
    ///
    /// # Errors
    ///
    /// Where no process can be started. What becomes of them then is told when they are asked.
    pub fn prepare<Q: Serialize>(&self, requests: impl IntoIterator<Item = Q>) -> Judged {
        let start = Instant::now();
        let mut prepared = self.prepared.borrow_mut();
        for request in requests {
            let request = encoded(&request)?;
            let mut driver = self.start()?;
            let asked = driver.begin(&request, self.within(self.limit)?);
            prepared.push(Prepared { request, driver, asked });
        }
        for Prepared { driver, .. } in &mut *prepared {
            driver.wait();
        }
        self.check.spent(start.elapsed());
        Ok(())
    }

    /// What does not depend on the types, so that it is compiled once.
    fn ask_encoded(&self, request: &[u8], limit: Duration, word: u8, take: &mut Take<'_>) -> Judged {
        let limit = self.within(limit)?;
        let driver = self.driver.borrow_mut().take();
        let mut driver = driver.map_or_else(|| self.start(), Ok)?;
        let start = Instant::now();
        let asked = driver.begin(request, limit);
        self.finish(driver, asked, word, start, take)
    }

    fn start(&self) -> Judged<Driver> {
        let driver = Driver::start(&self.path, self.limit).map_err(Fault::Broke)?;
        self.check.met(driver.submission.clone());
        Ok(driver)
    }

    /// How long a request may take: no longer than is left for the check.
    fn within(&self, limit: Duration) -> Judged<Duration> {
        let left = self.check.left();
        if left.is_zero() {
            let said = "The requests of this check took too long in all, though none of them alone.";
            return Err(Fault::TimedOut(said.to_owned().into()));
        }
        Ok(limit.min(self.limit).min(left))
    }

    /// Takes the replies of a driver that has been asked, and keeps it; or says how it ended.
    fn finish(
        &self,
        mut driver: Driver,
        asked: Asked,
        word: u8,
        since: Instant,
        take: &mut Take<'_>,
    ) -> Judged {
        let answered = driver.finish(asked, word, take);
        self.check.spent(since.elapsed());
        answered.map_err(|(death, said)| death.fault(&said))?;
        *self.driver.borrow_mut() = Some(driver);
        Ok(())
    }

    /// By how many bytes the driver has grown since it said hello, at the most; `None` where the system does not tell.
    pub fn grown(&self) -> Option<u64> {
        self.driver.borrow().as_ref()?.grown()
    }

    /// Ends the driver, so that the next request meets a new process.
    pub fn restart(&self) {
        self.driver.borrow_mut().take();
    }
}

fn encoded<Q: Serialize>(request: &Q) -> Judged<Vec<u8>> {
    encode(request).map_err(|error| Fault::Broke(error.to_string()))
}

/// Builds the loom driver, once, where no grader has: under plain `cargo test`.
fn loom_driver(home: &Home) -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = Path::new(home.folder).join("../target/loom");
        let mut command = Command::new(cargo);
        command.current_dir(home.folder).args(["build", "--quiet", "--offline", "--features", "loom"]);
        command.args(["--package", home.package, "--bin", home.binary]).arg("--target-dir").arg(&target);
        let output = command.output().map_err(|error| format!("can't run cargo: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("the driver does not build with feature `loom`:\n{said}"));
        }
        Ok(target.join("debug").join(home.binary))
    };
    BUILT.get_or_init(build).clone()
}
