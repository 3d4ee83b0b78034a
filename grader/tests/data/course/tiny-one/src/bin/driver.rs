//! Carries out one command: `driver double 21` answers `<submission> 42`.

fn main() {
    let mut args = std::env::args().skip(1);
    let Some(what) = args.next() else { std::process::exit(2) };
    let n: u64 = args.next().and_then(|n| n.parse().ok()).unwrap_or_default();
    let answer = match what.as_str() {
        "double" => tiny_one::double::Doubler.double(n),
        "triple" => tiny_one::triple::triple(n),
        "more" => tiny_one::more::more(n),
        "loom" => u64::from(cfg!(feature = "loom")),
        _ => 0,
    };
    println!("\n{} {answer}", tiny_one::SUBMISSION.unwrap_or("-"));
}
