//! Visualisation: where the bytes are, and how they came to be so many.
//!
//! ```text
//!   map        one cell for so many bytes, row by row      ■■■▥▢▢■■■■▥▢▢▢■■
//!   timeline   more samples than pixels: keep each         ╱╲╱‾‾╲__╱‾
//!              bucket's least and largest, never its mean
//! ```
//!
//! A drawing is a claim about data: no block may vanish because it is small, no peak because it is short,
//! and nothing may be told by colour alone.
//!
//! Sources: E. Tufte, *The Visual Display of Quantitative Information*; U. Jugel et al., "M4: a
//! visualization-oriented time series data aggregation", VLDB 2014; WCAG 2.2, criterion 1.4.1; SVG 1.1.

use core::ops::Range;

/// A live block and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its addresses; not empty.
    pub range: Range<usize>,
}

/// One cell of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Bytes of the range that the cell stands for; the last cell may have fewer.
    pub bytes: usize,
    /// How many of them are in live blocks.
    pub live: usize,
    /// How many blocks have a byte in it.
    pub blocks: usize,
}

/// Cuts `range` into at most `cells` cells of equal size (but for the last) and fills them in. `blocks`
/// are sorted by address, without overlap, and may reach beyond `range`; `cells` is not zero. The cells' `live`
/// bytes sum to the blocks' bytes in `range`.
pub fn cells(range: Range<usize>, blocks: &[Block], cells: usize) -> Vec<Cell> {
    todo!("lab2.visualisation.cells: {} blocks in {range:x?}, {cells} cells", blocks.len())
}

/// Draws cells in rows of `columns` as SVG.
///
/// One `<rect>` a cell, with `x`, `y`, `width`, `height`, the attributes `data-live` and `data-bytes`, and a
/// `<title>` that says both. A cell with a live byte never looks like an empty one: fill *and* pattern tell.
pub fn map_svg(cells: &[Cell], columns: usize) -> String {
    todo!("lab2.visualisation.map_svg: {} cells in rows of {columns}", cells.len())
}

/// A moment: the clock and the live bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Ascending, in any unit.
    pub time: u64,
    /// Live bytes then.
    pub live: u64,
}

/// Picks at most `4 * buckets` samples: of each of `buckets` equal spans of time the first, the least, the
/// largest and the last, in order of time, none twice. All of them if there are no more than that.
pub fn decimate(samples: &[Sample], buckets: usize) -> Vec<Sample> {
    todo!("lab2.visualisation.decimate: {} samples to {buckets} buckets", samples.len())
}

/// Draws samples as SVG of `width` by `height`: one `<polyline>`, both axes labelled, the peak marked with
/// a `<circle>` and a `<text>` of its value. Any size from 1 by 1 and any number of samples will do.
pub fn timeline_svg(samples: &[Sample], width: u32, height: u32) -> String {
    todo!("lab2.visualisation.timeline_svg: {} samples on {width} by {height}", samples.len())
}
