//! Extra credit: a directory protocol with the states modified, shared and invalid.
//!
//! ```text
//!   cache 1 ── GetM ──► directory ── Inv ──► cache 2 ── InvAck ──► cache 1
//!                          └────── Data(acks = 1) ──────────────────►┘
//! ```
//!
//! Source: V. Nagarajan, D. Sorin, M. Hill and D. Wood, *A Primer on Memory Consistency and Cache
//! Coherence*, second edition, chapter 8 (section 8.2, tables 8.1 and 8.2).

/// A cache, counted from 0, at most 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheId(pub u8);

/// Who sends or receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// A cache.
    Cache(CacheId),
    /// The directory.
    Directory,
}

/// What is said, about one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Body {
    /// A cache wants to read.
    GetS,
    /// A cache wants to write.
    GetM,
    /// A sharer gives the line up.
    PutS,
    /// The owner gives the line up, with its value.
    PutM(u64),
    /// The directory acknowledges a PutS or PutM.
    PutAck,
    /// The owner shall send its value to this cache (and, for a read, to the directory).
    FwdGetS(CacheId),
    /// The owner shall send its value to this cache and forget it.
    FwdGetM(CacheId),
    /// A sharer shall forget the line and tell this cache.
    Inv(CacheId),
    /// A sharer forgot it.
    InvAck,
    /// The value, and how many `InvAck`s to wait for.
    Data(u64, u8),
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Message {
    /// From whom.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// The line's number.
    pub line: u64,
    /// What.
    pub body: Body,
}

/// The directory: who owns or shares each line, and the values that nobody owns.
#[derive(Debug)]
pub struct Directory {}

impl Directory {
    /// All lines invalid in `caches` caches, their values zero.
    pub fn new(caches: u8) -> Self {
        todo!("ps3.coherence.new: {caches} caches, nothing shared")
    }

    /// Takes one message in and appends the answers to `out`, to sharers in order of their number. A
    /// request that has to wait is kept and answered by a later call.
    pub fn receive(&mut self, message: Message, out: &mut Vec<Message>) {
        todo!("ps3.coherence.receive: answer {message:?} to room for {} messages", out.capacity())
    }
}

/// One cache's controller.
#[derive(Debug)]
pub struct Controller {}

impl Controller {
    /// An empty cache.
    pub fn new(id: CacheId) -> Self {
        todo!("ps3.coherence.controller_new: {id:?} holds nothing")
    }

    /// The processor reads: the value if the line is here, else the request goes to `out`.
    pub fn read(&mut self, line: u64, out: &mut Vec<Message>) -> Option<u64> {
        todo!("ps3.coherence.read: line {line} to room for {} messages", out.capacity())
    }

    /// The processor writes: `true` if it is done, else the request goes to `out`, and it is done when the
    /// line arrives.
    pub fn write(&mut self, line: u64, value: u64, out: &mut Vec<Message>) -> bool {
        todo!("ps3.coherence.write: {value} to line {line} to room for {} messages", out.capacity())
    }

    /// The line is given up to make room.
    pub fn evict(&mut self, line: u64, out: &mut Vec<Message>) {
        todo!("ps3.coherence.evict: line {line} to room for {} messages", out.capacity())
    }

    /// Takes one message in and appends the answers to `out`.
    pub fn receive(&mut self, message: Message, out: &mut Vec<Message>) {
        todo!("ps3.coherence.controller_receive: {message:?} to room for {} messages", out.capacity())
    }
}
