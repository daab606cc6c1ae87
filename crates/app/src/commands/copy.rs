//! `marquee copy --to URL`: an embedded data directory into an empty PostgreSQL.

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use marquee_db::{Copied, Db, Doing, Progress, Tx};
use marquee_kernel::{Clock, Timestamp};

use super::check::faults_of;
use super::{complain, say};
use crate::start::take_data_dir;
use crate::{BadSetting, Config, Database, StartError};

/// Copies `config`'s data, unless a server sells from them, and says what went over.
///
/// # Errors
/// An address that is none, a target that is not empty, data that do not pass `marquee check`, what the engines say. The
/// target is then as it was.
pub(super) async fn run(config: &Config, to: &str) -> Result<ExitCode, StartError> {
    let Database::File(file) = config.database.clone() else {
        return Err(setting(
            "MARQUEE_DATABASE_URL",
            "must name the file to copy, or be empty: the target stands in --to",
        ));
    };
    if !to.starts_with("postgres") || !Db::is_address(to) {
        return Err(setting("--to", "must be postgres://user@host/database"));
    }
    let _only_one = take_data_dir(&config.data_dir)?;
    if !file.exists() {
        return Err(wrong(format!("{} is not there: there is nothing to copy", file.display())));
    }
    let (to, now) = (to.to_owned(), Clock::System.now());
    let copying = tokio::task::spawn_blocking(move || {
        let mut shown = Shown::new();
        let bar = shown.bar.clone();
        let check = |tx: &mut Tx<'_>| {
            tell(&bar, "checking all of it".to_owned());
            well(tx, now)
        };
        let copied = marquee_db::copy(&file, &to, |step| shown.step(step), check);
        bar.finish_and_clear();
        copied
    });
    let copied = copying.await.map_err(wrong)?.map_err(|refused| match refused {
        Refused::Db(error) => wrong(error),
        Refused::Faults(faults) => {
            faults.iter().for_each(|fault| complain(fault));
            wrong(format!("the copy does not pass marquee check: {} faults; nothing was kept of it", faults.len()))
        }
    })?;
    for Copied { table, rows, digest } in &copied {
        say(&format!("{table}: {rows} rows, sha256 {digest}"));
    }
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    say(&format!("{} tables, {rows} rows: the same on both sides, and well", copied.len()));
    Ok(ExitCode::SUCCESS)
}

fn wrong(problem: impl std::fmt::Display) -> StartError {
    StartError::part("copy", problem)
}

fn setting(name: &str, rule: &str) -> StartError {
    StartError::Setting(BadSetting { name: name.to_owned(), problem: rule.to_owned() })
}

/// Why a copy was not kept.
enum Refused {
    Db(marquee_db::Error),
    Faults(Vec<String>),
}

impl From<marquee_db::Error> for Refused {
    fn from(error: marquee_db::Error) -> Self {
        Refused::Db(error)
    }
}

/// What `marquee check` would find, before the copy is committed.
fn well(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Refused> {
    let parts = faults_of(tx, now)?;
    let named = parts.iter().flat_map(|(part, faults)| faults.iter().map(move |fault| format!("{part}: {fault}")));
    let faults: Vec<String> = named.collect();
    if faults.is_empty() { Ok(()) } else { Err(Refused::Faults(faults)) }
}

fn tell(bar: &ProgressBar, what: String) {
    if bar.is_hidden() {
        complain(&what);
    }
    bar.set_message(what);
}

/// The bar, which is hidden where standard error is no terminal: a line for each table then.
struct Shown {
    bar: ProgressBar,
    last: Option<(Doing, String)>,
}

impl Shown {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg:32} {wide_bar} {percent}%, {eta} left") {
            bar.set_style(style);
        }
        Self { bar, last: None }
    }

    fn step(&mut self, Progress { doing, table, rows, of }: Progress<'_>) {
        // Each row is copied, and compared.
        self.bar.set_length(2 * of);
        self.bar.inc(rows);
        if self.last.as_ref().is_none_or(|(before, named)| (*before, named.as_str()) != (doing, table)) {
            let verb = match doing {
                Doing::Copying => "copying",
                Doing::Comparing => "comparing",
            };
            tell(&self.bar, format!("{verb} {table}"));
            self.last = Some((doing, table.to_owned()));
        }
    }
}
