//! A program as source, for a student to paste.

use super::{Call, Command, Program};

/// A command as the call that makes it.
pub fn spell(command: &Command) -> String {
    match command {
        Command::Call { call, elsewhere, meanwhile } => {
            let mut spelt = format!("call({})", spell_call(call));
            if *elsewhere {
                spelt.push_str(".elsewhere()");
            }
            if !meanwhile.is_empty() {
                let calls: Vec<String> = meanwhile.iter().map(spell_call).collect();
                spelt.push_str(&format!(".meanwhile([{}])", calls.join(", ")));
            }
            spelt
        }
        Command::Look => "look()".to_owned(),
        Command::Switch => "switch()".to_owned(),
    }
}

fn spell_call(call: &Call) -> String {
    let (spelt, align, answer) = match *call {
        Call::Free { block } => return format!("free({block:#x})"),
        Call::Malloc { size, align, site, answer } => {
            (format!("malloc({:#x}, {size}, {site})", answer.unwrap_or(0)), align, answer)
        }
        Call::Realloc { block, size, align, site, answer } => {
            let (from, to) = (block.unwrap_or(0), answer.unwrap_or(0));
            (format!("realloc({from:#x}, {to:#x}, {size}, {site})"), align, answer)
        }
    };
    let aligned = if align == 16 { String::new() } else { format!(".aligned({align})") };
    let failing = if answer.is_some() { "" } else { ".failing()" };
    format!("{spelt}{aligned}{failing}")
}

/// A program as a test for `tests/public/track/yours.rs`.
pub fn source(program: &Program) -> String {
    let commands: String =
        program.iter().map(|command| format!("            {},\n", spell(command))).collect();
    format!(
        "// paste into tests/public/track/yours.rs\n#[test]\nfn shortest_failing_program() {{\n    \
         judge(|check| {{\n        let commands = [\n{commands}        ];\n        follow(check, commands)\n    \
         }});\n}}\n"
    )
}
