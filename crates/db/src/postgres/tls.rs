//! Encryption to the server: what an address asks for, and whose certificates are believed.
//!
//! `sslmode` means what it means to PostgreSQL's own clients. tokio-postgres knows it up to `require`; what is above that is
//! decided here.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, Result};

/// Whom a connection believes to be the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Whoever answers: `prefer` and `require`.
    Anybody,
    /// Whoever has a certificate from one of these: `verify-ca`, and `require` with a root certificate.
    AnyHost(PathBuf),
    /// Whoever has a certificate from one of these for the name that was called: `verify-full`.
    TheHost(Roots),
}

/// Who may issue certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those that the machine trusts.
    System,
    /// Those in this file alone.
    File(PathBuf),
}

/// The address without what tokio-postgres does not know, and what that says.
pub(super) fn part(url: &str) -> Result<(Cow<'_, str>, Trust)> {
    let (_, after_scheme) = url.split_once("://").unwrap_or(("", ""));
    // A password may hold anything but an @.
    let hosts = after_scheme.split_once('@').map_or(after_scheme, |(_, hosts)| hosts);
    let Some((_, parameters)) = hosts.split_once('?') else { return Ok((Cow::Borrowed(url), Trust::Anybody)) };
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for parameter in parameters.split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => roots = Some(roots_of(value)?),
            _ => rest.push(Cow::Borrowed(parameter)),
        }
    }
    let trust = match (mode, roots) {
        (Some("verify-full"), roots) => Trust::TheHost(roots.unwrap_or(Roots::System)),
        (Some("verify-ca" | "require"), Some(Roots::File(path))) => Trust::AnyHost(path),
        // Anybody gets a certificate from those whom the machine trusts, for some name.
        (Some("verify-ca"), _) => return Err(wrong("sslmode=verify-ca needs sslrootcert, which names a file")),
        (_, Some(_)) => {
            return Err(wrong(
                "sslrootcert goes with sslmode=verify-full, or names a file and goes with verify-ca or require",
            ));
        }
        (_, None) => Trust::Anybody,
    };
    let mode = mode.map(|mode| if trust == Trust::Anybody { mode } else { "require" });
    rest.extend(mode.map(|mode| Cow::Owned(format!("sslmode={mode}"))));
    let before = url.strip_suffix(parameters).unwrap_or(url);
    Ok((Cow::Owned(format!("{before}{}", rest.join("&"))), trust))
}

fn roots_of(value: &str) -> Result<Roots> {
    let path = percent_decode_str(value).decode_utf8().map_err(|_| wrong("sslrootcert must be UTF-8"))?;
    Ok(if path == "system" { Roots::System } else { Roots::File(PathBuf::from(path.as_ref())) })
}

fn wrong(problem: &str) -> Error {
    Error::Unreachable(problem.to_owned())
}

/// Makes encrypted connections.
pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error.to_string()))?;
    let config = match trust {
        Trust::TheHost(roots) => builder.with_root_certificates(read(roots)?),
        Trust::AnyHost(path) => {
            let roots = Arc::new(read(&Roots::File(path.clone()))?);
            let whole = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            let whole = whole.map_err(|error| wrong(&error.to_string()))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Lenient { issued: Some(whole), provider }))
        }
        Trust::Anybody => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Lenient { issued: None, provider }))
        }
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn read(roots: &Roots) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            let _ = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Roots::File(path) => {
            let unread = |problem: String| wrong(&format!("sslrootcert {}: {problem}", path.display()));
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unread(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unread(error.to_string()))?;
                store.add(certificate).map_err(|error| unread(error.to_string()))?;
            }
        }
    }
    if store.is_empty() {
        return Err(wrong("there is no root certificate to verify the server with"));
    }
    Ok(store)
}

/// Asks less of a certificate than that it is for the host.
#[derive(Debug)]
struct Lenient {
    /// Who must have issued it, if anybody.
    issued: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(issued) = &self.issued else { return Ok(ServerCertVerified::assertion()) };
        match issued.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parameters: &str) -> (String, Trust) {
        let url = format!("postgres://u:p?x@h:1/d{parameters}");
        let (url, trust) = part(&url).unwrap();
        (url.strip_prefix("postgres://u:p?x@h:1/d").unwrap().to_owned(), trust)
    }

    #[test]
    fn a_mode_means_what_it_means_to_others() {
        let file = || Roots::File("/ca.crt".into());
        assert_eq!(parts(""), (String::new(), Trust::Anybody));
        assert_eq!(parts("?sslmode=require"), ("?sslmode=require".to_owned(), Trust::Anybody));
        assert_eq!(parts("?sslmode=disable&options=a"), ("?options=a&sslmode=disable".to_owned(), Trust::Anybody));
        assert_eq!(
            parts("?options=a&sslmode=verify-full&sslrootcert=%2Fca.crt"),
            ("?options=a&sslmode=require".to_owned(), Trust::TheHost(file()))
        );
        assert_eq!(parts("?sslmode=verify-full").1, Trust::TheHost(Roots::System));
        assert_eq!(parts("?sslmode=verify-full&sslrootcert=system").1, Trust::TheHost(Roots::System));
        assert_eq!(parts("?sslmode=verify-ca&sslrootcert=/ca.crt").1, Trust::AnyHost("/ca.crt".into()));
        assert_eq!(parts("?sslmode=require&sslrootcert=/ca.crt").1, Trust::AnyHost("/ca.crt".into()));
    }

    #[test]
    fn a_root_certificate_that_nothing_would_be_verified_with_is_refused() {
        assert!(part("postgres://h/d?sslmode=prefer&sslrootcert=/ca.crt").is_err());
        assert!(part("postgres://h/d?sslrootcert=/ca.crt").is_err());
        assert!(part("postgres://h/d?sslmode=verify-ca").is_err());
        assert!(part("postgres://h/d?sslmode=require&sslrootcert=system").is_err());
    }

    #[test]
    fn a_root_certificate_that_cannot_be_read_is_named() {
        let Err(error) = connector(&Trust::TheHost(Roots::File("/not/there.crt".into()))) else { panic!("connected") };
        assert!(error.to_string().contains("/not/there.crt"), "{error}");
    }
}
