//! Single behaviours, one a check.

use super::laws::{LARGEST, SLAB, class_of, exact, exactly, heap, room, shape, small};
use crate::protocol::Request;
use crate::protocol::slab::{Job, ListStep, Taken};
use testkit::heap::{
    Command, Kind, Oracle, Program, Reply, allocate, deallocate, deallocate_at, deallocate_remotely,
    reallocate, walk,
};
use testkit::trace;
use testkit::{Fault, judge, side_by_side};

#[test]
fn every_size_has_the_class_that_the_rule_gives_it() {
    judge(|check| {
        let sizes = 0..=LARGEST + 1;
        let aligns = (0..=14).map(|power| 1 << power);
        let asked: Vec<(u64, u64)> =
            aligns.flat_map(|align| sizes.clone().map(move |size| (size, align))).collect();
        let heap = heap(check)?;
        let answer = heap.client().ask::<_, Vec<Option<u64>>>(&Request::Slab(Job::Classes(asked.clone())));
        let transcript = answer.map_err(|(fault, _)| fault)?;
        let Some(given) = transcript.replies.first().filter(|given| given.len() == asked.len()) else {
            return Err(Fault::failed("The classes gave no answer."));
        };
        // The rule's own table once, not a search a question.
        for ((size, align), given) in asked.iter().zip(given) {
            let expected = class_of(*size, *align);
            if *given != expected {
                return Err(Fault::failed(format!(
                    "class_size({size}, {align}) is {given:?}; it must be {expected:?}."
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn a_fresh_region_is_whole_slabs_and_a_rest() {
    judge(|check| {
        for region in [SLAB, 3 * SLAB, 3 * SLAB + 5000, SLAB - 1, 100] {
            exactly(check, region, [walk(), allocate(0, 100, 8), walk()])?;
        }
        Ok(())
    });
}

#[test]
fn objects_of_one_class_fill_a_slab_to_its_last() {
    judge(|check| {
        for (size, slabs) in [(16, 1), (48, 2), (160, 3), (1280, 3), (LARGEST, 4)] {
            let count = (SLAB / size * slabs) as u32;
            let mut commands: Vec<Command> = (0..=count).map(|id| allocate(id, size, 16)).collect();
            commands.push(walk());
            let story = exactly(check, slabs * SLAB, commands)?;
            let served = (0..=count as usize).filter(|index| story.served(*index)).count();
            if served != count as usize {
                return Err(Fault::failed(format!(
                    "{slabs} slabs served {served} objects of {size} bytes; they have room for {count}."
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn a_freed_object_is_used_again_before_a_new_slab_is_taken() {
    judge(|check| {
        for size in [32, 100, 2000] {
            let class = class_of(size, 8).unwrap_or(size);
            let each = (SLAB / class) as u32;
            let mut commands: Vec<Command> = (0..4 * each).map(|id| allocate(id, size, 8)).collect();
            // Holes in every slab, wherever its objects lie, and none of them empty.
            let freed: Vec<u32> = (0..4 * each).filter(|id| id % 3 == 1).collect();
            commands.extend(freed.iter().map(|id| deallocate(*id)));
            commands.push(walk());
            commands.extend((0..freed.len() as u32).map(|more| allocate(4 * each + more, size, 8)));
            commands.push(walk());
            let story = exactly(check, 8 * SLAB, commands)?;
            let last = story.extents(story.replies.len() - 1);
            let whole = last.iter().filter(|extent| extent.len == SLAB && extent.kind == Kind::Free).count();
            if whole != 4 {
                return Err(Fault::failed(format!(
                    "Four slabs' worth of objects of {size} bytes, a third of them freed and asked for again: {whole} \
                     of 8 slabs are left to the page source, and 4 must be."
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn a_full_slab_serves_again_after_a_free() {
    judge(|check| {
        let each = (SLAB / 64) as u32;
        let mut commands: Vec<Command> = (0..2 * each).map(|id| allocate(id, 64, 8)).collect();
        for (turn, id) in [5, each + 7, 0, each - 1, 2 * each - 1].into_iter().enumerate() {
            let new = 2 * each + 2 * turn as u32;
            commands.extend([allocate(new, 64, 8), deallocate(id), allocate(new + 1, 64, 8), walk()]);
        }
        exactly(check, 2 * SLAB, commands).map(drop)
    });
}

#[test]
fn freeing_everything_makes_the_page_source_whole() {
    judge(|check| {
        let sizes = [16, 40, 100, 300, 1000, 5000, LARGEST];
        let mut commands = Vec::new();
        for (id, size) in (0..).zip(sizes.iter().cycle().take(140)) {
            commands.push(allocate(id, *size, 8));
        }
        commands.extend((0..140).map(|id| deallocate(id * 71 % 140)));
        commands.extend([walk(), Command::Shrink, walk()]);
        // And each slab can serve any class: as many of the largest objects as they hold.
        commands.extend((0..12 * 8).map(|id| allocate(id, LARGEST, 8)));
        commands.push(walk());
        exactly(check, 12 * SLAB, commands).map(drop)
    });
}

#[test]
fn an_empty_slab_serves_another_class_without_a_shrink() {
    judge(|check| {
        let mut commands = Vec::new();
        for (id, size) in (0..).zip([16, 64, 512, 4096]) {
            commands.extend([allocate(id, size, 8), deallocate(id)]);
        }
        commands.extend((0..32).map(|id| allocate(id, LARGEST, 8)));
        commands.push(walk());
        commands.extend((0..32).map(deallocate));
        commands.extend([walk(), allocate(40, 16, 8), Command::Shrink, walk()]);
        exactly(check, 4 * SLAB, commands).map(drop)
    });
}

#[test]
fn what_was_freed_from_afar_is_free_once_it_is_collected() {
    judge(|check| {
        let each = (SLAB / 1024) as u32;
        let mut commands: Vec<Command> = (0..2 * each).map(|id| allocate(id, 1024, 8)).collect();
        commands.extend((0..each).map(|pair| deallocate_remotely(2 * pair)));
        // Not yet: the slabs are full.
        commands.extend([walk(), allocate(3 * each, 1024, 8), Command::Collect, walk()]);
        commands.extend((0..each).map(|id| allocate(3 * each + id, 1024, 8)));
        commands.extend((0..each).map(|pair| deallocate_remotely(2 * pair + 1)));
        commands.extend((0..each).map(|id| deallocate_remotely(3 * each + id)));
        commands.extend([Command::Collect, walk(), Command::Shrink, walk(), Command::Collect]);
        exactly(check, 2 * SLAB, commands).map(drop)
    });
}

#[test]
fn taking_all_gives_each_object_once_and_appends_it() {
    judge(|check| {
        let mut steps = vec![ListStep::Take];
        let rounds: [&[u32]; 4] = [&[7], &[0, 4095, 3], &[], &[3, 7, 100, 5, 0]];
        for objects in rounds {
            steps.extend(objects.iter().map(|object| ListStep::Push(*object)));
            steps.push(ListStep::Take);
        }
        let heap = heap(check)?;
        let answer = heap.client().ask::<_, Vec<Taken>>(&Request::Slab(Job::List(steps)));
        let transcript = answer.map_err(|(fault, _)| fault)?;
        let Some(takes) = transcript.replies.first().filter(|takes| takes.len() == rounds.len() + 1) else {
            return Err(Fault::failed("The list gave no answer."));
        };
        let empty: &[u32] = &[];
        for (turn, (take, pushed)) in takes.iter().zip([empty].into_iter().chain(rounds)).enumerate() {
            let (mut objects, mut expected) = (take.objects.clone(), pushed.to_vec());
            objects.sort_unstable();
            expected.sort_unstable();
            if objects != expected || take.count != expected.len() as u64 {
                return Err(Fault::failed(format!(
                    "{pushed:?} were pushed, and take_all says {} and appends {:?}.",
                    take.count, take.objects
                )));
            }
            if take.before != [1_000_000 + turn as u32] {
                return Err(Fault::failed("take_all did not append: what the vector held before is gone."));
            }
        }
        Ok(())
    });
}

#[test]
fn double_and_invalid_frees_are_told_as_what_they_are() {
    judge(|check| {
        let heap = heap(check)?;
        let mut commands: Vec<Command> = (0..6).map(|id| allocate(id, 100, 8)).collect();
        commands.extend([allocate(6, 48, 16), allocate(7, 3000, 8), deallocate(1), deallocate(4)]);
        let placed = heap.follow(4 * SLAB + 100, commands.clone())?;
        let start = |index: usize| placed.block(index).map_or(0, |(offset, _)| offset as i64);
        let tail =
            |index: usize, class: i64| start(index) / SLAB as i64 * SLAB as i64 + SLAB as i64 / class * class;
        // Three classes are in three of the four slabs, whichever a design takes first.
        let taken: Vec<i64> = [0, 6, 7].map(|index| start(index) / SLAB as i64).to_vec();
        let untouched = (0..4).find(|slab| !taken.contains(slab)).unwrap_or(3);
        commands.extend([
            // Free already.
            deallocate_at(start(1), 100, 8),
            deallocate_at(start(4), 100, 8),
            deallocate_at(start(4), 48, 8),
            deallocate_at(start(1) + 16, 100, 8),
            // Inside live objects.
            deallocate_at(start(0) + 16, 100, 8),
            deallocate_at(start(5) + 111, 100, 8),
            deallocate_at(start(6) + 16, 48, 16),
            deallocate_at(start(7) + 1, 3000, 8),
            // Layouts of other classes.
            deallocate_at(start(0), 96, 8),
            deallocate_at(start(2), 113, 8),
            deallocate_at(start(6), 48, 32),
            deallocate_at(start(7), 100_000, 8),
            // Tails, slabs of the page source, the rest, and beyond.
            deallocate_at(tail(0, 112), 100, 8),
            deallocate_at(tail(6, 48), 48, 16),
            deallocate_at(tail(7, 3072) + 16, 3000, 8),
            deallocate_at(untouched * SLAB as i64, 100, 8),
            deallocate_at(4 * SLAB as i64, 100, 8),
            deallocate_at(4 * SLAB as i64 + 200, 100, 8),
            deallocate_at(-16, 16, 1),
            deallocate_at(1 << 40, 16, 1),
            walk(),
        ]);
        heap.hold(heap.program(4 * SLAB + 100, commands), &exact).map(drop)
    });
}

#[test]
fn impossible_requests_are_errors_and_change_nothing() {
    judge(|check| {
        let huge = i64::MAX as u64;
        let commands = vec![
            allocate(0, 0, 1),
            allocate(0, LARGEST + 1, 1),
            allocate(0, huge, 1),
            allocate(0, 1, 2 * LARGEST),
            allocate(0, huge - 4095, 4096),
            walk(),
            allocate(0, 100, 8),
            reallocate(0, LARGEST + 1),
            reallocate(0, 0),
            walk(),
            deallocate(0),
            Command::Shrink,
            walk(),
        ];
        exactly(check, 2 * SLAB, commands).map(drop)
    });
}

#[test]
fn reallocating_keeps_contents_whichever_way_it_goes() {
    judge(|check| {
        let mut commands = vec![allocate(0, 40, 8), allocate(1, 40, 32)];
        for size in [48, 49, 65, 1000, 200, LARGEST, 17, 1, 3000, 48, 33] {
            commands.extend([reallocate(0, size), reallocate(1, size), walk()]);
        }
        commands.extend([deallocate(0), deallocate(1), Command::Shrink, walk()]);
        exactly(check, 6 * SLAB, commands).map(drop)
    });
}

#[test]
fn serves_the_shipped_traces() {
    judge(|check| {
        let law = |oracle: &Oracle, command: &Command, _: &Reply| match command {
            Command::Allocate { id, .. } => oracle.block(*id).map_or(Ok(()), |block| shape(oracle, block)),
            _ => Ok(()),
        };
        let served = side_by_side(trace::given_or_shipped()?, |trace| {
            let trace = small(trace);
            let region = room(&trace);
            let commands = [trace.commands, vec![walk()]].concat();
            let program = Program { region, seed: check.seed(), commands };
            let story = heap(check)?.hold(program, &law).map_err(|fault| {
                let place = format!("On the trace `{}`: ", trace.name);
                fault.map(|failure| failure.message.insert_str(0, &place))
            })?;
            let refused = story.replies.iter().position(|reply| *reply == Reply::NoMemory);
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
