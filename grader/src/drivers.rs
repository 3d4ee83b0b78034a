//! Finding a set of listed files with which the driver builds, and whom to tell that theirs does not.
//!
//! It knows what the compiler complained of, and nothing of how it is run.

use std::collections::BTreeMap;

use crate::cargo::{Artifacts, Built, Complaint};

/// Listed files by exercise id. An exercise that is not in it is built as its skeleton.
pub type Files = BTreeMap<String, String>;

/// The most of the compiler's words that a report shows of one exercise.
const MOST_WORDS: usize = 6_000;

/// What was settled.
#[derive(Debug)]
pub enum Settled {
    /// The driver builds.
    Done {
        /// What the build left.
        artifacts: Artifacts,
        /// The files that it was built with.
        chosen: Files,
        /// Whose file was replaced by its skeleton, and the compiler's words.
        refused: BTreeMap<String, String>,
    },
    /// It does not build with skeletons only: the course is broken.
    CourseBroken(String),
}

/// Builds with `present`, and where that fails with as many of them as build.
///
/// `listed` gives the exercise of a listed file's path as the compiler names it.
pub fn settle<E>(
    present: &Files,
    listed: &BTreeMap<String, String>,
    mut build: impl FnMut(&Files) -> Result<Built, E>,
) -> Result<Settled, E> {
    let mut chosen = present.clone();
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    let mut blamed_with_doubt = false;
    let artifacts = loop {
        let complaints = match build(&chosen)? {
            Built::Done(artifacts) => break artifacts,
            Built::Refused(complaints) => complaints,
            Built::Exhausted => Vec::new(),
        };
        if chosen.is_empty() {
            return Ok(Settled::CourseBroken(words(complaints.iter())));
        }
        let named = |c: &Complaint| -> Vec<String> {
            let ids = c.places.iter().filter_map(|(file, _)| listed.get(file));
            ids.filter(|id| chosen.contains_key(*id)).cloned().collect()
        };
        let mut blamed: BTreeMap<String, Vec<&Complaint>> = BTreeMap::new();
        for complaint in &complaints {
            let ids = named(complaint);
            blamed_with_doubt |= ids.is_empty();
            for id in ids {
                blamed.entry(id).or_default().push(complaint);
            }
        }
        if blamed.is_empty() && chosen.len() == 1 {
            refused.extend(std::mem::take(&mut chosen).into_keys().map(|id| (id, words(complaints.iter()))));
            continue;
        }
        if blamed.is_empty() {
            one_at_a_time(&mut chosen, &mut refused, &mut build)?;
            continue;
        }
        for (id, complaints) in blamed {
            refused.insert(id.clone(), words(complaints.into_iter()));
            chosen.remove(&id);
        }
    };
    // A fault in one file may show in another, which uses it. Where something beside the listed files was
    // complained of as well, each gets a second chance.
    if !blamed_with_doubt || refused.len() < 2 {
        return Ok(Settled::Done { artifacts, chosen, refused });
    }
    let mut artifacts = Some(artifacts);
    for id in refused.keys().cloned().collect::<Vec<_>>() {
        let mut with = chosen.clone();
        with.insert(id.clone(), present[&id].clone());
        artifacts = match build(&with)? {
            Built::Done(built) => {
                chosen = with;
                refused.remove(&id);
                Some(built)
            }
            _ => None,
        };
    }
    // The last build may have been one that failed, and its artefacts are those that count.
    let artifacts = match artifacts {
        Some(artifacts) => artifacts,
        None => match build(&chosen)? {
            Built::Done(artifacts) => artifacts,
            Built::Refused(complaints) => return Ok(Settled::CourseBroken(words(complaints.iter()))),
            Built::Exhausted => return Ok(Settled::CourseBroken(words([].iter()))),
        },
    };
    Ok(Settled::Done { artifacts, chosen, refused })
}

// No complaint names a listed file: each is tried among skeletons, and what passes alone is put together.
fn one_at_a_time<E>(
    chosen: &mut Files,
    refused: &mut BTreeMap<String, String>,
    build: &mut impl FnMut(&Files) -> Result<Built, E>,
) -> Result<(), E> {
    let mut good = Files::new();
    for (id, text) in &*chosen {
        let alone = Files::from([(id.clone(), text.clone())]);
        match build(&alone)? {
            Built::Done(_) => {
                good.insert(id.clone(), text.clone());
            }
            Built::Refused(complaints) => {
                refused.insert(id.clone(), words(complaints.iter()));
            }
            Built::Exhausted => {
                refused.insert(id.clone(), words([].iter()));
            }
        }
    }
    if good.len() < chosen.len() {
        *chosen = good;
        return Ok(());
    }
    // Each builds alone and not together: the later one of a pair that does not agree is told.
    let mut together = Files::new();
    for (id, text) in good {
        together.insert(id.clone(), text);
        let said = match build(&together)? {
            Built::Done(_) => continue,
            Built::Refused(complaints) => words(complaints.iter()),
            Built::Exhausted => words([].iter()),
        };
        together.remove(&id);
        refused.insert(id, said);
    }
    *chosen = together;
    Ok(())
}

pub(crate) fn words<'a>(complaints: impl Iterator<Item = &'a Complaint>) -> String {
    let all: Vec<&str> = complaints.map(|c| c.rendered.trim_end()).collect();
    if all.is_empty() {
        return "The compiler did not come to an end within its limits of time, memory and stack. Look for a \
                constant, a macro, a type or a nesting that grows without end."
            .to_owned();
    }
    let mut text = all.join("\n\n");
    if let Some((cut, _)) = text.char_indices().nth(MOST_WORDS) {
        text.truncate(cut);
        text.push_str("\n…");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn files(ids: &[&str]) -> Files {
        ids.iter().map(|id| ((*id).to_owned(), format!("text of {id}"))).collect()
    }

    fn refusal(places: &[&str]) -> Built {
        let complaint = |p: &&str| Complaint {
            rendered: format!("error in {p}"),
            code: None,
            places: vec![(format!("src/{p}.rs"), 1)],
        };
        Built::Refused(places.iter().map(complaint).collect())
    }

    /// Settles with a compiler that refuses what `refuses` says of the ids it is given.
    fn settled(
        ids: &[&str],
        refuses: impl Fn(&[&str]) -> Vec<&'static str>,
    ) -> (Vec<String>, Vec<String>, usize) {
        let listed = ["a", "b", "c"].iter().map(|i| (format!("src/{i}.rs"), (*i).to_owned())).collect();
        let mut builds = 0;
        let settled = settle::<Infallible>(&files(ids), &listed, |files| {
            builds += 1;
            let ids: Vec<&str> = files.keys().map(String::as_str).collect();
            let places = refuses(&ids);
            Ok(if places.is_empty() { Built::Done(Artifacts::default()) } else { refusal(&places) })
        });
        let Ok(settled) = settled;
        match settled {
            Settled::Done { chosen, refused, .. } => {
                (chosen.into_keys().collect(), refused.into_keys().collect(), builds)
            }
            Settled::CourseBroken(_) => (vec!["broken".into()], vec![], builds),
        }
    }

    fn strings(of: &[&str]) -> Vec<String> {
        of.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn what_builds_is_built_once() {
        assert_eq!(settled(&["a", "b"], |_| vec![]), (strings(&["a", "b"]), vec![], 1));
    }

    #[test]
    fn a_file_that_the_compiler_names_costs_only_its_exercise() {
        let broken_b = |ids: &[&str]| if ids.contains(&"b") { vec!["b"] } else { vec![] };
        assert_eq!(settled(&["a", "b", "c"], broken_b), (strings(&["a", "c"]), strings(&["b"]), 2));
    }

    #[test]
    fn a_signature_that_the_contract_complains_of_is_found_by_trying_each_alone() {
        let broken_b = |ids: &[&str]| if ids.contains(&"b") { vec!["contract"] } else { vec![] };
        let (chosen, refused, _) = settled(&["a", "b", "c"], broken_b);
        assert_eq!((chosen, refused), (strings(&["a", "c"]), strings(&["b"])));
    }

    #[test]
    fn a_file_that_uses_a_broken_one_gets_a_second_chance() {
        // `a` changed a signature: the contract says so, and so does `c`, which calls it.
        let broken_a = |ids: &[&str]| match (ids.contains(&"a"), ids.contains(&"c")) {
            (true, true) => vec!["contract", "c", "a"],
            (true, false) => vec!["contract"],
            _ => vec![],
        };
        let (chosen, refused, _) = settled(&["a", "b", "c"], broken_a);
        assert_eq!((chosen, refused), (strings(&["b", "c"]), strings(&["a"])));
    }

    #[test]
    fn of_two_files_that_only_fail_together_the_later_is_told() {
        let pair =
            |ids: &[&str]| if ids.contains(&"a") && ids.contains(&"c") { vec!["contract"] } else { vec![] };
        let (chosen, refused, _) = settled(&["a", "b", "c"], pair);
        assert_eq!((chosen, refused), (strings(&["a", "b"]), strings(&["c"])));
    }

    #[test]
    fn a_course_that_does_not_build_is_no_students_fault() {
        assert_eq!(settled(&["a"], |_| vec!["a"]).0, strings(&["broken"]));
    }
}
