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
//! | [`run`] | a plan | verdicts |
//! | [`score`] | rubric and verdicts | points, exactly |
//! | [`result`] | all of it | the one model every report is made from |
//! | [`report`] | the result | table, JSON, HTML |

pub mod author;
pub mod course;
pub mod policy;
pub mod process;
pub mod record;
pub mod report;
pub mod result;
pub mod rubric;
pub mod score;
pub mod submission;
pub mod tree;
pub mod verdict;
