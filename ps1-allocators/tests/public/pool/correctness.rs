//! Single behaviours, one a check.

use super::laws::{Kind, Which, change, discard, follow, follow_both, get, insert, renew, sweep, take};
use testkit::judge;

#[test]
fn a_value_comes_out_as_it_went_in() {
    judge(|check| {
        let commands =
            [insert(0), get(0), insert(1), insert(2), get(1), get(0), take(1), get(2), take(0), take(2)];
        follow_both(check, Kind::Plain, 4, &commands)
    });
}

#[test]
fn each_value_is_dropped_exactly_once() {
    judge(|check| {
        // Taken out, dropped in place, assigned over, and still there when the pool goes.
        let commands = [
            insert(0),
            insert(1),
            insert(2),
            insert(3),
            take(0),
            sweep(),
            discard(1),
            sweep(),
            change(2, 4),
            sweep(),
            renew(),
            sweep(),
        ];
        follow_both(check, Kind::Plain, 4, &commands)
    });
}

#[test]
fn a_full_pool_gives_the_value_back_undropped() {
    judge(|check| {
        let full = [insert(0), insert(1), insert(2), insert(3), sweep(), insert(4), sweep()];
        let then = [take(1), insert(5), insert(6), sweep(), discard(0), insert(7), insert(8), sweep()];
        follow_both(check, Kind::Plain, 3, &[full.as_slice(), &then].concat())
    });
}

#[test]
fn the_key_of_a_removed_value_names_nothing() {
    judge(|check| {
        let gone = [insert(0), insert(1), take(0), get(0), take(0), change(0, 2), sweep()];
        // Also when the slot is taken again, and given back, and taken again.
        let again =
            [insert(3), get(0), take(0), change(0, 4), sweep(), take(3), insert(5), get(0), get(3), sweep()];
        follow(check, Which::Keyed, Kind::Plain, 2, [gone.as_slice(), &again].concat())
    });
}

#[test]
fn length_and_capacity_are_what_they_say() {
    judge(|check| {
        let mut commands = vec![sweep()];
        for id in 0..5 {
            commands.extend([insert(id), sweep()]);
        }
        for id in [2, 0, 4, 1, 3] {
            commands.extend([take(id), sweep()]);
        }
        follow_both(check, Kind::Plain, 5, &commands)?;
        follow_both(check, Kind::Plain, 1000, &[sweep(), insert(0), sweep()])
    });
}

#[test]
fn every_slot_serves_again_and_again() {
    judge(|check| {
        for capacity in [1, 2, 7, 64] {
            let mut commands = Vec::new();
            for round in 0..4 {
                // The last round's in another order than they went in, and one more than fit.
                let ids: Vec<u32> = (0..=capacity).map(|id| round * 100 + id).collect();
                commands.extend(ids.iter().map(|id| insert(*id)));
                let (first, last) = ids.split_at(capacity as usize / 2);
                commands.push(sweep());
                commands.extend(last[..last.len() - 1].iter().chain(first).map(|id| discard(*id)));
            }
            commands.push(sweep());
            follow_both(check, Kind::Plain, capacity, &commands)?;
        }
        Ok(())
    });
}

#[test]
fn values_of_other_sizes_and_alignments_stay_whole() {
    judge(|check| {
        for kind in [Kind::Aligned, Kind::Large] {
            let mut commands: Vec<_> = (0..6).map(insert).collect();
            commands.extend([
                sweep(),
                take(3),
                change(1, 6),
                discard(4),
                insert(7),
                sweep(),
                get(7),
                renew(),
                sweep(),
            ]);
            follow_both(check, kind, 5, &commands)?;
        }
        Ok(())
    });
}
