//! How often does a timed check decide wrongly? An experiment that anyone can rerun:
//!
//! ```text
//! cargo run --release -p testkit --example duel_error_rates -- [--trials N] [--seed SEED] [--neighbour NAME]
//! ```
//!
//! It runs `testkit::duel` as a judge does, over fresh processes, with contestants whose true ratio is known: a pool,
//! its twin, and the same pool that does as many more operations as it is slower. Beside it runs a neighbour that streams memory. A
//! check here asks for full points at a tenth slower than the target, and gives none at twice as slow.

use driverkit::pin::pin;
use driverkit::prng::SplitMix64;
use driverkit::timed::{Turns, interleave};
use std::hint::black_box;
use std::io::Read;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use testkit::duel::{Rounds, Settled, settle};
use testkit::edges::{Better, Edges};
use testkit::{Fault, Judged};

/// Batches of one start, and operations in one: some 9 us, as in the checks.
const BATCHES: usize = 200;
const BATCH: u32 = 2_000;
/// Slots of a contestant's pool, of a cache line each.
const SLOTS: u32 = 4_096;
/// Bytes that a neighbour streams through: beyond any cache.
const STREAM: usize = 64 << 20;

/// Times of the peer's that a contestant takes, in percent: at the target, a careful answer, and a slow one.
const PERCENT: [u32; 3] = [100, 110, 150];

/// Who else is on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    Nobody,
    OtherCore,
    SameCore,
    Bursts,
}

const NEIGHBOURS: [(Neighbour, &str); 4] = [
    (Neighbour::Nobody, "quiet"),
    (Neighbour::OtherCore, "other core"),
    (Neighbour::SameCore, "same core"),
    (Neighbour::Bursts, "bursts"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["start", percent, seed, core] => {
            start(percent.parse().unwrap_or(100), seed.parse().unwrap_or(0), core.parse().ok());
            ExitCode::SUCCESS
        }
        ["neighbour", core] => neighbour(core.parse().ok()),
        ref options => match parse(options) {
            Some(wanted) => experiment(&wanted),
            None => {
                eprintln!("Usage: duel_error_rates [--trials N] [--seed SEED] [--neighbour NAME]");
                eprintln!("NAME is quiet, other-core, same-core or bursts; all of them where there is none.");
                ExitCode::from(2)
            }
        },
    }
}

/// What is asked for.
struct Wanted {
    /// Checks a row.
    trials: usize,
    seed: u64,
    neighbours: Vec<(Neighbour, &'static str)>,
}

fn parse(options: &[&str]) -> Option<Wanted> {
    let mut wanted = Wanted { trials: 200, seed: 1, neighbours: NEIGHBOURS.to_vec() };
    for option in options.chunks(2) {
        match option {
            ["--trials", value] => wanted.trials = value.parse().ok().filter(|trials| *trials > 0)?,
            ["--seed", value] => wanted.seed = value.parse().ok()?,
            ["--neighbour", value] => {
                wanted.neighbours.retain(|(_, name)| *name == value.replace('-', " "));
                wanted.neighbours.first()?;
            }
            _ => return None,
        }
    }
    Some(wanted)
}

fn experiment(wanted: &Wanted) -> ExitCode {
    let Wanted { trials, seed, ref neighbours } = *wanted;
    let edges = Edges { better: Better::Higher, full: 1.0 / 1.1, zero: 0.5, unit: "x".into(), frozen: None };
    println!("{trials} checks a row; full points from {:.2}x, none at {:.2}x.", edges.full, edges.zero);
    println!("neighbour   time   full points   (95 %)          void   speed (sd)      seconds: median, most");
    for (neighbour, name) in neighbours.iter().copied() {
        let _guest = match neighbour.start() {
            Ok(guest) => guest,
            Err(error) => {
                eprintln!("A neighbour could not be started: {error}. Run the experiment again.");
                return ExitCode::FAILURE;
            }
        };
        for percent in PERCENT {
            let mut row = Row::default();
            for trial in 0..trials as u64 {
                let seed = seed.wrapping_add(trial << 16);
                let began = Instant::now();
                let settled = settle(&edges, seed, |seed| round(percent, seed, neighbour));
                row.seconds.push(began.elapsed().as_secs_f64());
                match settled {
                    Ok(settled) => row.settled(&edges, settled),
                    Err(Fault::Broke(_)) => row.void += 1,
                    Err(fault) => {
                        eprintln!("{fault}");
                        return ExitCode::FAILURE;
                    }
                }
            }
            row.print(name, percent);
        }
    }
    ExitCode::SUCCESS
}

/// What the checks of one row came to.
#[derive(Default)]
struct Row {
    full: usize,
    void: usize,
    speeds: Vec<f64>,
    seconds: Vec<f64>,
}

impl Row {
    fn settled(&mut self, edges: &Edges, settled: Settled) {
        self.full += usize::from(edges.credit(settled.high) >= 1.0);
        self.speeds.push(settled.speed);
    }

    fn print(mut self, name: &str, percent: u32) {
        let (low, high) = wilson(self.full, self.speeds.len());
        let mean = self.speeds.iter().sum::<f64>() / self.speeds.len().max(1) as f64;
        let squares: f64 = self.speeds.iter().map(|speed| (speed - mean).powi(2)).sum();
        let deviation = (squares / self.speeds.len().max(1) as f64).sqrt();
        self.seconds.sort_by(f64::total_cmp);
        let median = self.seconds[self.seconds.len() / 2];
        let most = self.seconds.last().copied().unwrap_or_default();
        println!(
            "{name:10} {:>4.2}x   {:>4} of {:<4}  {:>5.1} - {:>5.1} %  {:>4}   {mean:.3} ({deviation:.3})   {median:.2}, {most:.2}",
            f64::from(percent) / 100.0,
            self.full,
            self.speeds.len(),
            100.0 * low,
            100.0 * high,
            self.void,
        );
    }
}

/// Wilson's score interval of a proportion, at 95 %.
fn wilson(hits: usize, count: usize) -> (f64, f64) {
    const Z: f64 = 1.96;
    if count == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (count as f64, hits as f64 / count as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// One fresh process with its three contestants.
fn round(percent: u32, seed: u64, neighbour: Neighbour) -> Judged<Vec<Rounds>> {
    let broke = |why: String| Fault::failed(format!("A start failed: {why}."));
    let core = neighbour.contestants().map_or("any".to_owned(), |core| core.to_string());
    let output = this_program()
        .args(["start", &percent.to_string(), &seed.to_string(), &core])
        .output()
        .map_err(|error| broke(error.to_string()))?;
    let mut rounds = Rounds::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let nanos: Vec<u32> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        rounds.push(nanos.try_into().map_err(|_| broke(format!("it said `{line}`")))?);
    }
    if rounds.len() == BATCHES { Ok(vec![rounds]) } else { Err(broke("batches are missing".to_owned())) }
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap_or_else(|_| "duel_error_rates".into()))
}

/// A start: contestant 0 takes `percent` of the others' time.
fn start(percent: u32, seed: u64, core: Option<usize>) {
    core.into_iter().for_each(pin);
    let mut pools: [Pool; 3] = std::array::from_fn(|_| Pool::new());
    for pool in &mut pools {
        pool.run(SLOTS, 1);
    }
    let rounds = interleave::<3>(Turns::ALL, BATCHES, seed, |contestant, batch| {
        let operations = if contestant == 0 { BATCH * percent / 100 } else { BATCH };
        // Each has random numbers of its own: processors learn to predict a sequence that they have seen.
        pools[contestant].run(operations, (batch * 3 + contestant) as u64);
    });
    for [student, peer, twin] in rounds {
        println!("{student} {peer} {twin}");
    }
}

/// Fixed-size slots on a stack of free ones.
struct Pool {
    slots: Vec<[u64; 8]>,
    free: Vec<u32>,
    live: Vec<u32>,
}

impl Pool {
    fn new() -> Self {
        let (slots, free) = (vec![[0; 8]; SLOTS as usize], (0..SLOTS).collect());
        Self { slots, free, live: Vec::with_capacity(SLOTS as usize) }
    }

    /// Takes and gives back at random, and touches what it takes.
    #[inline(never)]
    fn run(&mut self, operations: u32, seed: u64) {
        let mut prng = SplitMix64::new(seed);
        for _ in 0..operations {
            let take = self.live.is_empty() || (prng.next() & 1 == 0 && !self.free.is_empty());
            if take {
                let Some(slot) = self.free.pop() else { continue };
                self.slots[slot as usize][0] = black_box(seed);
                self.live.push(slot);
            } else {
                let which = prng.below(self.live.len() as u64) as usize;
                self.free.push(self.live.swap_remove(which));
            }
        }
    }
}

impl Neighbour {
    /// The processor that contestants are bound to, where it matters.
    fn contestants(self) -> Option<usize> {
        matches!(self, Self::OtherCore | Self::SameCore).then_some(0)
    }

    fn start(self) -> std::io::Result<Option<Guest>> {
        let core = match self {
            Self::Nobody => return Ok(None),
            Self::OtherCore => "1",
            Self::SameCore => "0",
            Self::Bursts => "any",
        };
        this_program().args(["neighbour", core]).stdin(Stdio::piped()).spawn().map(|child| Some(Guest(child)))
    }
}

/// A neighbour at work. It ends with the experiment, however that ends: its standard input closes.
struct Guest(Child);

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Streams through memory on a processor, or in bursts of 5 to 50 ms on one and then another.
fn neighbour(core: Option<usize>) -> ExitCode {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let mut words = vec![1_u64; STREAM / size_of::<u64>()];
    let mut prng = SplitMix64::new(u64::from(std::process::id()));
    core.into_iter().for_each(pin);
    loop {
        let length = Duration::from_millis(5 + prng.below(46));
        if core.is_none() {
            std::thread::sleep(Duration::from_millis(5 + prng.below(46)));
            // `pin` counts among the processors that are left, so a fresh thread chooses each time.
            let processors = std::thread::available_parallelism().map_or(1, usize::from);
            let chosen = prng.below(processors as u64) as usize;
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    pin(chosen);
                    stream(&mut words, length);
                });
            });
        } else {
            stream(&mut words, length);
        }
    }
}

fn stream(words: &mut [u64], length: Duration) {
    let start = Instant::now();
    while start.elapsed() < length {
        for chunk in words.chunks_mut(1 << 16) {
            for word in chunk {
                *word = black_box(word.wrapping_add(1));
            }
            if start.elapsed() >= length {
                return;
            }
        }
    }
}
