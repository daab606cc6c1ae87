//! Migrations: each registered, each table with one owner, each column of the portable types.

use std::collections::HashMap;

use super::Finding;
use super::source::Source;
use super::sql;

const FOLDER: &str = "migrations/";
const REGISTRY: &str = "crates/db/src/migrate.rs";
/// Types that mean the same on both engines.
const TYPES: &[&str] = &["UUID", "TEXT", "BIGINT", "BOOLEAN", "BYTEA"];
/// Words that start a line of a table without naming a column.
const NOT_COLUMNS: &[&str] = &["PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT", "REFERENCES", "ON"];

/// Findings over all of `migrations/`, as `(path, text)`.
pub(super) fn check(scripts: &[(String, String)], sources: &[Source]) -> Vec<Finding> {
    let registered = |name: &str| {
        let registry = sources.iter().find(|source| source.path == REGISTRY);
        registry.is_some_and(|registry| registry.literals.iter().any(|literal| literal.text == name))
    };
    let owners = owners(scripts);
    let mut findings = Vec::new();
    for (path, text) in scripts.iter().filter(|(path, _)| path.starts_with(FOLDER)) {
        let name = stem(path);
        if !registered(name) {
            findings.push(Finding::new(path, 1, "migration", format!("register {name} in {REGISTRY}")));
        }
        for (line, code) in text.lines().enumerate().map(|(at, line)| (at + 1, line.split("--").next().unwrap_or(""))) {
            for table in sql::tables(code).iter().filter(|table| owners.get(*table).is_some_and(|o| *o != owner(path)))
            {
                let advice = format!("{table} is another module's: keep its id, without a reference");
                findings.push(Finding::new(path, line, "foreign-table", advice));
            }
            if let Some(kind) = column_type(code).filter(|kind| !TYPES.contains(&kind.to_uppercase().as_str())) {
                let advice = format!("{kind} is not portable: use one of {}", TYPES.join(", "));
                findings.push(Finding::new(path, line, "column-type", advice));
            }
        }
    }
    findings
}

/// Which crate's folder owns each table and view.
pub(super) fn owners(scripts: &[(String, String)]) -> HashMap<String, String> {
    let mut owners = HashMap::new();
    for (path, text) in scripts.iter().filter(|(path, _)| path.starts_with(FOLDER)) {
        let lines = text.lines().map(str::trim);
        let created =
            lines.filter_map(|line| line.strip_prefix("CREATE TABLE ").or_else(|| line.strip_prefix("CREATE VIEW ")));
        let names = created.filter_map(|rest| rest.trim_start_matches("IF NOT EXISTS ").split([' ', '(']).next());
        owners.extend(names.map(|name| (name.to_lowercase(), owner(path).to_owned())));
    }
    owners
}

/// `migrations/0003_catalog.sql` is catalog's; the journal is the bus's.
fn owner(path: &str) -> &str {
    let name = stem(path);
    match name.split('_').nth(1).unwrap_or(name) {
        "journal" => "bus",
        module => module,
    }
}

fn stem(path: &str) -> &str {
    path.trim_start_matches(FOLDER).trim_end_matches(".sql")
}

/// The type of the column that an indented line defines.
fn column_type(line: &str) -> Option<&str> {
    let mut words = line.strip_prefix("    ")?.split_whitespace();
    let name = words.next().filter(|name| name.chars().all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '_'))?;
    let kind = words.next()?.trim_matches([',', '(']);
    (!NOT_COLUMNS.contains(&name.to_uppercase().as_str()) && kind.chars().all(char::is_alphabetic)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let registry = Source::parse(REGISTRY, "&[(\"0002_accounts\", include_str!(\"x\"))]");
        let accounts = (
            "migrations/0002_accounts.sql".to_owned(),
            "CREATE TABLE users (\n    user_id UUID NOT NULL\n);".to_owned(),
        );
        let findings = check(&[accounts, (path.to_owned(), text.to_owned())], &[registry]);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_migration_that_nobody_registered_is_found() {
        let findings = found("migrations/0009_reviews.sql", "");
        assert_eq!(
            findings,
            ["migrations/0009_reviews.sql:1: migration: register 0009_reviews in crates/db/src/migrate.rs"]
        );
    }

    #[test]
    fn a_reference_to_another_modules_table_is_found() {
        let text = "CREATE TABLE reviews (\n    user_id UUID NOT NULL REFERENCES users (user_id)\n);";
        assert!(found("migrations/0009_reviews.sql", text).iter().any(|line| line.contains("sql:2: foreign-table")));
    }

    #[test]
    fn a_type_of_one_engine_is_found() {
        let text =
            "CREATE TABLE reviews (\n    -- when\n    at TIMESTAMPTZ NOT NULL,\n    n BIGINT,\n    PRIMARY KEY (n)\n);";
        let types: Vec<String> = found("migrations/0009_reviews.sql", text)
            .into_iter()
            .filter(|line| line.contains("column-type"))
            .collect();
        assert_eq!(types.len(), 1);
        assert!(types[0].contains("sql:3: column-type: TIMESTAMPTZ"));
    }

    #[test]
    fn the_journal_is_the_buss() {
        let owners = owners(&[("migrations/0001_journal.sql".to_owned(), "CREATE TABLE journal (".to_owned())]);
        assert_eq!(owners["journal"], "bus");
    }
}
