//! What students' allocators stand on: regions, the allocator traits, adapters and the loom/std facade.
