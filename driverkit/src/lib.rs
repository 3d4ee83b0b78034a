//! What drivers stand on: the serve loop, the wire format, the counting allocator and the timed loop.
