//! Certificates for a server on loopback and for its clients, from an authority made for the
//! occasion.

use std::{fs, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

/// A certificate and its key, both PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// An authority and the certificates it has signed.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority's certificate as PEM, which a client must trust.
    pub authority: String,
    /// For the server at `127.0.0.1` and `localhost`.
    pub server: Identity,
    /// For a client.
    pub client: Identity,
}

impl Certificates {
    /// Makes them.
    #[must_use]
    pub fn generate() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = named("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority =
            CertifiedIssuer::self_signed(params, new_key()).expect("an authority can be made");
        Self {
            authority: authority.pem(),
            server: identity(&authority, "server", ExtendedKeyUsagePurpose::ServerAuth),
            client: identity(&authority, "client", ExtendedKeyUsagePurpose::ClientAuth),
        }
    }

    /// Writes the files that a server reads: `ca.pem`, `server.pem` and `server.key`.
    pub(crate) fn write(&self, dir: &Path) {
        for (name, pem) in [
            ("ca.pem", &self.authority),
            ("server.pem", &self.server.certificate),
            ("server.key", &self.server.key),
        ] {
            fs::write(dir.join(name), pem).expect("the server's directory can be written");
        }
    }
}

fn identity(
    authority: &CertifiedIssuer<'_, KeyPair>,
    name: &str,
    usage: ExtendedKeyUsagePurpose,
) -> Identity {
    let hosts = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut params = CertificateParams::new(hosts).expect("the host names are valid");
    params.distinguished_name = named(name);
    params.extended_key_usages = vec![usage];
    let key = new_key();
    let certificate = params.signed_by(&key, authority).expect("a certificate can be signed");
    Identity { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// Names must differ: OpenSSL takes a certificate for self-signed whose issuer is named as its
/// subject.
fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}
