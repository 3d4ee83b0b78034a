//! Single behaviours, before a heap that follows a script.

use super::laws::loads::{Load, weigh};
use super::laws::{HEAP, call, follow, free, look, malloc, realloc};
use testkit::{Fault, judge};

/// Blocks for whoever needs a few.
const A: u64 = HEAP;
const B: u64 = HEAP + 0x1000;
const C: u64 = HEAP + 0x10_0000;
const D: u64 = HEAP + 0x4000_0000;

/// Bytes in a mebibyte: what the peak's slack is small beside.
const MIB: u64 = 1 << 20;

#[test]
fn live_is_allocations_minus_frees() {
    judge(|check| {
        let commands = [
            look(),
            call(malloc(A, 24, 1)),
            look(),
            call(malloc(B, 100, 2)),
            call(malloc(C, 24, 1)),
            look(),
            call(free(A)),
            look(),
            call(malloc(A, 8, 3)),
            call(free(C)),
            call(free(B)),
            look(),
            call(free(A)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn a_realloc_is_one_event_that_keeps_its_site() {
    judge(|check| {
        let commands = [
            call(malloc(A, 100, 1)),
            call(malloc(B, 100, 2)),
            call(realloc(A, A, 150, 3)),
            look(),
            call(realloc(A, C, 400, 3).aligned(4096)),
            look(),
            call(realloc(C, C, 10, 4)),
            look(),
            call(realloc(C, A, 50, 5)),
            look(),
            call(free(A)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn a_call_that_fails_changes_nothing() {
    judge(|check| {
        let commands = [
            call(malloc(0, 24, 1).failing()),
            look(),
            call(malloc(A, 100, 2)),
            call(malloc(0, 1 << 40, 3).failing()),
            look(),
            call(realloc(A, 0, 1 << 40, 4).failing()),
            look(),
            call(realloc(A, B, 200, 5)),
            call(realloc(B, 0, 50, 6).failing()),
            look(),
            call(realloc(0, 0, 24, 7).failing()),
            call(free(B)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn a_realloc_of_nothing_allocates_and_one_to_nothing_frees() {
    judge(|check| {
        let commands = [
            call(realloc(0, A, 24, 1)),
            look(),
            call(realloc(0, B, 0, 2)),
            look(),
            call(realloc(A, A, 0, 3)),
            look(),
            call(realloc(B, B, 0, 4)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn size_zero_is_passed_on_as_one_and_recorded_as_zero() {
    judge(|check| {
        let commands = [
            call(malloc(A, 0, 1)),
            call(malloc(B, 1, 2)),
            call(malloc(C, 0, 3).aligned(64)),
            look(),
            call(free(A)),
            call(free(C)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn an_aligned_block_is_recorded_as_any_other() {
    judge(|check| {
        let commands = [
            call(malloc(A, 100, 1).aligned(1)),
            call(malloc(B, 100, 2).aligned(64)),
            call(malloc(C, 100, 3).aligned(4096)),
            call(malloc(D, 3, 4).aligned(1 << 21)),
            look(),
            call(free(D)),
            call(free(B)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn a_block_that_the_tracker_never_saw_may_be_freed_and_resized() {
    judge(|check| {
        let commands = [
            call(free(A)),
            look(),
            call(malloc(B, 100, 1)),
            call(free(C)),
            look(),
            // From now on it is known.
            call(realloc(A, D, 24, 2)),
            look(),
            call(realloc(A, 0, 24, 3).failing()),
            call(realloc(C, C, 0, 3)),
            look(),
            call(realloc(D, A, 48, 4)),
            call(free(A)),
            call(free(B)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn the_record_is_gone_before_the_heap_has_the_block_back() {
    judge(|check| {
        let commands = [
            call(malloc(A, 100, 1)),
            call(malloc(B, 100, 2)),
            // As soon as the heap has a block back, another thread gets it; also one from the same site, that
            // asked for as much.
            call(free(A)).meanwhile([malloc(A, 24, 3)]),
            look(),
            call(free(A)).meanwhile([malloc(A, 24, 3)]),
            look(),
            call(realloc(B, C, 200, 4)).meanwhile([malloc(B, 100, 2)]),
            look(),
            call(realloc(B, B, 0, 6)).meanwhile([malloc(B, 8, 7)]),
            look(),
            call(free(C)).meanwhile([malloc(C, 8, 8), free(C), malloc(C, 16, 9)]),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn no_lock_is_held_while_the_heap_is_called() {
    judge(|check| {
        // Neighbours and blocks far away, among which there should be one that meets the same lock.
        let near = (1..16).map(|number| A + 16 * number);
        let far = (0..64).map(|number| HEAP + (1 << 28) + 16 * number + (number << 20));
        let others: Vec<u64> = near.chain(far).collect();
        let come = others.iter().map(|block| malloc(*block, 8, 9));
        let mut meanwhile: Vec<_> = come.chain(others.iter().map(|block| free(*block))).collect();
        let commands = [
            call(malloc(A, 100, 1)).meanwhile(meanwhile.clone()),
            call(realloc(A, 0, 400, 2).failing()).meanwhile(meanwhile.clone()),
            call(realloc(A, A, 200, 3)).meanwhile(meanwhile.clone()),
            call(free(A)).meanwhile({
                meanwhile.extend([malloc(A, 8, 9), free(A)]);
                meanwhile
            }),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn the_peak_is_the_most_that_was_ever_live() {
    judge(|check| {
        let commands = [
            call(malloc(A, 10 * MIB, 1)),
            call(malloc(B, 20 * MIB, 2)),
            look(),
            call(free(A)),
            look(),
            call(malloc(A, 5 * MIB, 3)),
            look(),
            call(malloc(C, 30 * MIB, 4)),
            look(),
            call(free(A)),
            call(free(B)),
            look(),
            call(malloc(B, 24 * MIB, 5)),
            call(free(B)),
            look(),
            call(free(C)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn a_block_that_grows_makes_a_peak_too() {
    judge(|check| {
        let commands = [
            call(malloc(A, 10 * MIB, 1)),
            call(malloc(B, 5 * MIB, 2)),
            // As one event: at no time both sizes are live.
            call(realloc(A, C, 30 * MIB, 3)),
            look(),
            call(realloc(C, C, MIB, 4)),
            look(),
            call(malloc(A, 20 * MIB, 5)),
            call(realloc(B, B, 16 * MIB, 6)),
            look(),
            call(free(A)),
            call(free(B)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn many_small_blocks_make_a_peak_too() {
    judge(|check| {
        let blocks: Vec<u64> = (0..6000).map(|number| HEAP + number * 528).collect();
        let mut commands: Vec<_> = blocks.iter().map(|block| call(malloc(*block, 512, 1))).collect();
        commands.push(look());
        commands.extend(blocks.iter().map(|block| call(free(*block))));
        commands.push(look());
        follow(check, commands)
    });
}

#[test]
fn threads_share_one_tracker() {
    judge(|check| {
        let commands = [
            call(malloc(A, MIB, 1)).elsewhere(),
            call(malloc(B, 2 * MIB, 2)).elsewhere(),
            call(malloc(C, 100, 3)),
            look(),
            // What one thread allocated, others free.
            call(free(A)),
            call(malloc(D, 8 * MIB, 4)),
            look(),
            call(free(C)).elsewhere(),
            call(free(D)).elsewhere(),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn thousands_of_blocks_are_all_recorded() {
    judge(|check| {
        let mut load = Load::new(check.seed());
        let mut calls: Vec<_> = (0..20_000).map(|_| load.malloc()).collect();
        for _ in 0..5_000 {
            load.exchange(&mut calls);
        }
        weigh(check, &calls, &[calls.len() as u32])?;
        calls.extend((0..load.len()).map(|_| load.free()));
        weigh(check, &calls, &[calls.len() as u32]).map(drop)
    });
}

#[test]
fn nothing_comes_from_the_global_allocator_once_the_tracker_is_made() {
    judge(|check| {
        let mut load = Load::new(check.seed());
        let mut calls: Vec<_> = (0..3_000).map(|_| load.malloc()).collect();
        for _ in 0..500 {
            load.exchange(&mut calls);
        }
        let weighed = weigh(check, &calls, &[calls.len() as u32])?;
        match weighed.global {
            0 => Ok(()),
            bytes => Err(Fault::failed(format!(
                "Over {} calls, `totals` and `live`, the tracker took {bytes} bytes from the global allocator. \
                 In a program that it profiles, that is the one that it stands before.",
                calls.len()
            ))),
        }
    });
}
