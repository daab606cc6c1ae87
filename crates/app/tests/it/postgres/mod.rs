//! PostgreSQL servers of our own, so that a test may kill, stop and promote them: what a node makes of it, and the commands
//! that bring data to a server. Whatever else is true on PostgreSQL, the rest of the suite says when it runs there.

mod copying;
mod failing;
mod migrating;
pub(crate) mod sale;
mod servers;

use marquee_testkit::Launch;

use crate::MARQUEE;

/// A process whose data are at `url`.
fn launch(data_dir: &tempfile::TempDir, url: &str) -> Launch {
    Launch::new(MARQUEE, data_dir.path()).env("MARQUEE_DATABASE_URL", url)
}
