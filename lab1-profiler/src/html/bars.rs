//! A histogram as bars, a doubling each.

use crate::profile::Bucket;
use crate::quantity::Count;
use std::fmt::{self, Write};

pub fn write(unit: &str, buckets: &[Bucket], out: &mut dyn Write) -> fmt::Result {
    let buckets = Bucket::by_doubling(buckets);
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    writeln!(out, "<table class=\"bars\">\n<thead><tr><th>{unit}</th><th>blocks</th></tr></thead>\n<tbody>")?;
    for Bucket { low, high, count } in buckets {
        let range =
            if low == high { Count(low).to_string() } else { format!("{}–{}", Count(low), Count(high)) };
        writeln!(
            out,
            "<tr><th>{range}</th><td><i style=\"width:{:.2}%\"></i>{}</td></tr>",
            70.0 * count as f64 / most.max(1) as f64,
            Count(count)
        )?;
    }
    out.write_str("</tbody>\n</table>\n")
}
