//! The source policy: a scan of a listed file's tokens for what its exercise forbids.
//!
//! Tokens, not syntax: what stands inside a macro's body counts too, and since stable macros cannot paste
//! identifiers, a name that is not in the file cannot come out of it. Text in comments and strings does
//! not count. A word is forbidden wherever it stands; that may also hit a name of the student's own,
//! and the refusal says to rename it. What a macro makes of its input nobody can tell here, so what only
//! syntax would decide, such as whether a module has a body, is taken for the worst there.

use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use crate::rubric::Policy;

/// What the scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Nothing that is forbidden.
    Clean,
    /// What is forbidden, in the order of the file.
    Forbidden(Vec<Finding>),
    /// The scanner cannot read the file. The compiler will not either, or the file is refused.
    Unlexable,
}

/// One forbidden thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line that it stands on, from 1.
    pub line: usize,
    /// What it is, as the rubric names it.
    pub what: String,
    /// A sentence: what to do instead.
    pub instead: &'static str,
}

impl Finding {
    /// As a report shows it.
    pub fn sentence(&self, file: &str) -> String {
        format!("{file}:{}: `{}` is not allowed in this file. {}", self.line, self.what, self.instead)
    }
}

/// Scans `source` for what `policy` forbids, and for the names of crates that are `closed` to it.
pub fn scan(source: &str, policy: &Policy, closed: &[String]) -> Scan {
    if policy.forbid.is_empty() && closed.is_empty() && policy.unsafe_code {
        return Scan::Clean;
    }
    // The compiler skips it; the lexer here does not know it.
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    // What a script begins with, the compiler skips up to the line's end, unless an attribute or a comment before
    // one follows. No answer is a script, so there is no need to tell.
    let script = source.strip_prefix("#!").is_some_and(|rest| !rest.trim_ascii_start().starts_with('['));
    if script {
        let what = "#!".to_owned();
        let instead = "Begin with a comment or with code: an answer is no script.";
        return Scan::Forbidden(vec![Finding { line: 1, what, instead }]);
    }
    let Ok(tokens) = TokenStream::from_str(source) else {
        return Scan::Unlexable;
    };
    let mut rules: Vec<Rule> = policy.forbid.iter().map(|entry| Rule::of(entry)).collect();
    rules.extend(closed.iter().map(|name| Rule::closed(name)));
    if !policy.unsafe_code {
        rules.push(Rule::of("unsafe"));
    }
    let mut found = Vec::new();
    // A stack of our own: nesting is the submission's to choose, and must not be our recursion.
    let mut open = vec![(tokens, false)];
    while let Some((stream, in_macro)) = open.pop() {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        for (at, tree) in trees.iter().enumerate() {
            if let TokenTree::Group(group) = tree {
                open.push((group.stream(), in_macro || is_input(&trees, at)));
            }
            for rule in &rules {
                if let Some(what) = rule.matches(&trees, at, in_macro) {
                    found.push(Finding { line: tree.span().start().line, what, instead: rule.instead });
                }
            }
        }
    }
    found.sort_by(|a, b| (a.line, &a.what).cmp(&(b.line, &b.what)));
    found.dedup();
    if found.is_empty() { Scan::Clean } else { Scan::Forbidden(found) }
}

struct Rule {
    entry: String,
    pattern: Pattern,
    instead: &'static str,
}

enum Pattern {
    /// The identifier or keyword, anywhere.
    Word(String),
    /// `a::b::c`, for modules, whose last part alone would hit too much: spelt out, among what braces import, or
    /// where `a` or `b` is named in a way that leaves open what follows.
    Path(Vec<String>),
    /// Whatever leads to another file: `path = "..."` as an attribute's, also within `cfg_attr` and macros; a
    /// module without its body, which is all that such an attribute is of use for, whoever puts it together, and
    /// any module in a macro, which may take the body away; and a debugger's script, which the compiler puts into
    /// the program.
    OtherFile,
    /// `link(name = "...")`. The word alone would hit every linked list.
    LinkAttribute,
}

impl Rule {
    fn of(entry: &str) -> Rule {
        let parts: Vec<&str> = entry.split("::").collect();
        let last = *parts.last().unwrap_or(&entry);
        let names_a_type = last.starts_with(|c: char| c.is_uppercase());
        let pattern = match parts.as_slice() {
            ["path_attribute" | "path"] => Pattern::OtherFile,
            ["link"] => Pattern::LinkAttribute,
            // Whatever way a type is imported or aliased, its name has to stand somewhere.
            _ if parts.len() == 1 || names_a_type => Pattern::Word(last.trim_end_matches('!').to_owned()),
            _ => Pattern::Path(parts.iter().map(|p| (*p).to_owned()).collect()),
        };
        Rule { entry: entry.to_owned(), pattern, instead: instead(entry) }
    }

    fn closed(name: &str) -> Rule {
        Rule {
            entry: name.to_owned(),
            pattern: Pattern::Word(name.to_owned()),
            instead: "Write it with the standard library and the course's interfaces: that crate is there for the \
                      driver. An item of your own by that name needs another name.",
        }
    }

    /// What is found at `trees[at]`, as a report names it.
    fn matches(&self, trees: &[TokenTree], at: usize, in_macro: bool) -> Option<String> {
        let found = match &self.pattern {
            Pattern::Word(word) => is_word(&trees[at], word),
            Pattern::Path(parts) => is_word(&trees[at], &parts[0]) && may_lead(trees, at + 1, &parts[1..]),
            Pattern::LinkAttribute => {
                is_word(&trees[at], "link")
                    && matches!(trees.get(at + 1), Some(TokenTree::Group(g)) if names_a_library(g.stream()))
            }
            Pattern::OtherFile => {
                return other_file(trees, at, in_macro).map(|what| what.unwrap_or(self.entry.clone()));
            }
        };
        found.then(|| self.entry.clone())
    }
}

/// Whether the group at `trees[at]` is what a macro is given, or what one is made of: `m!(..)`, `macro_rules! m {..}`.
fn is_input(trees: &[TokenTree], at: usize) -> bool {
    let before = |back| at.checked_sub(back).and_then(|at| trees.get(at));
    is_punct(before(1), '!') || is_punct(before(2), '!') && matches!(before(1), Some(TokenTree::Ident(_)))
}

/// Whether a path that goes on at `trees[at]` may go on with `parts`. One that breaks off, is given another name or is
/// a macro's may.
fn may_lead(trees: &[TokenTree], at: usize, parts: &[String]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    if !(is_punct(trees.get(at), ':') && is_punct(trees.get(at + 1), ':')) {
        return true;
    }
    match trees.get(at + 2) {
        Some(TokenTree::Group(group)) => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let mut imports = inner.split(|tree| is_punct(Some(tree), ','));
            imports.any(|import| !import.is_empty() && step_may_lead(import, part, rest))
        }
        _ => step_may_lead(&trees[at + 2..], part, rest),
    }
}

/// The same of the step that `trees` begin with: any but another name may be that part, or all parts.
fn step_may_lead(trees: &[TokenTree], part: &str, rest: &[String]) -> bool {
    match trees.first() {
        Some(step @ TokenTree::Ident(_)) if is_word(step, part) => may_lead(trees, 1, rest),
        Some(step @ TokenTree::Ident(_)) => is_word(step, "self"),
        _ => true,
    }
}

/// Whether something leads to another file, and what to call it where the rubric's name does not tell.
fn other_file(trees: &[TokenTree], at: usize, in_macro: bool) -> Option<Option<String>> {
    if is_word(&trees[at], "debugger_visualizer") {
        return Some(Some("debugger_visualizer".to_owned()));
    }
    if is_word(&trees[at], "mod") {
        if in_macro {
            return Some(Some("mod in a macro".to_owned()));
        }
        let name = matches!(trees.get(at + 1), Some(TokenTree::Ident(_)));
        let body =
            matches!(trees.get(at + 2), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace);
        return (!(name && body)).then(|| Some("mod without a body".to_owned()));
    }
    let path = is_word(&trees[at], "path")
        && is_punct(trees.get(at + 1), '=')
        && is_value(trees.get(at + 2))
        && !at.checked_sub(1).is_some_and(|b| ["let", "mut"].iter().any(|w| is_word(&trees[b], w)));
    path.then_some(None)
}

fn is_word(tree: &TokenTree, word: &str) -> bool {
    let TokenTree::Ident(ident) = tree else {
        return false;
    };
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text) == word
}

fn is_punct(tree: Option<&TokenTree>, c: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == c && (c != '=' || p.spacing() == Spacing::Alone))
}

// `#[path = concat!(..)]` and a macro's `$p` count as well as a literal.
fn is_value(tree: Option<&TokenTree>) -> bool {
    match tree {
        Some(TokenTree::Literal(l)) => l.to_string().contains('"'),
        Some(TokenTree::Ident(i)) => *i == "concat" || *i == "env" || *i == "stringify",
        Some(TokenTree::Punct(p)) => p.as_char() == '$',
        Some(TokenTree::Group(g)) => g.delimiter() == Delimiter::None,
        None => false,
    }
}

fn names_a_library(stream: TokenStream) -> bool {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let keys = ["name", "kind", "modifiers", "wasm_import_module"];
    (0..trees.len()).any(|at| keys.iter().any(|k| is_word(&trees[at], k)) && is_punct(trees.get(at + 1), '='))
}

fn instead(entry: &str) -> &'static str {
    match entry.trim_end_matches('!') {
        "include" | "include_str" | "include_bytes" | "path_attribute" | "path" | "env" | "option_env" => {
            "Write the answer in this file; nothing else of the submission, and no other file, is read."
        }
        "asm" | "global_asm" | "naked_asm" => {
            "Write it in Rust; the course's interfaces give what is needed."
        }
        "extern" | "no_mangle" | "export_name" | "link_section" | "link" => {
            "Keep to the course's interfaces; functions of C are given there where an exercise needs them."
        }
        "unsafe" => "This exercise can be solved in safe Rust.",
        "System" | "std::alloc::System" | "global_allocator" | "mmap" | "libc" => {
            "Take memory from the region that the exercise gives you; an item of your own by that name needs another name."
        }
        "feature" => "Write one code for every build: what is checked has to be what is used.",
        "std::process" | "std::fs" | "std::net" | "std::env" => {
            "An answer needs nothing outside of its memory."
        }
        _ => "Find a way without it; an item of your own by that name needs another name.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let forbid = [
            "include_str",
            "asm",
            "extern",
            "no_mangle",
            "std::alloc::System",
            "path_attribute",
            "std::fs",
            "link",
        ];
        Policy { forbid: forbid.map(str::to_owned).to_vec(), unsafe_code: true }
    }

    fn found(source: &str) -> Vec<(usize, String)> {
        match scan(source, &policy(), &["peer".to_owned()]) {
            Scan::Forbidden(f) => f.into_iter().map(|f| (f.line, f.what)).collect(),
            Scan::Clean => vec![],
            Scan::Unlexable => panic!("unlexable"),
        }
    }

    #[test]
    fn what_is_forbidden_is_found_however_it_is_written() {
        for (source, line, what) in [
            ("fn f() {\n let x = include_str!(\"a\"); }", 2, "include_str"),
            ("use core::include_str as harmless;", 1, "include_str"),
            ("macro_rules! m { ($a:ident) => { $a!(\"x\") } }\nm!(include_str);", 2, "include_str"),
            ("fn f() { std::r#include_str!(\"a\") }", 1, "include_str"),
            ("use std::alloc::{self, System};", 1, "std::alloc::System"),
            ("use std::alloc as a;\nstatic S: a::System = a::System;", 2, "std::alloc::System"),
            ("\n#[path = \"../x.rs\"] mod x {}", 2, "path_attribute"),
            ("#[cfg_attr(all(), path = \"x.rs\")] mod x {}", 1, "path_attribute"),
            ("m!(path = \"x.rs\");", 1, "path_attribute"),
            ("unsafe extern \"C\" { fn f(); }", 1, "extern"),
            ("#[unsafe(no_mangle)] fn f() {}", 1, "no_mangle"),
            ("#[link(name = \"c\")] mod x {}", 1, "link"),
            ("#[path $equals $file] mod x;", 1, "mod without a body"),
            ("m!(mod x ;);", 1, "mod in a macro"),
            ("m!(mod x { } ; path);", 1, "mod in a macro"),
            ("macro_rules! m { () => { fn f() { mod $x { } } } }", 1, "mod in a macro"),
            ("use std::{fmt, fs::File};", 1, "std::fs"),
            ("use std::{self as s};\nuse s::fs;", 1, "std::fs"),
            ("use std as s;", 1, "std::fs"),
            ("use std::*;", 1, "std::fs"),
            ("m!(std fs);", 1, "std::fs"),
            ("m!((std::) fs);", 1, "std::fs"),
            ("macro_rules! m { ($x:ident) => { std::$x::File } }", 1, "std::fs"),
            ("mod x $body", 1, "mod without a body"),
            ("#[debugger_visualizer(gdb_script_file = \"x\")] mod x {}", 1, "debugger_visualizer"),
            ("use peer as p;", 1, "peer"),
            ("m!(peer);", 1, "peer"),
            ("#!/usr/bin/env run\nuse std::fs;", 1, "#!"),
            ("#!/**/[allow(unused)] use std::fs;", 1, "#!"),
            ("#!/*\nuse std::fs; // */", 1, "#!"),
            ("#!\u{a0}[ /*\nuse std::fs; // */", 1, "#!"),
            ("\u{feff}use std::fs;", 1, "std::fs"),
        ] {
            assert_eq!(found(source), [(line, what.to_owned())], "{source}");
        }
    }

    #[test]
    fn comments_strings_and_near_names_are_left_alone() {
        for source in [
            "// include_str!(\"a\"), System, extern\nfn f() {}",
            "/// asm!\nfn f() -> &'static str { \"extern std::fs\" }",
            "fn f() { let path = \"a\"; let mut path = \"b\"; }",
            "fn f(link: u8, name: u8) { let link = link; g(link(name)); struct S { path: u8 } }",
            "fn external() {} struct Systems; fn fs() {}",
            "mod x { mod y {} } fn f(peers: u8) { m!({ peers }) }",
            "use std::{alloc, fmt::{self}, collections::*,}; fn f() { std::mem::drop(fs) }",
            "#! [allow(dead_code)]\nfn f() {}",
            "#![allow(dead_code)]\nfn f(path: &str) -> bool { path == \"a\" }",
        ] {
            assert_eq!(found(source), [], "{source}");
        }
    }

    #[test]
    fn unsafe_code_is_refused_only_where_the_policy_says_so() {
        let source = "fn f() { unsafe { g() } }";
        assert_eq!(found(source), []);
        let safe = Policy { unsafe_code: false, forbid: vec![] };
        assert!(matches!(scan(source, &safe, &[]), Scan::Forbidden(f) if f[0].what == "unsafe"));
    }

    #[test]
    fn a_file_that_cannot_be_lexed_is_left_to_the_compiler() {
        assert_eq!(scan("fn f() { \"", &policy(), &[]), Scan::Unlexable);
        assert_eq!(scan("fn f() { ) }", &policy(), &[]), Scan::Unlexable);
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        scan(&deep, &policy(), &[]);
    }
}
