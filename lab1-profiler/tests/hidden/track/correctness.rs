//! Single behaviours at the edges of the design.

use super::laws::loads::{Load, weigh};
use super::laws::{Call, Command, HEAP, call, follow, free, look, malloc, realloc, switch};
use super::starved::starve;
use crate::protocol::track::Stage;
use driverkit::prng::SplitMix64;
use testkit::{Fault, judge};

const A: u64 = HEAP;
const B: u64 = HEAP + 0x1000;
const C: u64 = HEAP + 0x10_0000;

/// Bytes in a mebibyte, and in a tebibyte.
const MIB: u64 = 1 << 20;
const TIB: u64 = 1 << 40;

#[test]
fn an_address_that_is_handed_out_again_has_one_record() {
    judge(|check| {
        let commands = [
            call(malloc(A, 100, 1)),
            call(malloc(B, 50, 2)),
            // It came back, and the tracker was not told.
            call(malloc(A, 24, 3)),
            look(),
            call(malloc(B, 50, 2)),
            look(),
            call(free(A)),
            call(free(B)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn frees_in_any_order_leave_the_others_where_they_are_found() {
    judge(|check| {
        for (round, stride) in [16, 48, 4096, 1 << 16, 1 << 21, (1 << 32) + 64].into_iter().enumerate() {
            let mut prng = SplitMix64::new(check.seed().wrapping_add(round as u64));
            let mut blocks: Vec<u64> = (0..300).map(|number| HEAP + number * stride).collect();
            let mut commands: Vec<Command> =
                (1..).zip(&blocks).map(|(site, block)| call(malloc(*block, 24, site))).collect();
            prng.shuffle(&mut blocks);
            for some in blocks.chunks(60) {
                commands.extend(some.iter().map(|block| call(free(*block))));
                commands.push(look());
            }
            follow(check, commands)?;
        }
        Ok(())
    });
}

#[test]
fn blocks_of_tebibytes_are_counted_in_full() {
    judge(|check| {
        let commands = [
            call(malloc(A, 5 * TIB, 1)),
            call(malloc(B, (1 << 32) + 7, 2)),
            look(),
            call(malloc(C, 1 << 32, u32::MAX)),
            call(free(A)),
            look(),
            call(free(B)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn two_trackers_know_nothing_of_each_other() {
    judge(|check| {
        let commands = [
            call(malloc(A, 24 * MIB, 1)),
            call(malloc(B, 24, 2)),
            switch(),
            look(),
            call(malloc(B, MIB, 3)),
            call(malloc(C, 100, 4)),
            look(),
            call(free(B)),
            switch(),
            look(),
            call(free(A)),
            look(),
            switch(),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn a_failed_resize_keeps_the_record_while_neighbours_come_and_go() {
    judge(|check| {
        // Neighbours come and go while the block is out of the table, so that it comes back to another place.
        let near: Vec<u64> = (1..200).map(|number| A + 16 * number).collect();
        let come: Vec<Call> = near.iter().map(|block| malloc(*block, 8, 9)).collect();
        let go: Vec<Call> = near.iter().map(|block| free(*block)).collect();
        let commands = [
            call(malloc(A, 100, 1)),
            call(realloc(A, 0, 1000, 2).failing()).meanwhile(come.clone()),
            look(),
            call(realloc(A, 0, 1000, 3).failing()).meanwhile(go),
            look(),
            call(realloc(A, A, 50, 4)).meanwhile(come),
            look(),
            call(free(A)),
            look(),
        ];
        follow(check, commands)
    });
}

#[test]
fn blocks_passed_between_threads_count_once() {
    judge(|check| {
        let block = |number: u64| HEAP + 64 * number;
        let mut commands = Vec::new();
        for number in 0..40 {
            commands.push(call(malloc(block(number), MIB, 1)).elsewhere());
            if number % 2 == 0 {
                commands.push(call(free(block(number))));
            }
        }
        commands.push(look());
        for number in (1..40).step_by(2) {
            commands.push(call(malloc(block(number - 1), 3 * MIB, 2)));
            commands.push(call(free(block(number))).elsewhere());
        }
        commands.push(look());
        follow(check, commands)
    });
}

#[test]
fn a_long_life_at_ever_new_addresses_keeps_the_tables_small() {
    judge(|check| {
        // A hundred blocks live at once, each at an address of its own.
        let block = |number: u64| HEAP + 32 * number;
        let (live, lives) = (100, 300_000);
        let mut calls: Vec<Call> = (0..live).map(|number| malloc(block(number), 24, 1)).collect();
        for number in live..lives {
            calls.push(free(block(number - live)));
            calls.push(malloc(block(number), 24, 1));
        }
        let points = [calls.len() as u32 / 10, calls.len() as u32];
        let weighed = weigh(check, &calls, &points)?;
        match weighed.bytes[..] {
            [young, old] if old <= young + (1 << 20) => Ok(()),
            ref bytes => Err(Fault::failed(format!(
                "With {live} blocks live, the tracker had {bytes:?} bytes after a tenth of {lives} lives and after \
                 all of them."
            ))),
        }
    });
}

#[test]
fn growth_in_the_midst_of_frees_loses_no_record() {
    judge(|check| {
        let mut load = Load::new(check.seed());
        let mut calls = Vec::new();
        // Up and down, each time higher.
        for wave in 1..=12_usize {
            while load.len() < wave * wave * 200 {
                calls.push(load.malloc());
                if load.len().is_multiple_of(3) {
                    load.exchange(&mut calls);
                }
            }
            weigh(check, &calls, &[calls.len() as u32])?;
            while load.len() > wave * 50 {
                calls.push(load.free());
            }
        }
        weigh(check, &calls, &[calls.len() as u32]).map(drop)
    });
}

#[test]
fn where_no_memory_is_left_blocks_are_handed_out_and_count_as_given_back() {
    judge(|check| {
        let mut load = Load::new(check.seed());
        let mut mallocs = |count| (0..count).map(|_| load.malloc()).collect();
        let mut stages = vec![
            Stage { calls: mallocs(2_000), starved: false },
            Stage { calls: mallocs(30_000), starved: true },
            Stage { calls: mallocs(5_000), starved: false },
        ];
        // Those that were never recorded among them.
        stages.push(Stage { calls: (0..load.len()).map(|_| load.free()).collect(), starved: false });
        starve(check, stages)
    });
}
