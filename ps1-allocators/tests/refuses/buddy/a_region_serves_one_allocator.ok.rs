//! Two regions, two allocators.

use heap_api::Region;
use ps1_allocators::buddy::Buddy;

fn main() {
    let region = Region::map(4096).expect("a page");
    let first = Buddy::new(region);
    let second = Buddy::new(Region::map(4096).expect("a page"));
    drop((first, second));
}
