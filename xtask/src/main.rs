//! Chores of the house: `cargo xtask tidy` holds the code to the invariants that the compiler does not know.

mod tidy;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy(),
        _ => {
            eprintln!("usage: cargo xtask tidy");
            ExitCode::from(2)
        }
    }
}

fn tidy() -> ExitCode {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match tidy::run(house) {
        Ok(report) if report.findings.is_empty() => {
            println!("tidy: {} files in order, {} SQL texts for one engine alone", report.files, report.engine_texts);
            ExitCode::SUCCESS
        }
        Ok(report) => {
            report.findings.iter().for_each(|finding| println!("{finding}"));
            println!("tidy: {} findings", report.findings.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tidy could not look: {error}");
            ExitCode::from(2)
        }
    }
}
