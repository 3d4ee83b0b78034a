//! The table of attacks, generated from their files and kept beside them.

use std::fmt::Write;
use std::path::PathBuf;

use super::{Attack, Layer, folder};
use crate::author::AuthorError;
use crate::course::Course;
use crate::tree::write_atomically;
use crate::verdict::Verdict;

/// Writes the table.
pub fn write(course: &Course, attacks: &[Attack]) -> Result<(), AuthorError> {
    Ok(write_atomically(&path(course), render(attacks).as_bytes())?)
}

/// What is to be done where the table is not that of `attacks`.
pub fn stale(course: &Course, attacks: &[Attack]) -> Option<String> {
    let written = std::fs::read_to_string(path(course)).ok();
    (written != Some(render(attacks)))
        .then(|| "solutions/attacks/README.md is stale. Run `cargo grade author attacks --table`.".to_owned())
}

fn path(course: &Course) -> PathBuf {
    folder(course).join("README.md")
}

/// The table as Markdown.
fn render(attacks: &[Attack]) -> String {
    let mut text = format!(
        "# Attacks\n\n{} submissions that mean ill, one trick each, by the layer that catches them. Written by \
         `cargo grade author attacks\n--table`; `cargo grade author attacks` tries each.\n\n\
         Every attack has an honest part: the reference, a skeleton, or a mutant that is known to lose something. \
         It passes no check\nthat its honest part does not, leaves no process and no file behind, and costs no other \
         exercise. Where two layers are\nnamed, the policy refuses it, and it was let past to see that the other one \
         holds alone.\n",
        attacks.len()
    );
    for layer in Layer::ALL {
        let own: Vec<&Attack> = attacks.iter().filter(|attack| attack.layer == layer).collect();
        let _ = write!(
            text,
            "\n## {} ({})\n\n{}\n\n| attack | of | what it does | caught by | comes to |\n| --- | --- | --- | --- | --- |\n",
            title(layer),
            own.len(),
            about(layer)
        );
        for attack in own {
            let by = if attack.file.past_policy {
                format!("policy, {}", layer.name())
            } else {
                layer.name().into()
            };
            let _ = writeln!(
                text,
                "| `{}` | {}, {} | {} | {by} | {} |",
                attack.name,
                attack.file.exercise,
                attack.file.answer,
                attack.file.why.replace('|', "\\|"),
                outcome(attack)
            );
        }
    }
    text
}

fn outcome(attack: &Attack) -> String {
    let verdict = match attack.file.verdict {
        Verdict::Passed => "no effect".to_owned(),
        other => other.to_string(),
    };
    if attack.file.past_policy { format!("refused; past it, {verdict}") } else { verdict }
}

fn title(layer: Layer) -> &'static str {
    match layer {
        Layer::Reader => "The submission's reader",
        Layer::Policy => "The source policy",
        Layer::Compiler => "The compiler's limits",
        Layer::Sandbox => "The sandbox",
        Layer::Protocol => "The protocol",
        Layer::Laws => "The oracle and the laws",
        Layer::Timing => "The timed checks",
    }
}

fn about(layer: Layer) -> &'static str {
    match layer {
        Layer::Reader => {
            "It takes listed files, if they are regular ones, as bytes; all else is ignored and named."
        }
        Layer::Policy => {
            "It scans a listed file's tokens, and refuses with line, reason, and what to do instead."
        }
        Layer::Compiler => {
            "Time, memory and output of a build are bounded, and what goes over costs its exercise alone."
        }
        Layer::Sandbox => {
            "What is tried here fails with an error inside the driver, so that the honest part goes on as if nothing \
             had been."
        }
        Layer::Protocol => {
            "A reply that is missing, late or malformed is a lost check, whatever the process ends with."
        }
        Layer::Laws => {
            "What is expected is never in the student's process, and every reply is held against it."
        }
        Layer::Timing => {
            "The judge holds the claimed time against its own clocks, and what was timed against an untimed run under all laws."
        }
    }
}
