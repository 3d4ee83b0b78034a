//! The grader: plans, builds, limits, scores and reports.
//!
//! It knows nothing of memory management, and nothing of a student's code ever runs in its process.
//! A grading run goes through these modules, in this order:
//!
//! | module | takes | gives |
//! | --- | --- | --- |
//! | [`course`], [`rubric`] | `course.toml`, `rubric.toml` | what there is to grade, and its points |
//! | [`submission`] | a folder | the listed files' bytes, and what was ignored |
//! | [`policy`] | a listed file | refused tokens, with line and reason |
//! | [`stage`] | pristine tree and listed files | a workspace of its own to build in |
//! | [`cargo`] | a stage | a driver, or the compiler's messages |
//! | [`judges`] | the pristine tree | judges, and the checks that they list |
//! | [`plan`] | rubric and checks | what to run, in which order, on which build |
//! | [`run`], [`refuses`], [`sandbox`], [`launcher`] | a plan | verdicts |
//! | [`score`], [`marks`] | rubric and verdicts | points, exactly |
//! | [`result`] | all of it | the one model every report is made from |
//! | [`report`] | the result | table, JSON, HTML and others |
//!
//! Beside it stand [`explain`] and [`hint`], which read the last report, the hand-outs and the checks' [`sources`], [`watch`], which grades what
//! was saved, and [`author`].

pub mod assignment;
pub mod author;
pub mod cargo;
pub mod cli;
pub mod course;
pub mod drivers;
pub mod error;
pub mod exit_code;
pub mod explain;
pub mod grade;
pub mod hint;
pub mod judges;
pub mod launcher;
pub mod marks;
pub mod plan;
pub mod policy;
pub mod process;
pub mod progress;
pub mod record;
pub mod refuses;
pub mod report;
pub mod result;
pub mod rubric;
pub mod run;
pub mod sandbox;
pub mod scope;
pub mod score;
pub mod sources;
pub mod stage;
pub mod submission;
pub mod tree;
pub mod verdict;
pub mod watch;
pub mod workspace;
