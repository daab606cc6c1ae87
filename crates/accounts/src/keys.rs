//! The signing keys: Ed25519, each a file of its own in the shared dir's `keys/`, readable by the server's user alone.
//!
//! The newest key signs, once every node has had time to see it. A key that another one followed keeps verifying until the last token it signed has expired, and is
//! deleted then. A file is named `<created, µs since 1970>-<key id>.pk8` and holds PKCS#8; the key id is the RFC 7638
//! thumbprint, so that a file that was tampered with or renamed does not load.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jiff::SignedDuration;
use jsonwebtoken::{DecodingKey, EncodingKey};
use marquee_kernel::{Rng, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::jobs::WATCH_S;
use crate::model::later;

/// How much longer than its tokens a replaced key verifies, in seconds: another process may sign with it until it looks
/// at the directory again.
const RETIREMENT_MARGIN_S: u32 = 60;
/// How old a new key is when it begins to sign, in seconds: by then every node has looked at the directory again.
pub(crate) const SIGNS_AFTER_S: u32 = 2 * WATCH_S as u32;
/// Held while the first key is made: of nodes that start together one makes it.
const LOCK_FILE: &str = "lock";

/// A signing key and what verifies it.
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) signs: EncodingKey,
    pub(crate) verifies: DecodingKey,
    created_at: Timestamp,
    /// When its last token has expired; never, while it is the newest.
    retires_at: Option<Timestamp>,
    public: String,
    file: PathBuf,
}

impl Key {
    pub(crate) fn is_live_at(&self, now: Timestamp) -> bool {
        self.retires_at.is_none_or(|at| now < at)
    }
}

/// The keys as of one look at the directory, newest first; never empty.
pub(crate) struct KeyRing {
    newest: Key,
    older: Vec<Key>,
}

impl KeyRing {
    /// Reads the keys under `data_dir`, and makes the first one when there is none.
    pub(crate) fn open(data_dir: &Path, access_token_s: u32, now: Timestamp, rng: &Rng) -> Result<Self> {
        let dir = data_dir.join("keys");
        DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(|error| broken(&dir, &error))?;
        let _turn = lock(&dir)?;
        let mut keys = read_dir(&dir)?;
        if keys.is_empty() {
            keys.push(write_key(&dir, now, rng)?);
        }
        Self::arrange(keys, access_token_s).ok_or_else(|| Error::Keys(format!("{}: no key", dir.display())))
    }

    /// Makes a new key, which signs before long.
    pub(crate) fn rotate(data_dir: &Path, access_token_s: u32, now: Timestamp, rng: &Rng) -> Result<Self> {
        let ring = Self::open(data_dir, access_token_s, now, rng)?;
        // Newest is by time of birth: also when the clock was set back, the new key must be it.
        let born = now.max(ring.newest.created_at + SignedDuration::from_micros(1));
        write_key(&data_dir.join("keys"), born, rng)?;
        Self::open(data_dir, access_token_s, now, rng)
    }

    fn arrange(mut keys: Vec<Key>, access_token_s: u32) -> Option<Self> {
        keys.sort_by_key(|key| key.created_at);
        let followed_at: Vec<Timestamp> = keys.iter().skip(1).map(|key| key.created_at).collect();
        for (key, followed_at) in keys.iter_mut().zip(followed_at) {
            key.retires_at = Some(later(followed_at, access_token_s.saturating_add(RETIREMENT_MARGIN_S)));
        }
        let newest = keys.pop()?;
        keys.reverse();
        Some(Self { newest, older: keys })
    }

    /// The newest key.
    pub(crate) fn newest(&self) -> &Key {
        &self.newest
    }

    /// The key that signs: the newest that every node knows by now, or the oldest.
    pub(crate) fn signing(&self, now: Timestamp) -> &Key {
        let known = |key: &&Key| later(key.created_at, SIGNS_AFTER_S) <= now;
        let mut keys = std::iter::once(&self.newest).chain(&self.older);
        keys.find(known).unwrap_or(self.older.last().unwrap_or(&self.newest))
    }

    /// The key of that id, while it verifies.
    pub(crate) fn find(&self, kid: &str, now: Timestamp) -> Option<&Key> {
        self.live(now).find(|key| key.kid == kid)
    }

    /// The keys that verify, newest first.
    pub(crate) fn live(&self, now: Timestamp) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(&self.older).filter(move |key| key.is_live_at(now))
    }

    /// The public keys that verify.
    pub(crate) fn public(&self, now: Timestamp) -> Jwks {
        Jwks { keys: self.live(now).map(Jwk::of).collect() }
    }

    /// Deletes the files of keys that verify nothing any more.
    pub(crate) fn delete_retired(&self, now: Timestamp) -> Result<usize> {
        let retired = self.older.iter().filter(|key| !key.is_live_at(now));
        let mut deleted = 0;
        for key in retired {
            match fs::remove_file(&key.file) {
                Ok(()) => deleted += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(broken(&key.file, &error)),
            }
        }
        Ok(deleted)
    }
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Debug, Serialize)]
pub(crate) struct Jwks {
    keys: Vec<Jwk>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Debug, Serialize)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    r#use: &'static str,
    alg: &'static str,
    kid: String,
    x: String,
}

impl Jwk {
    fn of(key: &Key) -> Self {
        Self { kty: "OKP", crv: "Ed25519", r#use: "sig", alg: "EdDSA", kid: key.kid.clone(), x: key.public.clone() }
    }
}

/// The right to make keys in `dir`, until it is dropped.
fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(LOCK_FILE);
    let locked = || -> io::Result<File> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.lock()?;
        Ok(file)
    };
    locked().map_err(|error| broken(&path, &error))
}

fn read_dir(dir: &Path) -> Result<Vec<Key>> {
    let entries = fs::read_dir(dir).map_err(|error| broken(dir, &error))?;
    let files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>();
    let mut files = files.map_err(|error| broken(dir, &error))?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "pk8"));
    let keys = files.iter().map(|file| match fs::read(file) {
        Ok(der) => read_key(file, &der).map(Some),
        // Deleted as retired by another process since the directory was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(broken(file, &error)),
    });
    keys.filter_map(Result::transpose).collect()
}

fn read_key(file: &Path, der: &[u8]) -> Result<Key> {
    let name = file.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.split_once('-'));
    let named = name.and_then(|(micros, kid)| {
        let created_at = Timestamp::from_microsecond(micros.parse().ok()?).ok()?;
        Some((created_at, kid))
    });
    let (created_at, kid) = named.ok_or_else(|| broken(file, &"not named as a key is"))?;
    let signing = SigningKey::from_pkcs8_der(der).map_err(|error| broken(file, &error))?;
    let key = keep(&signing, der, created_at, file);
    if key.kid != kid {
        return Err(broken(file, &"holds another key than its name says"));
    }
    Ok(key)
}

fn write_key(dir: &Path, created_at: Timestamp, rng: &Rng) -> Result<Key> {
    let signing = SigningKey::from_bytes(&rng.bytes::<32>());
    let der = signing.to_pkcs8_der().map_err(|error| broken(dir, &error))?;
    let kid = thumbprint(&URL_SAFE_NO_PAD.encode(signing.verifying_key().as_bytes()));
    let file = dir.join(format!("{:016}-{kid}.pk8", created_at.as_microsecond()));
    // Written aside first: a crash half-way must not leave half a key, which would stop the next start.
    let aside = file.with_extension("tmp");
    let written = || -> io::Result<()> {
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        out.write_all(der.as_bytes())?;
        out.sync_all()?;
        fs::rename(&aside, &file)?;
        File::open(dir)?.sync_all()
    };
    written().map_err(|error| broken(&file, &error))?;
    Ok(keep(&signing, der.as_bytes(), created_at, &file))
}

fn keep(signing: &SigningKey, der: &[u8], created_at: Timestamp, file: &Path) -> Key {
    let public = URL_SAFE_NO_PAD.encode(signing.verifying_key().as_bytes());
    Key {
        kid: thumbprint(&public),
        signs: EncodingKey::from_ed_der(der),
        verifies: DecodingKey::from_ed_der(signing.verifying_key().as_bytes()),
        created_at,
        retires_at: None,
        public,
        file: file.to_owned(),
    }
}

/// The key id: RFC 7638, with the members that RFC 8037 requires.
fn thumbprint(public: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
}

fn broken(file: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Keys(format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const ACCESS_S: u32 = 900;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn kids(ring: &KeyRing, now: Timestamp) -> Vec<String> {
        ring.live(now).map(|key| key.kid.clone()).collect()
    }

    #[test]
    fn the_key_id_is_the_thumbprint_of_the_rfc() {
        // RFC 8037, appendix A.3.
        let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn keys_survive_a_restart_and_only_their_owner_reads_them() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), Rng::seeded(1));
        let first = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        let again = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        assert_eq!(first.newest().kid, again.newest().kid);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.path().join("keys")), 0o700);
        assert_eq!(mode(&first.newest().file), 0o600);
    }

    #[test]
    fn a_replaced_key_verifies_until_its_last_token_expired_and_is_deleted_then() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), Rng::seeded(1));
        let old = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap().newest().kid.clone();
        let ring = KeyRing::rotate(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        let new = ring.newest().kid.clone();
        assert_ne!(old, new);
        let last = later(noon(), ACCESS_S);
        assert_eq!(kids(&ring, last), [new.clone(), old]);
        assert_eq!(ring.delete_retired(last).unwrap(), 0);
        let after = later(noon(), ACCESS_S + RETIREMENT_MARGIN_S + 1);
        assert_eq!(kids(&ring, after), [new]);
        assert_eq!(ring.delete_retired(after).unwrap(), 1);
        assert_eq!(read_dir(&dir.path().join("keys")).unwrap().len(), 1);
    }

    #[test]
    fn a_new_key_signs_once_every_node_has_had_time_to_see_it() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), Rng::seeded(1));
        let first = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        assert_eq!(first.signing(noon()).kid, first.newest().kid, "the first has nobody before it");
        let ring = KeyRing::rotate(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        assert_eq!(ring.signing(later(noon(), SIGNS_AFTER_S - 1)).kid, first.newest().kid);
        assert_eq!(ring.signing(later(noon(), SIGNS_AFTER_S + 1)).kid, ring.newest().kid);
    }

    #[test]
    fn of_nodes_that_start_together_one_makes_the_first_key() {
        let dir = tempfile::tempdir().unwrap();
        let open = |seed| KeyRing::open(dir.path(), ACCESS_S, noon(), &Rng::seeded(seed)).unwrap().newest().kid.clone();
        let kids: Vec<String> = std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..8).map(|seed| scope.spawn(move || open(seed))).collect();
            nodes.into_iter().map(|node| node.join().unwrap()).collect()
        });
        assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    }

    #[test]
    fn a_new_key_is_the_newest_also_when_the_clock_was_set_back() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), Rng::seeded(1));
        let old = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap().newest().kid.clone();
        let earlier = noon() - SignedDuration::from_hours(1);
        let ring = KeyRing::rotate(dir.path(), ACCESS_S, earlier, &rng).unwrap();
        assert_ne!(ring.newest().kid, old);
    }

    #[test]
    fn a_damaged_or_swapped_key_file_stops_the_start_and_is_named() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), Rng::seeded(1));
        let ring = KeyRing::rotate(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        let (newest, older) = (&ring.newest().file, &ring.older[0].file);
        fs::copy(older, newest).unwrap();
        let swapped = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).err().unwrap().to_string();
        assert!(swapped.contains(newest.to_str().unwrap()), "{swapped}");
        fs::write(newest, b"half a k").unwrap();
        assert!(KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).is_err());
    }

    #[test]
    fn what_a_crash_left_half_written_is_no_key() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), Rng::seeded(1));
        let first = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        fs::write(dir.path().join("keys/0000000000000001-x.tmp"), b"half").unwrap();
        let again = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        assert_eq!(first.newest().kid, again.newest().kid);
    }

    #[test]
    fn the_public_set_holds_no_private_part() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), Rng::seeded(1));
        let ring = KeyRing::open(dir.path(), ACCESS_S, noon(), &rng).unwrap();
        let set = serde_json::to_value(ring.public(noon())).unwrap();
        let mut members: Vec<_> = set["keys"][0].as_object().unwrap().keys().cloned().collect();
        members.sort();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(set["keys"][0]["kid"], ring.newest().kid);
    }
}
