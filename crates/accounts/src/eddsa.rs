//! What signs and verifies access tokens: Ed25519 and nothing else, so that no other algorithm is even part of the program.

use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

static ED25519: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// Makes this the cryptography of every token of the process.
pub(crate) fn install() {
    // A process may hold many sets of accounts: the first installed it for all.
    let _ = ED25519.install_default();
}

struct Signs(SigningKey);

struct Verifies(VerifyingKey);

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    only_ed25519(*algorithm)?;
    let key = SigningKey::from_pkcs8_der(key.as_bytes()).map_err(|_| bad_key())?;
    Ok(Box::new(Signs(key)))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    only_ed25519(*algorithm)?;
    let key = key.try_get_as_bytes()?.try_into().map_err(|_| bad_key())?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| bad_key())?;
    Ok(Box::new(Verifies(key)))
}

fn only_ed25519(algorithm: Algorithm) -> Result<()> {
    if algorithm == Algorithm::EdDSA { Ok(()) } else { Err(ErrorKind::InvalidAlgorithm.into()) }
}

fn bad_key() -> Error {
    ErrorKind::InvalidEddsaKey.into()
}

impl Signer<Vec<u8>> for Signs {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).to_vec())
    }
}

impl JwtSigner for Signs {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Verifies {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let signature = Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        // Strict: a signature has one form only, and a weak key none.
        self.0.verify_strict(message, &signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifies {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.4.
    #[test]
    fn the_signature_is_the_one_of_the_rfc() {
        install();
        let seed = b"\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\
            \x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
        let key = SigningKey::from_bytes(seed);
        let der = ed25519_dalek::pkcs8::EncodePrivateKey::to_pkcs8_der(&key).unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signs = EncodingKey::from_ed_der(der.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message, &signs, Algorithm::EdDSA).unwrap();
        assert_eq!(signature, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        let verifies = DecodingKey::from_ed_der(key.verifying_key().as_bytes());
        let verify = |text: &[u8]| jsonwebtoken::crypto::verify(&signature, text, &verifies, Algorithm::EdDSA).unwrap();
        assert!(verify(message));
        assert!(!verify(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd"));
    }

    #[test]
    fn no_other_algorithm_signs_or_verifies() {
        install();
        for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256] {
            assert!(jsonwebtoken::crypto::sign(b"x", &EncodingKey::from_secret(b"secret"), algorithm).is_err());
            assert!(jsonwebtoken::crypto::verify("eA", b"x", &DecodingKey::from_secret(b"secret"), algorithm).is_err());
        }
    }
}
