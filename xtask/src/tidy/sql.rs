//! SQL stands in stores alone, names the module's own tables alone, and is one text for both engines.

use std::collections::HashMap;

use super::Finding;
use super::source::Source;

/// How many SQL texts are written for one engine alone.
pub(super) const ENGINE_TEXTS: usize = 0;

/// What only one of the two engines knows.
const ENGINE_WORDS: &[&str] = &[
    "pragma ",
    "autoincrement",
    "rowid",
    "json_each",
    "strftime",
    "datetime(",
    "insert or ",
    " glob ",
    "unnest",
    "ilike",
    "now()",
    "for update",
    "skip locked",
    "jsonb",
    "::",
];

/// Words after which a statement names a table.
const BEFORE_TABLES: &[&str] = &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"];

/// Besides stores: the database's own crate, the limits that the load generator measures, and these rules.
const MAY_SPEAK_SQL: &[&str] = &["crates/db/", "crates/loadgen/", "xtask/"];

/// SQL outside a store.
pub(super) fn misplaced(source: &Source) -> Vec<Finding> {
    if is_store(&source.path) || MAY_SPEAK_SQL.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let misplaced = source.literals.iter().filter(|literal| is_sql(&literal.text) && !source.is_test(literal.line));
    misplaced
        .map(|literal| {
            Finding::new(&source.path, literal.line, "sql-place", "move this SQL into the module's store.rs")
        })
        .collect()
}

/// Tables of other modules that a store names; `owners` maps a table to its crate's folder.
pub(super) fn foreign_tables(source: &Source, owners: &HashMap<String, String>) -> Vec<Finding> {
    let Some(home) = source.path.strip_prefix("crates/").and_then(|path| path.split('/').next()) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for literal in source.literals.iter().filter(|literal| is_store(&source.path) && !source.is_test(literal.line)) {
        for table in tables(&literal.text) {
            if let Some(owner) = owners.get(&table).filter(|owner| *owner != home) {
                let advice = format!("{table} belongs to {owner}: call {owner}, or react to its events");
                findings.push(Finding::new(&source.path, literal.line, "foreign-table", advice));
            }
        }
    }
    findings
}

/// SQL in stores that only one engine understands.
pub(super) fn engine_texts(source: &Source) -> Vec<Finding> {
    let of_engine = |text: &str| ENGINE_WORDS.iter().find(|word| text.to_lowercase().contains(**word));
    let literals = source.literals.iter().filter(|literal| is_store(&source.path) && is_sql(&literal.text));
    literals
        .filter_map(|literal| {
            let word = of_engine(&literal.text)?.trim();
            let advice = format!("`{word}` is of one engine: say it in SQL that SQLite and PostgreSQL share");
            Some(Finding::new(&source.path, literal.line, "engine-sql", advice))
        })
        .collect()
}

fn is_store(path: &str) -> bool {
    path.ends_with("/store.rs") || path.contains("/store/")
}

/// Whether a literal starts as a statement does; prose that starts with the same word is none.
fn is_sql(text: &str) -> bool {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = words.to_lowercase();
    let shouted = ["SELECT ", "UPDATE "].iter().any(|start| words.starts_with(start));
    let started = ["insert into ", "delete from ", "create table ", "create index ", "alter table ", "drop table "]
        .iter()
        .any(|start| lower.starts_with(start));
    let whole = lower.starts_with("select ") && lower.contains(" from ")
        || lower.starts_with("update ") && lower.contains(" set ")
        || lower.starts_with("with ") && lower.contains(" as (");
    shouted || started || whole
}

/// The names that stand where a statement names tables, `FROM a, b` included.
pub(super) fn tables(sql: &str) -> Vec<String> {
    let words: Vec<&str> =
        sql.split(|c: char| c.is_whitespace() || c == '(' || c == ')').filter(|w| !w.is_empty()).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if !BEFORE_TABLES.contains(&word.to_uppercase().as_str()) {
            continue;
        }
        let listed = words[at + 1..].iter().scan(true, |more, word| {
            let taken = more.then_some(*word);
            *more = word.ends_with(',');
            taken
        });
        found.extend(listed.map(|name| name.trim_matches([',', ';', '"']).to_lowercase()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, literal: &str) -> Source {
        Source::parse(path, &format!("const A: &str = \"{literal}\";"))
    }

    #[test]
    fn sql_outside_a_store_is_found() {
        for sql in ["SELECT seat_id FROM seats", "\n  INSERT INTO a VALUES (1)", "update a set b = 1", "DELETE FROM a"]
        {
            assert_eq!(misplaced(&source("crates/seating/src/service.rs", sql)).len(), 1, "{sql}");
            assert_eq!(misplaced(&source("crates/seating/src/store.rs", sql)).len(), 0, "{sql}");
            assert_eq!(misplaced(&source("crates/seating/src/store/claims.rs", sql)).len(), 0, "{sql}");
            assert_eq!(misplaced(&source("crates/app/tests/it/race.rs", sql)).len(), 0, "{sql}");
        }
    }

    #[test]
    fn prose_is_not_sql() {
        for prose in ["select a seat", "update the layout", "with pleasure", "Delete this?", "selected from the map"] {
            assert!(!is_sql(prose), "{prose}");
        }
    }

    #[test]
    fn a_table_of_another_module_is_found() {
        let owners =
            HashMap::from([("users".to_owned(), "accounts".to_owned()), ("shows".to_owned(), "catalog".to_owned())]);
        let found = |sql: &str| foreign_tables(&source("crates/catalog/src/store.rs", sql), &owners).len();
        assert_eq!(found("SELECT * FROM shows s JOIN users u ON u.id = s.id"), 1);
        assert_eq!(found("SELECT * FROM shows, users"), 1);
        assert_eq!(found("INSERT INTO users (a) VALUES ($1)"), 1);
        assert_eq!(found("INSERT INTO shows (users) VALUES ($1) ON CONFLICT (a) DO UPDATE SET users = 1"), 0);
    }

    #[test]
    fn sql_of_one_engine_is_counted() {
        let found = |sql: &str| engine_texts(&source("crates/catalog/src/store.rs", sql)).len();
        assert_eq!(found("SELECT value FROM json_each($1)"), 1);
        assert_eq!(found("SELECT $1::text FROM shows"), 1);
        assert_eq!(found("SELECT title FROM shows WHERE start_time > $1"), 0);
    }
}
