//! The invariants of the house (ARCHITECTURE.md) as rules over its files. Each finding is one line:
//! `path:line: rule: what to do`.

mod edges;
mod migrations;
mod source;
mod sql;
mod text;

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use source::Source;

/// Folders that hold nothing of ours.
const NOT_OURS: &[&str] = &["target", ".git", "data", "node_modules", "web/build", "web/.svelte-kit"];

/// Something out of order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    advice: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}

/// What a look at the whole house found.
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) files: usize,
    pub(crate) engine_texts: usize,
}

/// Looks at every file below `house`.
pub(crate) fn run(house: &Path) -> Result<Report, Box<dyn Error>> {
    let mut paths = Vec::new();
    walk(house, house, &mut paths)?;
    let read = |path: &String| fs::read_to_string(house.join(path)).map(|text| (path.clone(), text));
    let texts =
        |ending: &str| paths.iter().filter(|path| path.ends_with(ending)).map(read).collect::<Result<Vec<_>, _>>();
    let sources: Vec<Source> = texts(".rs")?.into_iter().map(|(path, text)| Source::parse(&path, &text)).collect();
    let scripts = texts(".sql")?;

    let mut findings = edges::check(&metadata(house)?)?;
    findings.extend(paths.iter().filter_map(|path| text::room(path)));
    findings.extend(migrations::check(&scripts, &sources));
    let owners = migrations::owners(&scripts);
    let mut engine_texts = Vec::new();
    for source in &sources {
        findings.extend(text::check(source));
        findings.extend(sql::misplaced(source));
        findings.extend(sql::foreign_tables(source, &owners));
        engine_texts.extend(sql::engine_texts(source));
    }
    let count = engine_texts.len();
    if count > sql::ENGINE_TEXTS {
        findings.extend(engine_texts);
    }
    findings.sort();
    Ok(Report { findings, files: paths.len(), engine_texts: count })
}

fn walk(house: &Path, folder: &Path, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
        let inside = path.strip_prefix(house).unwrap_or(&path).to_string_lossy().into_owned();
        if entry?.is_dir() {
            if !NOT_OURS.contains(&inside.as_str()) && !inside.ends_with("/node_modules") {
                walk(house, &path, found)?;
            }
        } else {
            found.push(inside);
        }
    }
    Ok(())
}

fn metadata(house: &Path) -> Result<serde_json::Value, Box<dyn Error>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output =
        Command::new(cargo).args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(house).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
