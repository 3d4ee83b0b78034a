//! Single behaviours at the edges of the design.

use super::laws::{
    Command, Kind, Which, change, discard, follow, follow_both, forge, get, insert, renew, sweep, take,
};
use testkit::judge;

#[test]
fn a_pool_without_slots_refuses_everything() {
    judge(|check| {
        let commands = [sweep(), insert(0), sweep(), insert(1), renew(), sweep()];
        follow_both(check, Kind::Plain, 0, &commands)?;
        follow_both(check, Kind::Empty, 0, &commands)
    });
}

#[test]
fn values_without_bytes_are_counted_and_dropped_like_others() {
    judge(|check| {
        let full =
            [insert(0), insert(1), insert(2), insert(3), sweep(), take(1), sweep(), insert(4), sweep()];
        let then = [insert(5), discard(0), change(2, 6), sweep(), get(2), take(2), sweep(), renew(), sweep()];
        follow_both(check, Kind::Empty, 3, &[full.as_slice(), &then].concat())
    });
}

#[test]
fn keys_that_were_never_given_name_nothing() {
    judge(|check| {
        let mut commands = vec![insert(0), insert(1), insert(2), insert(3), discard(1), discard(3)];
        for remove in [false, true] {
            for id in [0, 1] {
                for (index, generation) in [
                    (0, 1),
                    (0, u32::MAX),
                    (0, 2),
                    (0, 1 << 16),
                    (0, 1 << 31),
                    (4, 0),
                    (1 << 31, 0),
                    (1 << 16, 1),
                ] {
                    commands.push(forge(id, index, generation, remove));
                }
                // Slots that were never taken, whatever a key of theirs may look like.
                for generation in 0..4_u32 {
                    let under = |index| forge(id, index, generation.wrapping_sub(2), remove);
                    commands.extend([under(4), under(5), under(u32::MAX - 7), under(100)]);
                }
            }
            commands.push(sweep());
        }
        follow(check, Which::Keyed, Kind::Plain, 8, commands)
    });
}

#[test]
fn an_old_key_stays_void_however_often_its_slot_is_taken() {
    judge(|check| {
        // One life more than 16 bits count, in a pool whose only slot is taken each time.
        let lives = (1 << 16) + 2;
        let mut commands = vec![insert(0), take(0)];
        for id in 1..lives {
            commands.extend([insert(id), discard(id)]);
        }
        commands.extend([insert(lives), get(0), take(0), get(1), get(lives)]);
        follow(check, Which::Keyed, Kind::Plain, 1, commands)
    });
}

#[test]
fn a_pool_that_goes_half_full_drops_only_what_is_live() {
    judge(|check| {
        for capacity in [3, 8, 50] {
            let mut commands: Vec<Command> = (0..capacity).map(insert).collect();
            commands.extend((0..capacity).filter(|id| id % 3 != 1).map(take));
            commands.extend([
                sweep(),
                renew(),
                sweep(),
                insert(100),
                insert(101),
                discard(100),
                renew(),
                sweep(),
            ]);
            follow_both(check, Kind::Large, capacity, &commands)?;
        }
        Ok(())
    });
}
