//! A copy of the tiny course in a folder of its own, submissions to it, and the grader run on them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Right answers.
pub const DOUBLE: &str = "#[derive(Default)]\npub struct Doubler;\n\nimpl Doubler {\n    pub fn double(&mut self, n: u64) -> u64 {\n        n * 2\n    }\n}\n";
pub const TRIPLE: &str = "pub fn triple(n: u64) -> u64 {\n    n * 3\n}\n";
pub const MORE: &str = "pub fn more(n: u64) -> u64 {\n    n + 1\n}\n";

/// A course of this test's own.
pub struct Course {
    temp: TempDir,
}

/// What the grader said and how it ended.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Course {
    /// A fresh copy of the course. The workspace holds skeletons.
    pub fn fresh() -> Course {
        let temp = tempfile::tempdir().unwrap();
        let course = Course { temp };
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/course"), &course.root());
        course
    }

    /// The course's folder.
    pub fn root(&self) -> PathBuf {
        // Links in the way to the temporary folder would show in paths.
        self.temp.path().canonicalize().unwrap().join("course")
    }

    /// A submission of those files; its folder.
    pub fn submission(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.temp.path().canonicalize().unwrap().join(name);
        std::fs::create_dir_all(folder.join("tiny-one/src")).unwrap();
        for (path, text) in files {
            let path = folder.join("tiny-one").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    /// The submission that answers everything, but for those files.
    pub fn all_right_but(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        self.submission(name, &[("src/double.rs", DOUBLE), ("src/triple.rs", TRIPLE), ("src/more.rs", MORE)]);
        self.submission(name, files)
    }

    /// Writes a file of the course.
    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.root().join(path), text).unwrap();
    }

    /// The grader, to be run in the course's folder.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.root(), args)
    }

    /// The grader, to be run in another folder.
    pub fn command_in(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
        command.args(args).current_dir(folder);
        command
    }

    /// Runs the grader. What it says of this test's folders reads `[TEMP]`.
    pub fn run(&self, args: &[&str]) -> Said {
        let done = self.command(args).output().unwrap();
        let temp = self.temp.path().canonicalize().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(temp.to_str().unwrap(), "[TEMP]");
        Said { code: done.status.code().unwrap_or(-1), out: text(&done.stdout), err: text(&done.stderr) }
    }

    /// Grades a submission and gives the JSON; the run must end with `code`.
    pub fn grade(&self, submission: &Path, code: i32) -> Graded {
        let said = self.run(&["--format", "json", "--submission", submission.to_str().unwrap()]);
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        Graded(serde_json::from_str(&said.out).unwrap())
    }
}

/// A result, as JSON.
pub struct Graded(pub Value);

impl Graded {
    pub fn total(&self) -> f64 {
        self.0["total"]["score"].as_f64().unwrap()
    }

    /// An exercise's verdict, points and message.
    pub fn exercise(&self, id: &str) -> (String, f64, String) {
        let exercises = self.0["assignments"][0]["exercises"].as_array().unwrap();
        let e = exercises.iter().find(|e| e["id"] == id).unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        (text(&e["verdict"]), e["score"].as_f64().unwrap(), text(&e["message"]))
    }

    /// A check's verdict and message.
    pub fn check(&self, id: &str) -> (String, String) {
        let exercises = self.0["assignments"][0]["exercises"].as_array().unwrap();
        let mut checks = exercises.iter().flat_map(|e| e["checks"].as_array().unwrap());
        let c = checks.find(|c| c["id"] == id).unwrap_or_else(|| panic!("no check {id}"));
        (c["verdict"].as_str().unwrap().to_owned(), c["message"].as_str().unwrap().to_owned())
    }

    /// All verdicts of an exercise's checks.
    pub fn verdicts(&self, id: &str) -> Vec<String> {
        let exercises = self.0["assignments"][0]["exercises"].as_array().unwrap();
        let e = exercises.iter().find(|e| e["id"] == id).unwrap();
        e["checks"].as_array().unwrap().iter().map(|c| c["verdict"].as_str().unwrap().to_owned()).collect()
    }

    pub fn notes(&self) -> String {
        let notes = self.0["notes"].as_array().unwrap();
        notes.iter().map(|n| n["text"].as_str().unwrap().to_owned() + "\n").collect()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let at = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &at);
        } else {
            std::fs::copy(entry.path(), at).unwrap();
        }
    }
}
