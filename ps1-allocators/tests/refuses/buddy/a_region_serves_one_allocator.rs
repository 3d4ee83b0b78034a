//! A region is moved into its allocator, so no second one can stand on it.

use heap_api::Region;
use ps1_allocators::buddy::Buddy;

fn main() {
    let region = Region::map(4096).expect("a page");
    let first = Buddy::new(region);
    let second = Buddy::new(region); //~ E0382
    drop((first, second));
}
