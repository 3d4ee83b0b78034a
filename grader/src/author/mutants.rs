//! Mutants: the reference with one student's mistake each, as edits that must match once.
//!
//! ```toml
//! why = "merges a free buddy of another order"
//! find = "if self.order_of(buddy) != order"
//! replace = "if false"
//! must = ["correctness::a_split_buddy_is_not_merged"]
//! may = ["property::no_two_blocks_overlap"]
//! ```

use std::path::PathBuf;

use serde::Deserialize;

use super::{AuthorError, Target};

/// A mutant's file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The mistake, in a sentence.
    why: String,
    /// What to find, where there is one edit.
    find: Option<String>,
    /// What to put there.
    replace: Option<String>,
    /// The edits, where there are several.
    #[serde(default, rename = "edit")]
    edits: Vec<Edit>,
    /// Checks, as `kind::name`, that the mutant loses.
    must: Vec<String>,
    /// Checks that it may lose as well.
    #[serde(default)]
    may: Vec<String>,
}

/// One change of a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    pub find: String,
    pub replace: String,
}

/// A wrong answer, and what it loses by it.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The file's name, which is the mistake's: `merges_another_order`.
    pub name: String,
    /// The mistake, in a sentence.
    pub why: String,
    /// The whole listed file.
    pub text: String,
    /// Checks that it loses, as `kind::name`.
    pub must: Vec<String>,
    /// Checks that it may lose as well.
    pub may: Vec<String>,
}

/// The mutants of an exercise in order of name, and what is wrong with those that cannot be made.
///
/// # Errors
///
/// Where a file cannot be read.
pub fn load(target: &Target, reference: &str) -> Result<(Vec<Mutant>, Vec<String>), AuthorError> {
    let folder = target.course.root.join(target.mutants());
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    let (mut mutants, mut to_mend) = (Vec::new(), Vec::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(AuthorError::at("read", &path))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match make(name, &text, reference) {
            Ok(mutant) => mutants.push(mutant),
            Err(why) => {
                let shown = path.strip_prefix(&target.course.root).unwrap_or(&path);
                to_mend.push(format!("{}: {why}", shown.display()));
            }
        }
    }
    Ok((mutants, to_mend))
}

fn make(name: String, text: &str, reference: &str) -> Result<Mutant, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())?;
    let edits = match (file.find, file.replace) {
        (Some(find), Some(replace)) if file.edits.is_empty() => vec![Edit { find, replace }],
        (None, None) if !file.edits.is_empty() => file.edits,
        _ => return Err("write either `find` and `replace`, or a list of [[edit]]".into()),
    };
    if file.must.is_empty() {
        return Err("`must` is empty: name a check that the mistake loses".into());
    }
    let text = edited(reference, &edits)?;
    Ok(Mutant { name, why: file.why, text, must: file.must, may: file.may })
}

/// The reference with edits made one after the other, each of which must match once.
pub(super) fn edited(reference: &str, edits: &[Edit]) -> Result<String, String> {
    let mut text = reference.to_owned();
    for Edit { find, replace } in edits {
        let count = text.matches(find).count();
        if find.is_empty() || count != 1 {
            return Err(format!(
                "`find` matches {count} times in the reference and must match once: {find:?}"
            ));
        }
        text = text.replacen(find, replace, 1);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        make("m".into(), text, "a b b c").map(|m| m.text)
    }

    #[test]
    fn an_edit_must_match_once() {
        let file = |find: &str| format!("why='w'\nfind='{find}'\nreplace='x'\nmust=['correctness::y']\n");
        assert_eq!(of(&file("a")).as_deref(), Ok("x b b c"));
        assert!(of(&file("b")).unwrap_err().contains("matches 2 times"));
        assert!(of(&file("d")).unwrap_err().contains("matches 0 times"));
    }

    #[test]
    fn several_edits_are_made_one_after_the_other() {
        let two = "why='w'\nmust=['correctness::y']\n[[edit]]\nfind='a'\nreplace='1'\n[[edit]]\nfind='c'\nreplace='2'\n";
        assert_eq!(of(two).as_deref(), Ok("1 b b 2"));
        assert!(of("why='w'\nmust=['correctness::y']\n").is_err());
        assert!(of("why='w'\nfind='a'\nreplace='1'\nmust=[]\n").is_err());
    }
}
