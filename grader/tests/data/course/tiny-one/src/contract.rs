const _: fn(&mut crate::double::Doubler, u64) -> u64 = crate::double::Doubler::double;
const _: fn(u64) -> u64 = crate::triple::triple;
