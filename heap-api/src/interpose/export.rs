//! The exported functions.

/// Exports C's allocation functions from a `cdylib`, served by an [`Interposer`](crate::interpose::Interposer).
///
/// ```ignore
/// static COUNTER: Counter = Counter::new();
/// heap_api::interpose!(COUNTER);
/// ```
///
/// Each function is a few instructions that add the caller's frame pointer and return address to the arguments and
/// go on in Rust: nothing is assumed of how this library is compiled. Linux on x86-64 and AArch64.
#[macro_export]
macro_rules! interpose {
    ($interposer:path) => {
        const _: () = {
            use $crate::interpose::{Caller, calls, ends};
            use ::core::ffi::{c_int, c_void};

            $crate::__with_caller!(malloc, 1, (size: usize) -> *mut u8 {
                calls::malloc(&$interposer, size)
            });
            $crate::__with_caller!(calloc, 2, (count: usize, size: usize) -> *mut u8 {
                calls::calloc(&$interposer, count, size)
            });
            $crate::__with_caller!(realloc, 2, (block: *mut u8, size: usize) -> *mut u8 {
                calls::realloc(&$interposer, block, size)
            });
            $crate::__with_caller!(reallocarray, 3, (block: *mut u8, count: usize, size: usize) -> *mut u8 {
                calls::reallocarray(&$interposer, block, count, size)
            });
            $crate::__with_caller!(memalign, 2, (align: usize, size: usize) -> *mut u8 {
                calls::memalign(&$interposer, align, size)
            });
            $crate::__with_caller!(aligned_alloc, 2, (align: usize, size: usize) -> *mut u8 {
                calls::aligned_alloc(&$interposer, align, size)
            });
            $crate::__with_caller!(posix_memalign, 3, (place: *mut *mut u8, align: usize, size: usize) -> c_int {
                calls::posix_memalign(&$interposer, place, align, size)
            });
            $crate::__with_caller!(valloc, 1, (size: usize) -> *mut u8 {
                calls::valloc(&$interposer, size)
            });
            $crate::__with_caller!(pvalloc, 1, (size: usize) -> *mut u8 {
                calls::pvalloc(&$interposer, size)
            });

            /// `free`.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn free(block: *mut u8) {
                // SAFETY: the caller's contract, which is C's.
                unsafe { calls::free(&$interposer, block) }
            }
            /// `cfree`, which programs older than glibc 2.26 call.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn cfree(block: *mut u8) {
                // SAFETY: the caller's contract, which is C's.
                unsafe { calls::free(&$interposer, block) }
            }
            /// `malloc_usable_size`.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn malloc_usable_size(block: *mut u8) -> usize {
                // SAFETY: the caller's contract, which is the C library's.
                unsafe { calls::malloc_usable_size(&$interposer, block) }
            }

            /// `dlclose`.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn dlclose(handle: *mut c_void) -> c_int {
                // SAFETY: the caller's contract, which is C's.
                unsafe { ends::dlclose(&$interposer, handle) }
            }
            $crate::__before_end!(_exit, 0, ending);
            $crate::__before_end!(_Exit, 1, ending);
            $crate::__before_end!(execve, 2, ending);
            $crate::__before_end!(execv, 3, ending);
            $crate::__before_end!(execvp, 4, ending);
            $crate::__before_end!(execvpe, 5, ending);
            $crate::__before_end!(execl, 6, ending);
            $crate::__before_end!(execlp, 7, ending);
            $crate::__before_end!(execle, 8, ending);
            $crate::__before_end!(fexecve, 9, ending);
            $crate::__before_end!(execveat, 10, ending);

            extern "C" fn ending(which: usize) -> *mut c_void {
                ends::before(&$interposer, which)
            }
            extern "C" fn exiting(_: *mut c_void) {
                ends::ending(&$interposer);
            }
            extern "C" fn prepare() {
                ends::prepare(exiting);
            }
            #[used]
            #[unsafe(link_section = ".init_array")]
            static PREPARE: extern "C" fn() = prepare;
        };
    };
}

/// Exports `$name`, which takes `$count` arguments, and goes on with the caller's frame and return address as two
/// more.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_caller {
    ($name:ident, $count:tt, ($($argument:ident: $type:ty),*) -> $result:ty { $($call:ident)::+ ($to:expr $(, $pass:ident)*) }) => {
        const _: () = {
            #[doc = concat!("`", stringify!($name), "`.")]
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            unsafe extern "C" fn $name($(_: $type),*) -> $result {
                $crate::__go_on!($count, served)
            }
            #[allow(unused_unsafe, reason = "some of the functions are safe to call")]
            unsafe extern "C" fn served($($argument: $type,)* caller: Caller) -> $result {
                // SAFETY: the caller's contract, which is C's.
                unsafe { $($call)::+ ($to, $($pass,)* caller) }
            }
        };
    };
}

/// Adds the frame pointer and the return address as arguments after the first `$count`, and goes on.
#[cfg(target_arch = "x86_64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __go_on {
    (1, $to:ident) => {
        ::core::arch::naked_asm!("mov rsi, rbp", "mov rdx, [rsp]", "jmp {}", sym $to)
    };
    (2, $to:ident) => {
        ::core::arch::naked_asm!("mov rdx, rbp", "mov rcx, [rsp]", "jmp {}", sym $to)
    };
    (3, $to:ident) => {
        ::core::arch::naked_asm!("mov rcx, rbp", "mov r8, [rsp]", "jmp {}", sym $to)
    };
}

/// Adds the frame pointer and the return address as arguments after the first `$count`, and goes on.
#[cfg(target_arch = "aarch64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __go_on {
    (1, $to:ident) => {
        ::core::arch::naked_asm!("mov x1, x29", "mov x2, x30", "b {}", sym $to)
    };
    (2, $to:ident) => {
        ::core::arch::naked_asm!("mov x2, x29", "mov x3, x30", "b {}", sym $to)
    };
    (3, $to:ident) => {
        ::core::arch::naked_asm!("mov x3, x29", "mov x4, x30", "b {}", sym $to)
    };
}

/// Exports `$name`, of whatever arguments, which calls `$before` with `$which` and then becomes the function that
/// this gives, with the arguments as they were.
#[cfg(target_arch = "x86_64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __before_end {
    ($name:ident, $which:literal, $before:ident) => {
        #[doc = concat!("`", stringify!($name), "`.")]
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            ::core::arch::naked_asm!(
                // Seven registers: the stack is aligned for the call. `al` counts a variadic call's vectors.
                "push rdi", "push rsi", "push rdx", "push rcx", "push r8", "push r9", "push rax",
                "mov edi, {}",
                "call {}",
                "mov r11, rax",
                "pop rax", "pop r9", "pop r8", "pop rcx", "pop rdx", "pop rsi", "pop rdi",
                "jmp r11",
                const $which,
                sym $before,
            )
        }
    };
}

/// Exports `$name`, of whatever arguments, which calls `$before` with `$which` and then becomes the function that
/// this gives, with the arguments as they were.
#[cfg(target_arch = "aarch64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __before_end {
    ($name:ident, $which:literal, $before:ident) => {
        #[doc = concat!("`", stringify!($name), "`.")]
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            ::core::arch::naked_asm!(
                "stp x29, x30, [sp, -80]!",
                "stp x0, x1, [sp, 16]", "stp x2, x3, [sp, 32]", "stp x4, x5, [sp, 48]", "stp x6, x7, [sp, 64]",
                "mov x0, {}",
                "bl {}",
                "mov x16, x0",
                "ldp x0, x1, [sp, 16]", "ldp x2, x3, [sp, 32]", "ldp x4, x5, [sp, 48]", "ldp x6, x7, [sp, 64]",
                "ldp x29, x30, [sp], 80",
                "br x16",
                const $which,
                sym $before,
            )
        }
    };
}
