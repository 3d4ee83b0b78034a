//! A whole program, with the student's tracker before its heap.
//!
//! It prints how often it did what. Run once more without rounds, it shows what the language's runtime does
//! besides; the difference is what a tracker has to tell.

use crate::account::Account;
use crate::home::HOME;
use std::ffi::OsStr;
use testkit::fault::{Fault, Judged};
use testkit::program::{Programs, Ran, SIDE};

const LIBRARY: &str = "liblab1_preload.so";

/// How the tracker gets before a program's heap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    /// As a library that the loader is told of; the program is `blocks`.
    Preloaded,
    /// As the global allocator of `built_in`.
    BuiltIn,
}

/// What a process did, or what is told of it: allocations, frees, reallocations, bytes, live blocks, live bytes.
type Figures = [u64; 6];

const NAMES: [&str; 6] =
    ["allocations", "frees", "reallocations", "bytes ever handed out", "live blocks", "live bytes"];

/// Runs a program, and holds what is told of each of its processes against what it did.
pub fn recorded(way: Way, threads: u32, rounds: u32, children: u32) -> Judged {
    let (program, packages, files) = match way {
        Way::Preloaded => ("blocks", &["lab1-preload", "interposed"][..], &["blocks", LIBRARY][..]),
        Way::BuiltIn => ("built_in", &["lab1-built-in"][..], &["built_in"][..]),
    };
    let programs = Programs::lay(&HOME, packages, files)?;
    // As many digits, since the argument is a block of the program's too.
    let run = |rounds: u32, profiled: bool| {
        let rounds = format!("{rounds:06}");
        let (threads, children) = (threads.to_string(), children.to_string());
        let (library, place) = (programs.path(LIBRARY), format!(":#{SIDE}"));
        let variables = [("LAB1_PROFILE", OsStr::new(&place)), ("LD_PRELOAD", library.as_os_str())];
        let variables = match way {
            _ if !profiled => &[],
            Way::Preloaded => &variables[..],
            Way::BuiltIn => &variables[..1],
        };
        programs.run(program, &[&threads, &rounds, &children], variables)
    };
    let plain = run(rounds, false)?;
    if !plain.status.success() {
        return Err(Fault::Broke(format!("{program} ended with {} by itself", plain.status)));
    }
    let (profiled, besides) = (run(rounds, true)?, run(0, true)?);
    let (told, besides) = (accounts(&profiled)?, accounts(&besides)?);
    same_behaviour(&plain, &profiled)?;
    let done = processes(&plain);
    if told.len() != done.len() || besides.len() != done.len() {
        return Err(Fault::failed(format!(
            "{} processes ran, and {} of them told what they did. One that is not profiled, or whose end the profiler \
             does not live to see?",
            done.len(),
            told.len()
        )));
    }
    for ((done, told), besides) in done.iter().zip(&told).zip(&besides) {
        compare(done, told, besides)?;
    }
    Ok(())
}

/// A line of each process, children first, as they end.
fn processes(ran: &Ran) -> Vec<(String, Figures)> {
    let text = String::from_utf8_lossy(&ran.stdout);
    let figures = |line: &str| {
        let (who, numbers) = line.split_once(' ')?;
        let numbers: Vec<u64> = numbers.split(' ').filter_map(|word| word.parse().ok()).collect();
        Some((who.to_owned(), numbers.try_into().ok()?))
    };
    let mut processes: Vec<(String, Figures)> = text.lines().filter_map(figures).collect();
    processes.sort_by_key(|(who, _)| who == "program");
    processes
}

/// What each process told.
fn accounts(ran: &Ran) -> Judged<Vec<Account>> {
    let text = String::from_utf8_lossy(&ran.side);
    let accounts: Option<Vec<Account>> = text.lines().map(Account::parse).collect();
    let accounts =
        accounts.ok_or_else(|| Fault::failed("What the profiler tells on its descriptor is no account."))?;
    if let Some(broken) = accounts.iter().map(|account| &account.broken).find(|said| !said.is_empty()) {
        let said = format!("In a program, the tracker panicked: {broken}").into();
        let begun = !broken.starts_with("not yet implemented") && !broken.starts_with("not implemented");
        return Err(if begun { Fault::Crashed(said) } else { Fault::NotAttempted(said) });
    }
    if accounts.iter().map(|account| account.served.iter().sum::<u64>()).sum::<u64>() == 0
        && ran.status.success()
    {
        return Err(Fault::failed("The program ran, and not one of its calls reached the profiler."));
    }
    Ok(accounts)
}

fn same_behaviour(plain: &Ran, profiled: &Ran) -> Judged {
    if plain.status != profiled.status {
        let said = String::from_utf8_lossy(&profiled.stderr);
        let said =
            said.lines().rev().take(5).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
        return Err(Fault::Crashed(
            format!(
                "By itself the program ends with {}; profiled, with {}. {said}",
                plain.status, profiled.status
            )
            .into(),
        ));
    }
    if plain.stdout != profiled.stdout {
        return Err(Fault::failed(format!(
            "By itself the program prints:\n{}Profiled, it prints:\n{}",
            String::from_utf8_lossy(&plain.stdout),
            String::from_utf8_lossy(&profiled.stdout)
        )));
    }
    Ok(())
}

fn compare((who, done): &(String, Figures), told: &Account, besides: &Account) -> Judged {
    let figures = |account: &Account| -> Figures {
        let [allocations, frees, reallocations] = account.told;
        [allocations, frees, reallocations, account.bytes[0], account.live[0], account.live[1]]
    };
    for (((name, done), told), besides) in NAMES.iter().zip(done).zip(figures(told)).zip(figures(besides)) {
        if told != done + besides {
            return Err(Fault::failed(format!(
                "A {who} had {done} {name}, and the language's runtime {besides} besides; the tracker tells {told}, \
                 which should be their sum."
            )));
        }
    }
    let [_, peak, live] = told.bytes;
    if peak < live || told.live[1] != live {
        return Err(Fault::failed(format!(
            "Of a {who}, `totals` says that {live} bytes are live and that {peak} were at the peak; the blocks that \
             `live` visits have {}.",
            told.live[1]
        )));
    }
    Ok(())
}
