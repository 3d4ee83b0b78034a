//! `rubric.toml`: the exercises of one assignment, their points, and what their files may hold.
//!
//! The field docs are the manual. Unknown fields are refused, so that a misspelt one cannot be silently without effect.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use miette::Diagnostic;
use num_rational::Ratio;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// An exact number of points or credit.
pub type Exact = Ratio<i128>;

/// The rubric of one assignment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// The short id that checks begin with: `ps1`.
    pub id: String,
    /// A title to read.
    pub title: String,
    /// The crates, by their names in Rust, that listed files may use beside the standard library. What else the
    /// package stands on is its driver's: peers, and the means to answer the judge.
    #[serde(default)]
    pub crates: Vec<String>,
    /// What no listed file may hold, beside what its own policy forbids: all are one library, so what one names any
    /// other can use.
    #[serde(default)]
    pub forbid: Vec<String>,
    /// Folders of packages whose libraries and binaries program checks need, built with the submission's files.
    #[serde(default)]
    pub programs: Vec<String>,
    /// The exercises, in the order in which they are shown.
    #[serde(default, rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// One exercise: a listed file, which the student edits, and some points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// The module's name, in the library and in the judges: `buddy`.
    pub id: String,
    /// A title to read.
    pub title: String,
    /// The listed file, within the assignment: `src/buddy.rs`.
    pub file: String,
    /// Weight against the assignment's other exercises. Of extra credit: points of the course.
    pub points: Points,
    /// Whether the points come on top of the 100.
    #[serde(default)]
    pub extra_credit: bool,
    /// False while the traits stand and the checks are to come: it counts as not attempted.
    #[serde(default = "yes")]
    pub published: bool,
    /// Hours that a student may expect it to take.
    #[serde(default)]
    pub hours: Option<f64>,
    /// What the listed file may not hold.
    #[serde(default)]
    pub policy: Policy,
    /// Parts of the points: kind = [public, hidden]. They are scaled to `points`. Where it is empty all checks weigh alike.
    #[serde(default)]
    pub points_by_kind: BTreeMap<Kind, [Points; 2]>,
    /// Kind = the public checks (`correctness::name`) without which the kind's checks are not run, which costs.
    #[serde(default)]
    pub needs: BTreeMap<Kind, Vec<String>>,
    /// Public check (`performance::name`) = the public checks that it alone needs besides.
    #[serde(default)]
    pub check_needs: BTreeMap<String, Vec<String>>,
    /// Performance checks (`performance::name`) whose measures are exact. They run beside others: only what is
    /// timed wants the machine to itself.
    #[serde(default)]
    pub exact: Vec<String>,
    /// What a student may read of a hidden check: `"kind::name" = "title"`. A public check's title is its name with spaces.
    #[serde(default)]
    pub titles: BTreeMap<String, String>,
    /// Thresholds, by measure. Judges read them.
    #[serde(default)]
    pub measures: BTreeMap<String, Threshold>,
}

/// The source policy of a listed file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// What the file may not hold: a word wherever it stands (`include_str`, `no_mangle`, `System`), a path
    /// (`std::fs`; of a type its name alone counts), the attribute `link`, or `path` (also written
    /// `path_attribute`), which is whatever leads to another file without a word of its own.
    pub forbid: Vec<String>,
    /// False refuses `unsafe` in the file.
    pub unsafe_code: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { forbid: Vec::new(), unsafe_code: true }
    }
}

/// A threshold between full and no credit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Which way is better.
    pub better: Better,
    /// Full credit at this or better.
    pub full: f64,
    /// No credit at this or worse; linear between.
    pub zero: f64,
    /// The unit to show.
    #[serde(default)]
    pub unit: String,
    /// The reference's figure, written by `author calibrate`.
    #[serde(default)]
    pub frozen: Option<f64>,
}

/// Which way a measure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The lower, the better.
    Lower,
    /// The higher, the better.
    Higher,
}

/// What a check is about. The order is the order in which kinds are run and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Given programs with known answers.
    Correctness,
    /// Random programs against a model or laws.
    Property,
    /// Code that must not compile.
    Refuses,
    /// Every interleaving, on the `loom` build.
    Concurrency,
    /// A real program runs on the student's code.
    Program,
    /// Measures and timing.
    Performance,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Kind; 6] = [
        Kind::Correctness,
        Kind::Property,
        Kind::Refuses,
        Kind::Concurrency,
        Kind::Program,
        Kind::Performance,
    ];

    /// The name in judges, rubrics and check ids.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Correctness => "correctness",
            Kind::Property => "property",
            Kind::Refuses => "refuses",
            Kind::Concurrency => "concurrency",
            Kind::Program => "program",
            Kind::Performance => "performance",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whether students have the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Students have it and can run it.
    Public,
    /// Students know its title and its points.
    Hidden,
}

impl Visibility {
    /// The name in judges' targets and reports.
    pub fn name(self) -> &'static str {
        match self {
            Visibility::Public => "public",
            Visibility::Hidden => "hidden",
        }
    }
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Points as a rubric writes them: a number with at most three decimals, from 0 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(pub Exact);

impl Points {
    /// As an exact number.
    pub fn exact(self) -> Exact {
        self.0
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(de)?;
        let thousandths = number * 1000.0;
        // Within 10,000 the product is far below 2^53, so rounding finds the decimal that was written.
        if !(0.0..=10_000.0).contains(&number) || (thousandths - thousandths.round()).abs() > 1e-6 {
            return Err(serde::de::Error::custom(format!(
                "{number} is no number of points: write one from 0 to 10000 with at most three decimals"
            )));
        }
        Ok(Points(Ratio::new(thousandths.round() as i128, 1000)))
    }
}

/// Why a rubric cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum RubricError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    #[diagnostic(help("check that the file is there, and that you may read it"))]
    Read {
        /// The rubric.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a rubric.
    #[error("{} is not a rubric: {reason}", path.display())]
    #[diagnostic(help(
        "every field of a rubric is described in grader/src/rubric.rs; correct the file and run this again"
    ))]
    Malformed {
        /// The rubric.
        path: PathBuf,
        /// What is wrong, with its line.
        reason: String,
    },
}

impl Rubric {
    /// The rubric of the assignment in `folder`; `None` where it has none yet.
    pub fn load(folder: &Path) -> Result<Option<Rubric>, RubricError> {
        let path = folder.join("rubric.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Rubric::parse(&text).map(Some).map_err(|reason| RubricError::Malformed { path, reason })
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RubricError::Read { path, source }),
        }
    }

    /// The rubric that `text` is, or what is wrong with it.
    pub fn parse(text: &str) -> Result<Rubric, String> {
        let mut rubric: Rubric = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())?;
        rubric.validate()?;
        for exercise in &mut rubric.exercises {
            exercise.policy.forbid.extend_from_slice(&rubric.forbid);
        }
        Ok(rubric)
    }

    /// The exercise of that id.
    pub fn exercise(&self, id: &str) -> Option<&Exercise> {
        self.exercises.iter().find(|e| e.id == id)
    }

    fn validate(&self) -> Result<(), String> {
        if !is_name(&self.id) {
            return Err(format!("`{}` is no id: use a-z, 0-9 and _", self.id));
        }
        for (i, e) in self.exercises.iter().enumerate() {
            e.validate().map_err(|m| format!("exercise `{}`: {m}", e.id))?;
            let earlier = &self.exercises[..i];
            if earlier.iter().any(|o| o.id == e.id) {
                return Err(format!("two exercises have the id `{}`", e.id));
            }
            if let Some(o) = earlier.iter().find(|o| o.file == e.file) {
                return Err(format!("exercises `{}` and `{}` list the same file {}", o.id, e.id, e.file));
            }
        }
        Ok(())
    }
}

impl Exercise {
    /// Which points a cell of checks has, as written: unscaled.
    pub fn cell(&self, kind: Kind, visibility: Visibility) -> Exact {
        let [public, hidden] =
            self.points_by_kind.get(&kind).map_or([Exact::from_integer(0); 2], |p| p.map(Points::exact));
        match visibility {
            Visibility::Public => public,
            Visibility::Hidden => hidden,
        }
    }

    /// What a student may read of a check.
    pub fn title_of(&self, kind: Kind, name: &str) -> String {
        self.titles.get(&format!("{kind}::{name}")).cloned().unwrap_or_else(|| name.replace('_', " "))
    }

    fn validate(&self) -> Result<(), String> {
        if !is_name(&self.id) {
            return Err("its id is no module name: use a-z, 0-9 and _".into());
        }
        // Listed files are read from a submission and written to a stage by this path, so it must not lead out of either.
        let plain = Path::new(&self.file).components().all(|c| matches!(c, Component::Normal(_)));
        if self.file.is_empty() || !plain || !self.file.ends_with(".rs") {
            return Err(format!(
                "`file = \"{}\"` is no path of a Rust file within the assignment",
                self.file
            ));
        }
        for key in self.titles.keys() {
            check_name(key)?;
        }
        let mut needing: Vec<(Kind, &String)> = Vec::new();
        for (kind, names) in &self.needs {
            needing.extend(names.iter().map(|name| (*kind, name)));
        }
        for (check, names) in &self.check_needs {
            let kind = check_name(check)?;
            needing.extend(names.iter().map(|name| (kind, name)));
        }
        for (kind, name) in needing {
            if check_name(name)? >= kind {
                return Err(format!("`{kind}` cannot need `{name}`, which is not run before it"));
            }
        }
        for (name, t) in &self.measures {
            let ordered = match t.better {
                Better::Lower => t.full < t.zero,
                Better::Higher => t.full > t.zero,
            };
            if !ordered {
                return Err(format!(
                    "measure `{name}`: full = {} is not better than zero = {}",
                    t.full, t.zero
                ));
            }
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<Kind, String> {
    name.split_once("::")
        .and_then(|(kind, _)| Kind::from_name(kind))
        .ok_or_else(|| format!("`{name}` names no check: write `kind::name`, as in `correctness::name`"))
}

fn is_name(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDDY: &str = r#"
        id = "ps1"
        title = "Problem set 1"
        forbid = ["asm"]
        [[exercise]]
        id = "buddy"
        title = "Buddy system"
        file = "src/buddy.rs"
        points = 25
        [exercise.policy]
        forbid = ["include_str"]
        [exercise.points_by_kind]
        correctness = [8, 4]
        performance = [2.5, 0]
        [exercise.needs]
        performance = ["correctness::serves_the_shipped_traces"]
        [exercise.check_needs]
        "performance::beside_a_lock" = ["concurrency::on_loom"]
        [exercise.titles]
        "correctness::a_lone_top_block_survives" = "Top-order blocks are kept"
        [exercise.measures.footprint]
        better = "lower"
        full = 1.02
        zero = 1.5
    "#;

    #[test]
    fn a_rubric_is_read_exactly() {
        let rubric = Rubric::parse(BUDDY).unwrap();
        let buddy = rubric.exercise("buddy").unwrap();
        assert!(buddy.published && !buddy.extra_credit && buddy.policy.unsafe_code);
        assert_eq!(buddy.policy.forbid, ["include_str", "asm"]);
        assert_eq!(buddy.cell(Kind::Performance, Visibility::Public), Ratio::new(5, 2));
        assert_eq!(buddy.cell(Kind::Refuses, Visibility::Public), Ratio::from_integer(0));
        assert_eq!(
            buddy.title_of(Kind::Correctness, "a_lone_top_block_survives"),
            "Top-order blocks are kept"
        );
        assert_eq!(buddy.title_of(Kind::Property, "no_two_blocks_overlap"), "no two blocks overlap");
    }

    #[test]
    fn what_is_wrong_with_a_rubric_is_said() {
        for (find, replace, said) in [
            ("points = 25", "pionts = 25", "unknown field `pionts`"),
            ("points = 25", "points = -1", "is no number of points"),
            ("points = 25", "points = 0.0001", "is no number of points"),
            ("src/buddy.rs", "../buddy.rs", "is no path of a Rust file"),
            ("src/buddy.rs", "/etc/passwd.rs", "is no path of a Rust file"),
            ("\"buddy\"", "\"bud dy\"", "is no module name"),
            ("correctness = [8, 4]", "correctness = 8", "invalid type"),
            ("correctness::serves", "serves", "names no check"),
            ("correctness::serves", "performance::serves", "is not run before it"),
            ("performance::beside_a_lock", "beside_a_lock", "names no check"),
            ("performance::beside_a_lock", "concurrency::beside_a_lock", "is not run before it"),
            ("full = 1.02", "full = 2", "is not better than"),
        ] {
            let error = Rubric::parse(&BUDDY.replace(find, replace)).unwrap_err();
            assert!(error.contains(said), "{replace}: {error}");
        }
    }
}
