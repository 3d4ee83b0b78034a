//! Single behaviours at the edges of the design.

use super::laws::{MAX, MIN, exact, exactly, heap};
use driverkit::prng::SplitMix64;
use testkit::heap::{allocate, deallocate, deallocate_at, walk};
use testkit::{Fault, judge};

#[test]
fn two_free_top_blocks_side_by_side_stay_two() {
    judge(|check| {
        let tops = 4;
        let mut commands: Vec<_> = (0..tops).map(|id| allocate(id, MAX, 1)).collect();
        for id in [1, 0, 2, 3] {
            commands.extend([deallocate(id), walk()]);
        }
        // Each is still there, and whole.
        commands.extend((0..tops).map(|id| allocate(id, MAX - 1, 1)));
        commands.push(walk());
        // And after a split and a merge that end at the top.
        commands.extend([
            deallocate(2),
            allocate(4, 1, 1),
            walk(),
            deallocate(4),
            walk(),
            allocate(5, MAX, 1),
            walk(),
        ]);
        exactly(check, u64::from(tops) * MAX, commands)
    });
}

#[test]
fn a_block_without_a_buddy_at_the_regions_end_stays_usable() {
    judge(|check| {
        let regions = [
            3 * MIN,
            5 * MIN,
            MAX + MIN,
            3 * 4096,
            MAX / 2 + MAX / 4 + MIN,
            7 * MIN + 9,
            100_000,
            2 * MAX + 4096 + 48,
        ];
        for region in regions {
            let mut commands = Vec::new();
            // Fill the tail first: ask for every size that the region's length has a bit for.
            let bits: Vec<u64> = (4..=21).map(|power| 1 << power).filter(|size| region & size != 0).collect();
            for (id, size) in (0..).zip(&bits) {
                commands.extend([allocate(id, *size, 1), walk()]);
            }
            for id in (0..bits.len() as u32).rev() {
                commands.extend([deallocate(id), walk()]);
            }
            exactly(check, region, commands)?;
        }
        Ok(())
    });
}

#[test]
fn frees_in_any_order_restore_the_initial_tiling() {
    judge(|check| {
        let mut prng = SplitMix64::new(check.seed());
        for region in [1 << 16, (1 << 16) + (1 << 12) + 48] {
            let sizes: Vec<u64> = (0..200).map(|_| 1 << prng.below(10)).collect();
            let mut commands: Vec<_> = (0..).zip(&sizes).map(|(id, size)| allocate(id, *size, 1)).collect();
            let mut order: Vec<u32> = (0..sizes.len() as u32).collect();
            prng.shuffle(&mut order);
            commands.extend(order.into_iter().map(deallocate));
            commands.push(walk());
            exactly(check, region, commands)?;
        }
        Ok(())
    });
}

#[test]
fn a_request_is_cut_from_the_smallest_block_that_holds_it() {
    judge(|check| {
        // Make free blocks of 64, 256 and 1024 bytes whose buddies are live, the larger ones first.
        let mut commands = Vec::new();
        for (id, size) in [(0, 1024), (2, 256), (4, 64)] {
            commands.extend([allocate(id, size, 1), allocate(id + 1, size, 1)]);
        }
        commands.extend([deallocate(0), deallocate(2), deallocate(4), walk()]);
        commands.extend([
            allocate(6, 33, 1),
            walk(),
            allocate(7, 33, 1),
            walk(),
            allocate(8, 200, 1),
            walk(),
        ]);
        exactly(check, 1 << 13, commands)
    });
}

#[test]
fn alignment_beyond_the_size_takes_a_larger_block() {
    judge(|check| {
        let mut commands = Vec::new();
        let mut id = 0;
        for power in 4..=16 {
            // A small block first, so that the next free address is aligned to little.
            commands.extend([
                allocate(id, 1, 1),
                allocate(id + 1, 24, 1 << power),
                allocate(id + 2, 1 << power, 1),
            ]);
            commands.push(walk());
            id += 3;
        }
        commands.extend((0..id).map(deallocate));
        commands.push(walk());
        exactly(check, MAX, commands)
    });
}

#[test]
fn wrong_frees_change_nothing() {
    judge(|check| {
        let heap = heap(check)?;
        let region = (1 << 14) + 48 + 5;
        let mut prng = SplitMix64::new(check.seed());
        let mut commands: Vec<_> = (0..40).map(|id| allocate(id, 1 + prng.below(300), 1)).collect();
        commands.extend((0..40).filter(|id| id % 3 == 0).map(deallocate));
        let placed = heap.follow(region, commands.clone())?;
        let live: Vec<_> = placed.oracle.blocks().collect();
        commands.push(walk());
        for _ in 0..300 {
            let offset = prng.below(region + 64) as i64 - 32;
            let size = 1 + prng.below(600);
            let right = |block: &testkit::heap::Block| {
                block.offset as i64 == offset && block.len == size.next_power_of_two().max(MIN)
            };
            if !live.iter().any(right) {
                commands.push(deallocate_at(offset, size, 1));
            }
        }
        // Twice, at each block's start: once wrong by layout, for the live ones.
        for block in &live {
            commands.push(deallocate_at(block.offset as i64, block.len * 2, 1));
        }
        commands.push(walk());
        commands.extend((0..40).filter(|id| id % 3 != 0).map(deallocate));
        commands.push(walk());
        heap.hold(heap.program(region, commands), &exact).map(drop)
    });
}

#[test]
fn a_full_region_serves_exactly_as_many_blocks_as_it_has() {
    judge(|check| {
        let heap = heap(check)?;
        for (region, size) in [(1 << 14, MIN), ((1 << 14) + 33, MIN), (3 * 4096, 1024), (MAX + 4096, 4096)] {
            let count = (region / size) as u32;
            let mut commands: Vec<_> = (0..=count).map(|id| allocate(id, size, 1)).collect();
            commands.push(walk());
            let story = heap.hold(heap.program(region, commands), &exact)?;
            let served = (0..=count as usize).filter(|index| story.served(*index)).count();
            if served != count as usize {
                return Err(Fault::failed(format!(
                    "A region of {region} bytes served {served} blocks of {size} bytes; it has {count}."
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn hundreds_of_free_blocks_of_one_order_are_all_found_again() {
    judge(|check| {
        // Every second block is live, so none of the free ones can merge: all of them wait in one order.
        for (region, size) in [(1 << 14, MIN), (1 << 16, 64), (1 << 20, 1024)] {
            let count = (region / size) as u32;
            let evens = || (0..count).step_by(2);
            let mut commands: Vec<_> = (0..count).map(|id| allocate(id, size, 1)).collect();
            commands.extend(evens().map(deallocate));
            commands.push(walk());
            commands.extend(evens().map(|id| allocate(count + id, size, 1)));
            commands.push(walk());
            exactly(check, region, commands)?;
        }
        Ok(())
    });
}

#[test]
fn two_allocators_do_not_know_of_each_other() {
    judge(|check| {
        // One driver, several programs: what one leaves behind must not reach the next.
        let heap = heap(check)?;
        for region in [1 << 12, 1 << 16, 1 << 13] {
            let mut commands: Vec<_> = (0..20).map(|id| allocate(id, 100, 1)).collect();
            commands.push(walk());
            heap.hold(heap.program(region, commands), &exact)?;
            heap.hold(heap.program(region, vec![walk(), allocate(0, 100, 1), walk()]), &exact)?;
        }
        Ok(())
    });
}

#[test]
fn a_small_region_keeps_every_law_through_a_long_life() {
    judge(|check| {
        // Tables that only grow, and marks that only age, show after many lives of the same few blocks.
        let mut prng = SplitMix64::new(check.seed());
        let (mut commands, mut live, mut next) = (Vec::new(), Vec::new(), 0);
        for turn in 0..12_000 {
            // The heap fills and empties in turns, so that everything is split and merged again and again.
            let filling = turn / 60 % 2 == 0;
            if live.is_empty() || prng.below(4) < if filling { 3 } else { 1 } {
                commands.push(allocate(next, 1 + prng.below(100), 1));
                live.push(next);
                next += 1;
            } else {
                let any = prng.below(live.len() as u64) as usize;
                commands.push(deallocate(live.swap_remove(any)));
            }
        }
        commands.extend(live.into_iter().map(deallocate));
        commands.push(walk());
        exactly(check, 1 << 14, commands)
    });
}
