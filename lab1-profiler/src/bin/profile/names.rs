//! Names for addresses, from the files that they lie in.
//!
//! Each process has its libraries elsewhere, so an address is first turned into a *place*: a number for file and
//! position, the same in every process. A place also counts the functions that were inlined there:
//!
//! ```text
//!   │ 1 │ file: 23 bits │ inlined: 4 bits │ position in the file's own addresses: 36 bits │
//! ```

use addr2line::Loader;
use lab1_profiler::dump::{Dump, Segment};
use lab1_profiler::report::Symbols;
use object::{Object, ObjectSegment};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const PLACE: usize = 1 << 63;
const FILE: u32 = 40;
const DEPTH: u32 = 36;
const DEPTHS: usize = 16;
const POSITION: usize = (1 << DEPTH) - 1;

/// The names that were looked up so far.
#[derive(Default)]
pub struct Names {
    files: Vec<Module>,
    numbers: HashMap<String, usize>,
    /// By place, of the byte before.
    names: HashMap<usize, String>,
    /// The places of an address: one, or several where functions were inlined.
    places: HashMap<usize, Vec<usize>>,
}

struct Module {
    path: PathBuf,
    /// (offset in the file, length, address).
    segments: Vec<(u64, u64, u64)>,
    loader: Option<Loader>,
}

impl Names {
    /// A profile's stack as places, innermost first.
    pub fn places(&mut self, profile: &Dump, epoch: u32, stack: &[u64]) -> Vec<usize> {
        let mut places = Vec::with_capacity(stack.len());
        for &address in stack {
            let Some(first) = self.place(profile, epoch, address) else {
                places.push(address as usize);
                continue;
            };
            if !self.places.contains_key(&first) {
                let names = self.look_up(first);
                let inlined = (0..names.len()).map(|depth| first | depth << DEPTH);
                self.places.insert(first, inlined.clone().collect());
                self.names.extend(inlined.map(|place| place - 1).zip(names));
            }
            places.extend(&self.places[&first]);
        }
        places
    }

    /// The place of a return address.
    fn place(&mut self, profile: &Dump, epoch: u32, address: u64) -> Option<usize> {
        let call = address - 1;
        let holds =
            |segment: &&Segment| segment.epoch == epoch && (segment.start..segment.end).contains(&call);
        let segment = profile.segments.iter().find(holds)?;
        // What has no file was made at run time; the kernel's own is in none either.
        let path = segment.file.strip_suffix(" (deleted)").unwrap_or(&segment.file);
        if !path.starts_with('/') {
            return None;
        }
        let number = match self.numbers.get(path) {
            Some(number) => *number,
            None => {
                let number = self.files.len();
                self.files.push(Module::open(Path::new(path)));
                self.numbers.insert(path.to_owned(), number);
                number
            }
        };
        let offset = address - segment.start + segment.offset;
        let position = self.files[number].position(offset) as usize;
        (position <= POSITION && number < 1 << (63 - FILE)).then_some(PLACE | number << FILE | position)
    }

    /// The functions at a place, innermost first; never none.
    fn look_up(&self, place: usize) -> Vec<String> {
        let file = &self.files[(place & !PLACE) >> FILE];
        let position = (place & POSITION) as u64;
        let mut names = file.names(position - 1);
        names.truncate(DEPTHS);
        if names.is_empty() {
            let file = file.path.file_name().unwrap_or_default().to_string_lossy();
            names.push(format!("{file}+{:#x}", position - 1));
        }
        names
    }
}

impl Symbols for Names {
    fn name(&self, address: usize) -> Option<&str> {
        self.names.get(&address).map(String::as_str)
    }
}

impl Module {
    /// Reads what there is. A file that is gone or no program has no names.
    fn open(path: &Path) -> Self {
        let (mut segments, mut debug) = (Vec::new(), None);
        if let Ok(bytes) = std::fs::read(path)
            && let Ok(file) = object::File::parse(&*bytes)
        {
            segments.extend(file.segments().map(|segment| {
                let (offset, len) = segment.file_range();
                (offset, len, segment.address())
            }));
            debug = file.build_id().ok().flatten().and_then(separate_debug_file);
        }
        let loader = debug.and_then(|path| Loader::new(path).ok()).or_else(|| Loader::new(path).ok());
        Self { path: path.to_owned(), segments, loader }
    }

    /// The file's own address for an offset in it.
    fn position(&self, offset: u64) -> u64 {
        let holds = |&&(start, len, _): &&(u64, u64, u64)| (start..=start + len).contains(&offset);
        self.segments.iter().find(holds).map_or(offset, |(start, _, address)| offset - start + address)
    }

    /// Functions at an address of the file, innermost first.
    fn names(&self, address: u64) -> Vec<String> {
        let Some(loader) = &self.loader else { return Vec::new() };
        let mut names = Vec::new();
        if let Ok(mut frames) = loader.find_frames(address) {
            while let Ok(Some(frame)) = frames.next() {
                let name = frame.function.and_then(|function| Some(function.demangle().ok()?.into_owned()));
                names.extend(name);
            }
        }
        if names.is_empty() {
            names.extend(loader.find_symbol(address).map(|name| {
                let language = addr2line::demangle_auto(name.into(), None);
                language.into_owned()
            }));
        }
        names
    }
}

/// Where distributions keep what debuggers want to know of a file: by its build's number.
fn separate_debug_file(build: &[u8]) -> Option<PathBuf> {
    let (first, rest) = build.split_first()?;
    let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = PathBuf::from(format!("/usr/lib/debug/.build-id/{first:02x}/{rest}.debug"));
    path.exists().then_some(path)
}
