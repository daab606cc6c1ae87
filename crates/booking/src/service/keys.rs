//! The keys that sign tickets: each a file of 32 random bytes in the shared dir's `keys/`, readable by the server's user alone.
//!
//! The newest signs; tickets of the older ones stay good. A file is named `ticket-<created, µs since 1970>.key`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use marquee_kernel::{Rng, Timestamp};
use marquee_tickets::SigningKeys;

use crate::error::{Error, Result};

/// The length of an Ed25519 seed (RFC 8032, section 5.1.5).
const SEED_BYTES: usize = 32;

/// The keys under `data_dir`; makes the first one when there is none.
pub(super) fn open(data_dir: &Path, now: Timestamp, rng: &Rng) -> Result<SigningKeys> {
    let dir = make_dir(data_dir)?;
    let _turn = lock(&dir)?;
    let mut files = list(&dir).map_err(|error| broken(&dir, error))?;
    if files.is_empty() {
        files.push(make(&dir, now.as_microsecond(), rng)?);
    }
    // The names have one length, so that their order is that of their birth.
    files.sort();
    let mut seeds = files.iter().rev().map(|file| read(file));
    let newest = seeds.next().ok_or_else(|| broken(&dir, "holds no ticket key"))??;
    let older = seeds.collect::<Result<Vec<_>>>()?;
    Ok(SigningKeys::from_seeds(newest, &older))
}

/// Makes a new key under `data_dir`: it signs from a server's next start on. Tickets of the older ones stay good.
///
/// # Errors
/// [`Error::TicketKey`] when it cannot be written.
pub fn rotate(data_dir: &Path, now: Timestamp, rng: &Rng) -> Result<()> {
    let dir = make_dir(data_dir)?;
    let files = list(&dir).map_err(|error| broken(&dir, error))?;
    // The newest signs: also when the clock was set back, the new key must be it.
    let newest = files.iter().filter_map(|file| born(file)).max();
    let now = now.as_microsecond();
    make(&dir, newest.map_or(now, |newest| now.max(newest + 1)), rng).map(drop)
}

fn make_dir(data_dir: &Path) -> Result<PathBuf> {
    let dir = data_dir.join("keys");
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
    made.map_err(|error| broken(&dir, error))?;
    Ok(dir)
}

/// The right to make keys in `dir`, until it is dropped: of nodes that start together one makes the first.
fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let file =
        OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(|error| broken(&path, error))?;
    file.lock().map_err(|error| broken(&path, error))?;
    Ok(file)
}

fn make(dir: &Path, born_us: i64, rng: &Rng) -> Result<PathBuf> {
    let file = dir.join(format!("ticket-{born_us:016}.key"));
    write(dir, &file, &rng.bytes::<SEED_BYTES>()).map_err(|error| broken(&file, error))?;
    Ok(file)
}

/// When the key of that file was made, in µs since 1970.
fn born(file: &Path) -> Option<i64> {
    file.file_stem()?.to_str()?.strip_prefix("ticket-")?.parse().ok()
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let is_key = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("ticket-") && name.ends_with(".key")
    };
    let paths = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path()));
    Ok(paths.collect::<io::Result<Vec<_>>>()?.into_iter().filter(is_key).collect())
}

fn read(file: &Path) -> Result<[u8; SEED_BYTES]> {
    let seed = fs::read(file).map_err(|error| broken(file, error))?;
    let wrong = |seed: Vec<u8>| broken(file, format!("has {} bytes instead of {SEED_BYTES}; restore it", seed.len()));
    seed.try_into().map_err(wrong)
}

fn write(dir: &Path, file: &Path, seed: &[u8]) -> io::Result<()> {
    // Aside first: a crash half-way must not leave half a key, which would stop the next start.
    let aside = file.with_extension("tmp");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    out.write_all(seed)?;
    out.sync_all()?;
    fs::rename(&aside, file)?;
    File::open(dir)?.sync_all()
}

fn broken(path: &Path, problem: impl ToString) -> Error {
    Error::TicketKey { path: path.display().to_string(), problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_microsecond(micros).unwrap()
    }

    #[test]
    fn the_key_is_made_once_and_readable_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), at(1), &Rng::seeded(1)).unwrap();
        let second = open(dir.path(), at(2), &Rng::seeded(2)).unwrap();
        assert!(first.public_keys().eq(second.public_keys()));
        let file = dir.path().join("keys/ticket-0000000000000001.key");
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn of_nodes_that_start_together_one_makes_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let key = |seed| open(dir.path(), at(1), &Rng::seeded(seed)).unwrap().public_keys().collect::<Vec<_>>();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..8).map(|seed| scope.spawn(move || key(seed))).collect();
            nodes.into_iter().map(|node| node.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn tickets_of_an_older_key_stay_good() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), at(1), &Rng::seeded(1)).unwrap().public_keys().next().unwrap();
        fs::write(dir.path().join("keys/ticket-0000000000000002.key"), [9; SEED_BYTES]).unwrap();
        let both: Vec<_> = open(dir.path(), at(3), &Rng::seeded(3)).unwrap().public_keys().collect();
        assert_eq!((both.len(), both[1]), (2, first));
    }

    #[test]
    fn a_rotated_key_signs_and_the_one_before_stays_published() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), at(9), &Rng::seeded(1)).unwrap().public_keys().next().unwrap();
        // The clock was set back meanwhile.
        rotate(dir.path(), at(3), &Rng::seeded(2)).unwrap();
        let both: Vec<_> = open(dir.path(), at(4), &Rng::seeded(3)).unwrap().public_keys().collect();
        assert_eq!((both.len(), both[1]), (2, first));
        rotate(dir.path(), at(20), &Rng::seeded(4)).unwrap();
        let three: Vec<_> = open(dir.path(), at(21), &Rng::seeded(5)).unwrap().public_keys().collect();
        assert_eq!(three[1..], both);
    }

    #[test]
    fn half_a_key_is_named_not_used() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("keys")).unwrap();
        fs::write(dir.path().join("keys/ticket-0000000000000001.key"), [9; 5]).unwrap();
        let line = open(dir.path(), at(3), &Rng::seeded(3)).unwrap_err().to_string();
        assert!(line.contains("ticket-0000000000000001.key") && line.contains("5 bytes"), "{line}");
    }
}
