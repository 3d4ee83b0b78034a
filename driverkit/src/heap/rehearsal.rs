//! What is done once before the clock starts.

use super::Command;
use crate::prng::SplitMix64;

/// Much the same as `beginning` and `commands`, so that the pages of blocks have been touched, and those of the tables
/// that a design keeps beside its region: that is the system's time, not the allocator's. What is left after it is freed
/// by address: neighbours come back one after the other, which no design finds hard.
///
/// Of two allocations in a row, some trade the lives of their blocks. So where blocks came to lie is no answer to where
/// they may lie the next time.
pub fn rehearsal(beginning: &[Command], commands: &[Command], seed: u64) -> Vec<Command> {
    let mut prng = SplitMix64::new(seed);
    let mut rehearsal = [beginning, commands].concat();
    for pair in rehearsal.as_chunks_mut::<2>().0 {
        if let [Command::Allocate { id: one, .. }, Command::Allocate { id: other, .. }] = pair
            && prng.below(2) == 0
        {
            std::mem::swap(one, other);
        }
    }
    rehearsal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_allocates_the_same_and_trades_lives() {
        let allocate = |id| Command::Allocate { id, size: u64::from(id) + 1, align: 1 };
        let beginning: Vec<Command> = (0..64).map(allocate).collect();
        let commands = [Command::Deallocate { id: 3 }, allocate(3), Command::Deallocate { id: 5 }];
        let rehearsal = rehearsal(&beginning, &commands, 1);
        let sizes = |commands: &[Command]| -> Vec<u64> {
            let size = |command: &Command| match command {
                Command::Allocate { size, .. } => Some(*size),
                _ => None,
            };
            commands.iter().filter_map(size).collect()
        };
        assert_eq!(sizes(&rehearsal), sizes(&[beginning.as_slice(), &commands].concat()));
        assert_ne!(rehearsal[..64], beginning[..]);
    }
}
