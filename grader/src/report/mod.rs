//! Reports: each is a pure function of the one result model.
//!
//! | module | for |
//! | --- | --- |
//! | [`table`] | the terminal |
//! | [`json`] | programs |
//! | [`html`] | a browser |
//! | [`junit`], [`markdown`] | a continuous-integration run: its tests, its summary |
//! | [`gradescope`] | that platform |
//! | [`csv`] | a spreadsheet |
//!
//! [`measure`] has the words for what was measured. What a student may not read is taken out before any report sees
//! it, in [`view`] and nowhere else.

pub mod csv;
pub mod gradescope;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod measure;
pub mod table;
pub mod view;

#[cfg(test)]
pub(crate) mod sample;

/// Points as a report writes them: at most two decimals, and none where they are zero.
pub(crate) fn points(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// What was earned of what could be earned here, with what is neither earned nor lost after it:
/// `62 of 62 visible points; 38 hidden`.
pub(crate) fn tally(tally: &crate::result::Tally) -> String {
    let whole = tally.hidden == 0.0 && tally.undecided == 0.0;
    let mut text =
        format!("{} of {}", points(tally.score), points(if whole { tally.max } else { tally.visible }));
    text.push_str(if whole { " points" } else { " visible points" });
    if tally.hidden > 0.0 {
        text.push_str(&format!("; {} hidden", points(tally.hidden)));
    }
    if tally.undecided > 0.0 {
        text.push_str(&format!("; {} undecided", points(tally.undecided)));
    }
    text
}

/// The command that runs a public check alone.
pub(crate) fn alone(package: &str, check: &crate::result::CheckResult) -> Option<String> {
    use crate::rubric::{Kind, Visibility};
    let name = check.id.split_once('/')?.1.replace('/', "::");
    match (check.visibility, check.kind) {
        (Visibility::Hidden, _) => None,
        (_, Kind::Refuses) => {
            let (exercise, _) = name.split_once("::")?;
            Some(format!("cargo test -p {package} --test refuses {exercise}"))
        }
        _ => Some(format!("cargo test -p {package} --test public -- --exact {name}")),
    }
}
