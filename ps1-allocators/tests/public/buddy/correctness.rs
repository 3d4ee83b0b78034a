//! Single behaviours, one a check.

use super::laws::{MAX, MIN, exact, exactly, heap, shape};
use super::room;
use testkit::heap::{Command, Program, Reply, allocate, deallocate, deallocate_at, reallocate, walk};
use testkit::trace::given_or_shipped;
use testkit::{Check, Fault, Judged, judge, side_by_side};

#[test]
fn a_fresh_region_is_covered_by_the_largest_aligned_blocks() {
    judge(|check| {
        for region in [MIN, 64 << 10, MAX, 3 * MAX, MAX + 48 * 1024, 100_000] {
            exactly(check, region, [walk()])?;
        }
        Ok(())
    });
}

#[test]
fn a_block_is_a_power_of_two_and_aligned_to_its_size() {
    judge(|check| {
        let sizes = [1, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 100, 1000, 4095, 4096, 4097, 65536, 65537];
        let commands: Vec<_> = (0..).zip(sizes).map(|(id, size)| allocate(id, size, 1)).collect();
        let heap = heap(check)?;
        let story = heap.hold(heap.program(1 << 20, commands), &exact)?;
        match (0..sizes.len()).find(|index| !story.served(*index)) {
            None => Ok(()),
            Some(index) => {
                Err(heap.failed(&story, format!("{} bytes were refused in an empty MiB", sizes[index])))
            }
        }
    });
}

#[test]
fn splitting_leaves_one_free_block_of_every_order_between() {
    judge(|check| {
        for size in [MIN, 64, 4096, MAX / 2, MAX] {
            exactly(check, MAX, [allocate(0, size, 1), walk()])?;
        }
        Ok(())
    });
}

#[test]
fn freeing_both_buddies_restores_the_parent_block() {
    judge(|check| {
        let both = [allocate(0, 64, 1), allocate(1, 64, 1)];
        for order in [[0, 1], [1, 0]] {
            let mut commands = both.to_vec();
            commands.extend([deallocate(order[0]), walk(), deallocate(order[1]), walk()]);
            exactly(check, 4096, commands)?;
        }
        Ok(())
    });
}

#[test]
fn a_free_buddy_merges_only_when_it_is_whole() {
    judge(|check| {
        // Four quarters; the first half's buddy is free in part only until the last is freed.
        let mut commands: Vec<_> = (0..4).map(|id| allocate(id, 1024, 1)).collect();
        for id in [2, 0, 1, 3] {
            commands.extend([deallocate(id), walk()]);
        }
        exactly(check, 4096, commands)?;
        Ok(())
    });
}

#[test]
fn exhaustion_is_an_error_and_ends_with_the_next_free() {
    judge(|check| {
        let count = 64;
        let mut commands: Vec<_> = (0..count).map(|id| allocate(id, 256, 1)).collect();
        commands.extend([allocate(count, 256, 1), allocate(count, 1, 1), walk()]);
        commands.extend([deallocate(17), allocate(count, 257, 1), allocate(count, 256, 1), walk()]);
        exactly(check, 64 * 256, commands)?;
        Ok(())
    });
}

#[test]
fn impossible_requests_are_errors_and_change_nothing() {
    judge(|check| {
        let huge = i64::MAX as u64;
        let commands = vec![
            allocate(0, 0, 1),
            allocate(0, MAX + 1, 1),
            allocate(0, 2 * MAX, 1),
            allocate(0, huge, 1),
            allocate(0, huge - 4095, 4096),
            allocate(0, 1, 2 * MAX),
            walk(),
            allocate(0, 100, 8),
            reallocate(0, MAX + 1),
            reallocate(0, 0),
            walk(),
            deallocate(0),
            walk(),
        ];
        exactly(check, 2 * MAX, commands)?;
        Ok(())
    });
}

#[test]
fn alignments_up_to_two_mebibytes_are_served() {
    judge(|check| {
        let mut commands = Vec::new();
        for (id, power) in (0..=21).enumerate() {
            commands.extend([allocate(2 * id as u32, 1, 1 << power), allocate(2 * id as u32 + 1, 40, 1)]);
        }
        commands.push(walk());
        let heap = heap(check)?;
        let program = heap.program(4 * MAX, commands);
        let story = heap.hold(program, &exact)?;
        match (0..44).find(|index| !story.served(*index)) {
            None => Ok(()),
            Some(index) => Err(heap.failed(&story, format!("command {} was refused", index + 1))),
        }
    });
}

#[test]
fn double_and_invalid_frees_are_told_as_what_they_are() {
    judge(|check| {
        let commands = vec![
            allocate(0, 256, 1),
            allocate(1, 256, 1),
            allocate(2, 256, 1),
            allocate(3, 256, 1),
            deallocate(2),
            // Free already, on its own and as part of a larger block.
            deallocate_at(512, 256, 1),
            deallocate_at(2048, 256, 1),
            // Inside live blocks.
            deallocate_at(16, 16, 1),
            deallocate_at(128, 128, 1),
            deallocate_at(257, 256, 1),
            // Layouts of other orders.
            deallocate_at(0, 100, 1),
            deallocate_at(0, 257, 1),
            deallocate_at(256, 4096, 1),
            // Not the region's.
            deallocate_at(4096, 16, 1),
            deallocate_at(-16, 16, 1),
            deallocate_at(1 << 40, 16, 1),
            walk(),
        ];
        // The offsets above are those of a design that takes the lowest block first; others are told
        // differently, and the laws follow what is live.
        exactly(check, 4096, sound_misuse(check, commands)?)?;
        Ok(())
    });
}

/// Leaves out frees that are no misuse, because a design put a block of that layout just there.
fn sound_misuse(check: &Check, commands: Vec<Command>) -> Judged<Vec<Command>> {
    let heap = heap(check)?;
    let sound = |command: &Command| !matches!(command, Command::DeallocateAt { .. });
    let placed =
        heap.follow(4096, commands.iter().filter(|command| sound(command)).cloned().collect::<Vec<_>>())?;
    let live: Vec<_> = placed.oracle.blocks().collect();
    let misuse = |command: &Command| match command {
        Command::DeallocateAt { offset, size, .. } => {
            let block = live.iter().find(|block| block.offset as i64 == *offset);
            block.is_none_or(|block| block.len != size.next_power_of_two().max(MIN))
        }
        _ => true,
    };
    Ok(commands.into_iter().filter(misuse).collect())
}

#[test]
fn reallocating_keeps_contents_whichever_way_it_goes() {
    judge(|check| {
        let mut commands = vec![allocate(0, 40, 8), allocate(1, 40, 8)];
        for size in [50, 64, 65, 1000, 200, 4096, 17, 1, 30_000, 48] {
            commands.extend([reallocate(0, size), walk()]);
        }
        commands.extend([deallocate(0), deallocate(1), walk()]);
        exactly(check, 1 << 17, commands)?;
        Ok(())
    });
}

#[test]
fn serves_the_shipped_traces() {
    judge(|check| {
        let traces = given_or_shipped()?;
        let served = side_by_side(traces, |trace| {
            let heap = heap(check)?;
            let region = room(&trace);
            let commands = with_walks(trace.commands, 20_000);
            let program = Program { region, seed: check.seed(), commands };
            let story = heap.hold(program, &shape).map_err(|fault| {
                fault
                    .map(|failure| failure.message.insert_str(0, &format!("On the trace `{}`: ", trace.name)))
            })?;
            let refused = story.replies.iter().position(|reply| matches!(reply, Reply::NoMemory));
            refused.map_or(Ok(()), |index| {
                Err(Fault::failed(format!(
                    "On the trace `{}`, command {} was refused in a region of {region} bytes.",
                    trace.name,
                    index + 1
                )))
            })
        });
        served.map(drop)
    });
}

fn with_walks(commands: Vec<Command>, every: usize) -> Vec<Command> {
    let mut walked = Vec::with_capacity(commands.len() + commands.len() / every + 1);
    for chunk in commands.chunks(every) {
        walked.extend_from_slice(chunk);
        walked.push(walk());
    }
    walked
}
