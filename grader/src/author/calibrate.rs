//! `cargo grade author calibrate`: how far inside the thresholds the reference is.
//!
//! Runs the reference as often as it is told, and freezes in the rubric the figures that thresholds refer to:
//! a measure `footprint` with a `frozen` key takes the reference's measure `footprint_figure`.

use std::collections::BTreeMap;
use std::io::Write;

use super::check::{grade_one, ready};
use super::{AuthorError, Target};
use crate::grade::{Request, work_folder};
use crate::rubric::{Better, Threshold};
use crate::sandbox::Sandbox;

/// A reference should be at least this far inside `full`, as a part of it: a copy of the same code reads up
/// to 4 % off, and a busy machine adds to that.
const MARGIN: f64 = 0.1;

/// Measures the references of `targets`, prints a line a measure, and gives what is to be mended.
///
/// # Errors
///
/// Where an answer cannot be graded, or a rubric cannot be written.
pub fn calibrate(targets: &[Target], runs: u32, out: &mut dyn Write) -> Result<Vec<String>, AuthorError> {
    let mut to_mend = Vec::new();
    for target in targets.iter().filter(|t| t.exercise.published) {
        let Some(reference) = target.text(&target.solution())? else { continue };
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let ready = ready(target.course)?;
        let folder = work_folder(target.course).join("answers").join("reference");
        for _ in 0..runs {
            let request = Request { sandbox: Sandbox::here(&[]), ..Request::default() };
            for check in grade_one(&ready, target, &folder, &reference, request)?.checks {
                for (name, measured) in check.measures {
                    values.entry(name).or_default().push(measured.value);
                }
            }
        }
        for (name, threshold) in &target.exercise.measures {
            measure(target, name, threshold, &values, out, &mut to_mend)?;
        }
    }
    Ok(to_mend)
}

fn measure(
    target: &Target,
    name: &str,
    threshold: &Threshold,
    values: &BTreeMap<String, Vec<f64>>,
    out: &mut dyn Write,
    to_mend: &mut Vec<String>,
) -> Result<(), AuthorError> {
    let what = format!("{}, measure {name}", target.name());
    if let (Some(_), Some(figures)) = (threshold.frozen, values.get(&format!("{name}_figure"))) {
        let figure = median(figures);
        let rubric = std::path::Path::new(&target.assignment.folder).join("rubric.toml");
        let text = target.text(&rubric)?.unwrap_or_default();
        match freeze(&text, &target.exercise.id, name, figure) {
            Some(frozen) => {
                let path = target.course.root.join(&rubric);
                std::fs::write(&path, frozen).map_err(AuthorError::at("write", &path))?;
                print(out, &format!("{what}: frozen at {figure}; judges are built anew with it"))?;
            }
            None => to_mend.push(format!("{what}: {} has no `frozen = …` line for it.", rubric.display())),
        }
    }
    let Some(measured) = values.get(name) else {
        to_mend.push(format!("{what}: the reference's checks report no such measure."));
        return Ok(());
    };
    let (worst, best) = match threshold.better {
        Better::Lower => (max(measured), min(measured)),
        Better::Higher => (min(measured), max(measured)),
    };
    let inside = match threshold.better {
        Better::Lower => (threshold.full - worst) / threshold.full,
        Better::Higher => (worst - threshold.full) / threshold.full,
    };
    print(
        out,
        &format!(
            "{what}: {:.3} ({worst:.3} at worst, {best:.3} at best, {} values); full at {}: {:.0} % inside",
            median(measured),
            measured.len(),
            threshold.full,
            inside * 100.0
        ),
    )?;
    // A figure that is exact, such as one that is compared with itself, needs no margin.
    if inside < MARGIN && worst != best || inside < 0.0 {
        to_mend.push(format!("{what}: the reference is only {:.0} % inside `full`.", inside * 100.0));
    }
    Ok(())
}

fn print(out: &mut dyn Write, line: &str) -> Result<(), AuthorError> {
    writeln!(out, "{line}").map_err(AuthorError::at("write", std::path::Path::new("standard output")))
}

/// The rubric with the frozen figure of one measure replaced, and everything else as it stood.
fn freeze(rubric: &str, exercise: &str, measure: &str, figure: f64) -> Option<String> {
    let (mut here, mut within, mut done) = (false, false, false);
    let mut lines = Vec::new();
    for line in rubric.lines() {
        let bare = line.trim();
        if bare.starts_with('[') {
            within = here && bare == format!("[exercise.measures.{measure}]");
        }
        if bare == "[[exercise]]" {
            here = false;
        } else if bare == format!("id = \"{exercise}\"") {
            here = true;
        }
        if within && bare.starts_with("frozen") && !done {
            done = true;
            lines.push(format!("frozen = {figure}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    done.then(|| lines.join("\n") + "\n")
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn min(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUBRIC: &str = "[[exercise]]\nid = \"a\"\n[exercise.measures.m]\nfrozen = 1\n\n[[exercise]]\nid = \"b\"\n\
                          # why\n[exercise.measures.l]\nfrozen = 2\n[exercise.measures.m]\nfull = 1\nfrozen = 3 # x\n";

    #[test]
    fn a_figure_is_frozen_in_its_own_measure_of_its_own_exercise() {
        let frozen = freeze(RUBRIC, "b", "m", 7.0).expect("the measure is there");
        assert_eq!(frozen, RUBRIC.replace("frozen = 3 # x", "frozen = 7"));
    }

    #[test]
    fn a_measure_without_the_key_is_left_alone() {
        assert_eq!(freeze(RUBRIC, "a", "l", 7.0), None);
    }
}
