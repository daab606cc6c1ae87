//! Encrypted connections, to a server with a certificate of an authority of our own.

use std::net::SocketAddr;
use std::path::PathBuf;

use marquee_db::{Db, Error, Row};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::servers::Server;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.crt"), issuer.pem()).unwrap();
        Self { issuer, dir }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    /// A server that talks to nobody but in its own cipher, with a certificate for `localhost`.
    async fn server(&self) -> Server {
        let server = Server::start();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &self.issuer).unwrap();
        server.put("server.crt", &certificate.pem());
        server.put("server.key", &key.serialize_pem());
        server.put("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n");
        server.set("ssl", "on").await;
        server
    }
}

/// Whether a reader's connection is encrypted.
async fn is_encrypted(url: &str) -> marquee_db::Result<bool> {
    let db = Db::connect(url)?;
    let ask = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let found: Option<Row> = db.read(move |tx| tx.query_opt(ask, &[])).await?;
    found.unwrap().get("ssl")
}

async fn refusal(url: &str) -> String {
    match is_encrypted(url).await {
        Err(Error::Unreachable(why)) => why,
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn whom_a_connection_believes_is_what_the_address_says() {
    let (authority, another) = (Authority::new(), Authority::new());
    let server = authority.server().await;
    let url = |host: &str, parameters: &str| {
        let port = server.port();
        format!("postgres://marquee@{host}:{port}/postgres?{parameters}")
    };
    let full = |ca: &Authority| format!("sslmode=verify-full&sslrootcert={}", ca.file().display());
    let any_host = format!("sslmode=verify-ca&sslrootcert={}", authority.file().display());

    assert!(is_encrypted(&url("localhost", &full(&authority))).await.unwrap());
    assert!(is_encrypted(&url("127.0.0.1", "sslmode=require")).await.unwrap());
    assert!(is_encrypted(&url("127.0.0.1", &any_host)).await.unwrap());
    // What is not said is the best that the server has.
    assert!(is_encrypted(&url("127.0.0.1", "connect_timeout=3")).await.unwrap());

    let why = refusal(&url("localhost", &full(&another))).await;
    assert!(why.contains("certificate"), "another authority: {why}");
    let why = refusal(&url("127.0.0.1", &full(&authority))).await;
    assert!(why.contains("certificate"), "another name: {why}");
    let why = refusal(&url("localhost", "sslmode=verify-full")).await;
    assert!(why.contains("certificate"), "not the machine's authorities: {why}");
    let why = refusal(&url("localhost", "sslmode=disable")).await;
    assert!(why.contains("no encryption"), "in the clear: {why}");
}

#[tokio::test]
async fn who_wants_encryption_does_not_talk_in_the_clear() {
    let server = Server::start();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let why = refusal(&format!("postgres://marquee@{address}/postgres?sslmode=require")).await;
    assert!(why.contains("TLS"), "{why}");
}
