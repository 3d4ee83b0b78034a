use std::path::Path;

use super::{MarkerFault, is_marked, skeleton};

fn of(text: &str) -> Result<String, (usize, MarkerFault)> {
    skeleton(Path::new("x.rs"), text).map_err(|e| (e.line, e.fault))
}

#[test]
fn marked_files_become_skeletons() {
    let table = [
        ("nothing", "fn f() {}\n", "fn f() {}\n"),
        (
            "a stub takes the answer's place and its marker's indentation",
            "fn f() {\n    // SOLUTION\n    one();\n    two()\n    // STUB: todo!(\"f\")\n    // END\n}\n",
            "fn f() {\n    todo!(\"f\")\n}\n",
        ),
        (
            "several stub lines keep their own indentation, and blank ones",
            "// SOLUTION\nx\n// STUB: if a {\n// STUB:     b\n// STUB:\n// STUB: }\n// END\n",
            "if a {\n    b\n\n}\n",
        ),
        (
            "docs and comments outside the block stay",
            "/// Doc.\n// why\nfn f() {\n    // given\n    // SOLUTION\n    x\n    // STUB: todo!()\n    // END\n    // after\n}\n",
            "/// Doc.\n// why\nfn f() {\n    // given\n    todo!()\n    // after\n}\n",
        ),
        (
            "private fields vanish",
            "struct S {\n    pub a: u8,\n    // SOLUTION\n    b: u8,\n    // END\n}\n",
            "struct S {\n    pub a: u8,\n}\n",
        ),
        (
            "a vanished block leaves one blank line, not two",
            "use a;\n\n// SOLUTION\nuse b;\n// END\n\nfn f() {}\n",
            "use a;\n\nfn f() {}\n",
        ),
        (
            "neither one behind an opening brace",
            "impl S {\n    // SOLUTION\n    fn p() {}\n    // END\n\n    pub fn q() {}\n}\n",
            "impl S {\n    pub fn q() {}\n}\n",
        ),
        (
            "nor one before a closing brace",
            "impl S {\n    pub fn q() {}\n\n    // SOLUTION\n    fn p() {}\n    // END\n}\n",
            "impl S {\n    pub fn q() {}\n}\n",
        ),
        (
            "two blocks that vanish one after the other",
            "a\n\n// SOLUTION\nb\n// END\n\n// SOLUTION\nc\n// END\n\nd\n",
            "a\n\nd\n",
        ),
        ("a last line without its line end", "// SOLUTION\nx\n// END\ny", "y"),
        (
            "docs may speak of markers",
            "//! `// SOLUTION` opens; write // END\n/// x // END\n",
            "//! `// SOLUTION` opens; write // END\n/// x // END\n",
        ),
    ];
    for (what, marked, expected) in table {
        assert_eq!(of(marked).as_deref(), Ok(expected), "{what}");
    }
}

#[test]
fn faults_are_told_with_their_line() {
    let table = [
        ("// SOLUTION\na\n// SOLUTION\n// END\n", 3, MarkerFault::Nested { opened: 1 }),
        ("a\n// SOLUTION\nb\n", 2, MarkerFault::NeverClosed),
        ("a\n// END\n", 2, MarkerFault::ClosesNothing),
        ("// STUB: x\n", 1, MarkerFault::StubOutside),
        ("// SOLUTION\na\n// STUB: x\nb\n// END\n", 4, MarkerFault::AnswerAfterStub),
        ("a(); // SOLUTION\n", 1, MarkerFault::SharesLine),
        ("// SOLUTION\nb // STUB: todo!()\n// END\n", 2, MarkerFault::SharesLine),
        ("a\n//END\n", 2, MarkerFault::SharesLine),
    ];
    for (text, line, fault) in table {
        assert_eq!(of(text), Err((line, fault)), "{text}");
    }
}

#[test]
fn an_error_names_file_and_line_and_says_what_to_do() {
    let error = skeleton(Path::new("solutions/x/src/y.rs"), "a\n// SOLUTION\n").unwrap_err();
    assert_eq!(error.to_string(), "solutions/x/src/y.rs:2: `// SOLUTION` is never closed");
    let help = miette::Diagnostic::help(&error).map(|h| h.to_string());
    assert_eq!(help.as_deref(), Some("put `// END` on a line of its own after the answer"));
}

/// A counter drives it: one property does not pay for a property-testing crate in the grader.
#[test]
fn a_file_without_markers_is_its_own_skeleton() {
    let pieces = [
        "",
        "\n",
        "fn f() {}\n",
        "    x;\n",
        "// a comment\n",
        "}\n",
        "{\n",
        "// ENDS\n",
        "\t\n",
        "é // SOLUTIONS\n",
        "\"// STUB\"\n",
        "no line end",
    ];
    let mut state = 1_u64;
    for _ in 0..5_000 {
        let mut text = String::new();
        for _ in 0..12 {
            // A step of Knuth's MMIX generator; its high bits are the good ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let index = usize::try_from(state >> 33).unwrap() % pieces.len();
            text.push_str(pieces[index]);
        }
        assert!(!is_marked(&text), "{text:?}");
        assert_eq!(of(&text), Ok(text.clone()));
    }
}

#[test]
fn a_skeleton_is_its_own_skeleton() {
    let marked = "use a;\n\n// SOLUTION\nuse b;\n// END\n\nfn f() {\n    // SOLUTION\n    x\n    // STUB: todo!()\n    // END\n}\n";
    assert!(is_marked(marked));
    let once = of(marked).unwrap();
    assert_eq!(of(&once), Ok(once.clone()));
    assert!(!is_marked(&once));
}
