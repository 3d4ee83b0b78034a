//! `cargo grade author new`: lays out an exercise that compiles, for an author to fill in.

use std::path::{Path, PathBuf};

use super::{AuthorError, sync, targets};
use crate::course::Course;

/// Writes the stubs of exercise `name`, as in `ps1-allocators/arena`, and gives the files.
///
/// # Errors
///
/// Where the course has no such folder or has the exercise already, or a file cannot be written.
pub fn new(course: &Course, name: &str, title: &str) -> Result<Vec<PathBuf>, AuthorError> {
    let wrong = |why: &str| AuthorError::New { name: name.to_owned(), why: why.to_owned() };
    let (folder, id) = name.split_once('/').ok_or_else(|| wrong("it has no `/`"))?;
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.chars().all(letters) {
        return Err(wrong("a module's name is lower-case letters, digits and `_`"));
    }
    let known = targets(course, None)?;
    let assignment = known.iter().map(|target| target.assignment).find(|a| a.folder == folder);
    let assignment = assignment.ok_or_else(|| wrong("the course has no such folder"))?;
    let taken = known.iter().any(|t| t.assignment.folder == folder && t.exercise.id == id);
    if taken || course.root.join(folder).join("src").join(format!("{id}.rs")).exists() {
        return Err(wrong("there is one of that name"));
    }
    let mut files = Files { root: course.root.join(folder), written: Vec::new() };
    let short = assignment.id();
    files.append("rubric.toml", &rubric(id, title))?;
    let solution = course.root.join("solutions").join(folder);
    files.put(&solution.join("src").join(format!("{id}.rs")), &SOLUTION.fill(short, id, title))?;
    let mutant = solution.join("mutants").join(id).join("the_mistakes_name.toml");
    files.put(&mutant, &MUTANT.fill(short, id, title))?;
    files.add_line("src/lib.rs", "pub mod ", &format!("pub mod {id};"))?;
    files.append("src/contract.rs", &CONTRACT.fill(short, id, title))?;
    if course.root.join(folder).join("tests/public/main.rs").is_file() {
        files.add_line("tests/public/main.rs", "mod ", &format!("mod {id};"))?;
        let tests = files.root.join("tests/public");
        files.put(&tests.join(format!("{id}.rs")), &JUDGE.fill(short, id, title))?;
        files.put(&tests.join(id).join("correctness.rs"), &CHECK.fill(short, id, title))?;
    }
    files.append("README.md", &HANDOUT.fill(short, id, title))?;
    let course = Course::find(&course.root)?;
    sync::sync(&targets(&course, Some(&format!("{short}/{id}")))?, sync::Mode::Write)?;
    files
        .written
        .extend([format!("src/{id}.rs"), format!("skeleton/{id}.rs")].map(|file| files.root.join(file)));
    Ok(files.written)
}

/// Where stubs go, and what was written.
struct Files {
    root: PathBuf,
    written: Vec<PathBuf>,
}

impl Files {
    fn put(&mut self, path: &Path, text: &str) -> Result<(), AuthorError> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(AuthorError::at("make", parent))?;
        }
        std::fs::write(path, text).map_err(AuthorError::at("write", path))?;
        self.written.push(path.to_owned());
        Ok(())
    }

    fn read(&self, file: &str) -> Result<(PathBuf, String), AuthorError> {
        let path = self.root.join(file);
        let text = std::fs::read_to_string(&path).map_err(AuthorError::at("read", &path))?;
        Ok((path, text))
    }

    fn append(&mut self, file: &str, text: &str) -> Result<(), AuthorError> {
        let (path, before) = self.read(file)?;
        self.put(&path, &format!("{}\n\n{text}", before.trim_end()))
    }

    /// Puts a line in its place in the last block of lines that begin like it.
    fn add_line(&mut self, file: &str, like: &str, line: &str) -> Result<(), AuthorError> {
        let (path, before) = self.read(file)?;
        let mut lines: Vec<&str> = before.lines().collect();
        let end =
            lines.iter().rposition(|other| other.starts_with(like)).map_or(lines.len(), |last| last + 1);
        let block = lines[..end].iter().rev().take_while(|other| other.starts_with(like)).count();
        let at = lines[end - block..end].iter().position(|other| *other > line);
        lines.insert(at.map_or(end, |at| end - block + at), line);
        self.put(&path, &(lines.join("\n") + "\n"))
    }
}

fn rubric(id: &str, title: &str) -> String {
    // As a TOML string: a title may hold quotes.
    let title = toml::Value::String(title.to_owned());
    format!(
        "[[exercise]]\nid = \"{id}\"\ntitle = {title}\nfile = \"src/{id}.rs\"\npoints = 25\npublished = false\n\n\
         [exercise.points_by_kind]\ncorrectness = [8, 4]\nproperty = [3, 2]\n"
    )
}

/// A file with `SHORT`, `ID` and `TITLE` to fill in.
struct Template(&'static str);

impl Template {
    fn fill(&self, short: &str, id: &str, title: &str) -> String {
        let title = title.replace('\n', " ");
        self.0.replace("SHORT", short).replace("ID", id).replace("TITLE", &title)
    }
}

const SOLUTION: Template = Template(
    "//! TITLE: the idea, a drawing of the layout, and the source.\n\n\
     /// The answer's public function, to be replaced by the exercise's own API.\n\
     ///\n\
     /// Complexity, units and errors stand here.\n\
     pub fn answer(input: u64) -> u64 {\n    \
         // SOLUTION\n    \
         input.wrapping_add(1)\n    \
         // STUB: todo!(\"SHORT.ID.answer: what to do with {input}\")\n    \
         // END\n}\n",
);

const CONTRACT: Template = Template("mod ID {\n    const _: fn(u64) -> u64 = crate::ID::answer;\n}\n");

const JUDGE: Template = Template("//! TITLE.\n\nmod correctness;\n");

const CHECK: Template = Template(
    "//! Single behaviours, one a check.\n\nuse testkit::{Fault, judge};\n\n\
     #[test]\nfn the_behaviour_as_a_sentence() {\n    \
         judge(|_| Err(Fault::failed(\"Ask the driver, and hold its replies against a law.\")));\n}\n",
);

const MUTANT: Template = Template(
    "why = \"What a student who makes this mistake believes.\"\n\
     must = [\"correctness::the_behaviour_as_a_sentence\"]\nmay = []\n\n\
     [[edit]]\nfind = '''\n    input.wrapping_add(1)\n'''\nreplace = '''\n    input.wrapping_add(2)\n'''\n",
);

const HANDOUT: Template = Template(
    "## TITLE (`ID`)\n\nThe checks of this exercise are not published yet.\n\n\
     **Problem.**\n\n**Background.**\n\n**API.**\n\n**What must hold.**\n\n**How it is measured.**\n\n**Effort.**\n\n\
     <details><summary>Hint 1</summary>\n\n</details>\n",
);
