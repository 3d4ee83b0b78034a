//! The heap that we stand before: what `malloc` would have been without us.

use super::{MALLOC_ALIGN, Request, Thread, bootstrap};
use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// The next heap in the loader's order of search: the C library's, or another preloaded one.
#[derive(Debug, Clone, Copy)]
pub struct Next;

/// Looked up by name, once.
#[derive(Debug)]
struct Functions {
    malloc: unsafe extern "C" fn(usize) -> *mut c_void,
    calloc: unsafe extern "C" fn(usize, usize) -> *mut c_void,
    memalign: unsafe extern "C" fn(usize, usize) -> *mut c_void,
    realloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    usable_size: unsafe extern "C" fn(*mut c_void) -> usize,
}

impl Next {
    /// A block, or null, with `errno` set by the heap.
    #[inline]
    pub fn allocate(&self, request: Request) -> *mut u8 {
        let Request { size, align, zeroed } = request;
        // SAFETY: what is published is initialised and stays.
        let Some(next) = (unsafe { FOUND.load(Ordering::Acquire).as_ref() }) else {
            return early(size, align, zeroed);
        };
        // SAFETY: the C functions may be called at any time; `align` is a power of two.
        unsafe {
            if align > MALLOC_ALIGN {
                let block = (next.memalign)(align, size).cast::<u8>();
                if zeroed && !block.is_null() {
                    block.write_bytes(0, size);
                }
                block
            } else if zeroed {
                // The heap knows which pages are zero already; to clear them would make them resident.
                (next.calloc)(1, size).cast()
            } else {
                (next.malloc)(size).cast()
            }
        }
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is live and came from this heap.
    #[inline]
    pub unsafe fn free(&self, block: *mut u8) {
        if bootstrap::owns(block) {
            return;
        }
        if let Some(next) = functions() {
            // SAFETY: the caller's contract.
            unsafe { (next.free)(block.cast()) }
        }
    }

    /// Moves a block to another size, which is not zero. Null on failure, when the block stays.
    ///
    /// # Safety
    ///
    /// As for `free`.
    #[inline]
    pub unsafe fn reallocate(&self, block: *mut u8, size: usize) -> *mut u8 {
        match functions() {
            // SAFETY: the caller's contract.
            Some(next) if !bootstrap::owns(block) => unsafe { (next.realloc)(block.cast(), size).cast() },
            // SAFETY: the caller's contract.
            _ => unsafe { self.copy_out(block, size) },
        }
    }

    /// A new block of `size` bytes with `block`'s contents; `block` stays. Null on failure.
    ///
    /// # Safety
    ///
    /// As for `free`.
    pub unsafe fn copy_out(&self, block: *mut u8, size: usize) -> *mut u8 {
        let copy = self.allocate(Request { size, align: MALLOC_ALIGN, zeroed: false });
        if !copy.is_null() {
            // SAFETY: both are live and apart, and each has that many bytes.
            unsafe { copy.copy_from_nonoverlapping(block, size.min(self.usable_size(block))) };
        }
        copy
    }

    /// How many bytes of a block may be used.
    ///
    /// # Safety
    ///
    /// As for `free`.
    #[inline]
    pub unsafe fn usable_size(&self, block: *mut u8) -> usize {
        match functions() {
            // SAFETY: the caller's contract.
            Some(next) if !bootstrap::owns(block) => unsafe { (next.usable_size)(block.cast()) },
            // SAFETY: without a next heap, all blocks are the bootstrap area's.
            _ => unsafe { bootstrap::size(block) },
        }
    }
}

/// The first request of all, and those before it is known whom to ask.
#[cold]
#[inline(never)]
fn early(size: usize, align: usize, zeroed: bool) -> *mut u8 {
    if functions().is_some() {
        return Next.allocate(Request { size, align, zeroed });
    }
    let block = if align > MALLOC_ALIGN { null_mut() } else { bootstrap::allocate(size) };
    if block.is_null() {
        Thread::current().errno().set(libc::ENOMEM);
    }
    block
}

/// The functions; `None` while they are being looked up, which allocates in some C libraries.
#[inline]
fn functions() -> Option<&'static Functions> {
    let found = FOUND.load(Ordering::Acquire);
    // SAFETY: what is published is initialised and stays.
    unsafe { found.as_ref() }.or_else(look_up)
}

static FOUND: AtomicPtr<Functions> = AtomicPtr::new(null_mut());

#[cold]
fn look_up() -> Option<&'static Functions> {
    static CLAIMED: AtomicBool = AtomicBool::new(false);
    struct Place(core::cell::UnsafeCell<MaybeUninit<Functions>>);
    // SAFETY: written once, by the one who claimed it, before it is published.
    unsafe impl Sync for Place {}
    static PLACE: Place = Place(core::cell::UnsafeCell::new(MaybeUninit::uninit()));

    // The first call comes before there can be a second thread; so who finds it claimed is `dlsym` itself.
    if CLAIMED.swap(true, Ordering::AcqRel) {
        return None;
    }
    // SAFETY: each name is that of a C function of the field's type, which every C library for Linux has.
    let found = unsafe {
        Functions {
            malloc: next_function(c"malloc"),
            calloc: next_function(c"calloc"),
            memalign: next_function(c"memalign"),
            realloc: next_function(c"realloc"),
            free: next_function(c"free"),
            usable_size: next_function(c"malloc_usable_size"),
        }
    };
    let place = PLACE.0.get().cast::<Functions>();
    // SAFETY: claimed by us alone.
    unsafe { place.write(found) };
    FOUND.store(place, Ordering::Release);
    // SAFETY: just written, for good.
    Some(unsafe { &*place })
}

/// A function of the libraries after ours. Ends the process where there is none.
///
/// # Safety
///
/// `F` is the type of C's function of that name.
pub(super) unsafe fn next_function<F: Copy>(name: &CStr) -> F {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>(), "not a function pointer") };
    // SAFETY: the name is a C string.
    let symbol = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if symbol.is_null() {
        let line = c"interpose: this C library lacks a function of malloc's family\n";
        // SAFETY: the bytes are valid; nothing else can be done than to tell and end.
        unsafe {
            libc::write(2, line.as_ptr().cast(), line.count_bytes());
            libc::abort();
        }
    }
    // SAFETY: the address of a function of type `F`, which is a pointer.
    unsafe { core::mem::transmute_copy(&symbol) }
}
