//! Single behaviours at the edges of the design.

use super::laws::{LARGEST, SLAB, classes, exact, exactly, heap};
use driverkit::prng::SplitMix64;
use testkit::heap::{Command, allocate, deallocate, deallocate_at, deallocate_remotely, walk};
use testkit::judge;

#[test]
fn every_class_fills_all_slabs_after_any_other_was_shrunk() {
    judge(|check| {
        let classes = classes();
        for pair in classes.windows(2).step_by(3) {
            let mut commands = Vec::new();
            for class in [pair[1], pair[0], pair[1]] {
                let count = (SLAB / class * 2) as u32;
                commands.extend((0..=count).map(|id| allocate(id, class, 16)));
                commands.push(walk());
                commands.extend((0..count).map(|id| deallocate(count - 1 - id)));
                commands.extend([walk(), Command::Shrink, walk()]);
            }
            exactly(check, 2 * SLAB, commands)?;
        }
        Ok(())
    });
}

#[test]
fn alignments_decide_the_class_and_not_only_the_place() {
    judge(|check| {
        let mut commands = Vec::new();
        let mut id = 0;
        for size in [1, 24, 40, 48, 65, 96, 100, 160, 320, 1000, 5000] {
            for power in 0..=13 {
                commands.extend([allocate(id, size, 1), allocate(id + 1, size, 1 << power)]);
                id += 2;
            }
        }
        commands.push(walk());
        commands.extend((0..id).map(deallocate));
        commands.extend([walk(), Command::Shrink, walk()]);
        exactly(check, 40 * SLAB, commands).map(drop)
    });
}

#[test]
fn wrong_frees_change_nothing() {
    judge(|check| {
        let heap = heap(check)?;
        let region = 3 * SLAB + 1000;
        let mut prng = SplitMix64::new(check.seed());
        let sizes = [40, 1200, 6000];
        let mut commands: Vec<Command> = (0..60)
            .map(|id| allocate(id, sizes[prng.below(if id < 40 { 2 } else { 3 }) as usize], 8))
            .collect();
        commands.extend((0..60).filter(|id| id % 3 == 0).map(deallocate));
        let live: Vec<_> = heap.follow(region, commands.clone())?.oracle.blocks().collect();
        commands.push(walk());
        for block in &live {
            let inside = 1 + prng.below(block.len - 1);
            commands.extend([
                deallocate_at(block.offset as i64, block.len + 1, 8),
                deallocate_at((block.offset + inside) as i64, block.len, 8),
                deallocate_at(prng.below(region) as i64 | 1, block.len, 8),
            ]);
        }
        commands.push(walk());
        commands.extend((0..60).filter(|id| id % 3 != 0).map(deallocate));
        commands.extend([walk(), Command::Shrink, walk()]);
        heap.hold(heap.program(region, commands), &exact).map(drop)
    });
}

#[test]
fn slabs_come_and_go_in_any_order() {
    judge(|check| {
        // Slabs fill, empty and change their class again and again, under frees of both kinds.
        let mut prng = SplitMix64::new(check.seed());
        let (mut commands, mut live, mut next) = (Vec::new(), Vec::new(), 0);
        for turn in 0..4000 {
            let filling = turn / 150 % 2 == 0;
            if live.is_empty() || prng.below(5) < if filling { 4 } else { 1 } {
                let size = [500, 2500, 7000][(turn / 300 % 3) as usize] + prng.below(500);
                commands.push(allocate(next, size, 8));
                live.push(next);
                next += 1;
            } else {
                let any = live.swap_remove(prng.below(live.len() as u64) as usize);
                commands.push(if any % 4 == 0 { deallocate_remotely(any) } else { deallocate(any) });
            }
            if turn % 40 == 39 {
                commands.extend([Command::Collect, walk()]);
            }
        }
        commands.extend(live.into_iter().map(deallocate));
        commands.extend([Command::Collect, walk(), Command::Shrink, walk()]);
        commands.extend((0..80).map(|id| allocate(next + id, LARGEST, 8)));
        exactly(check, 10 * SLAB, commands).map(drop)
    });
}
