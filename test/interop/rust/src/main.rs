// A client of Rustls: connects as often as it is told, asks for /seen, and prints each answer on a line of its own.
// usage: rustls-client PORT CA.pem VERSION SUITE GROUP TIMES [CERTIFICATE.pem KEY.pem]
// VERSION is 1.2 or 1.3; SUITE and GROUP are the IANA names, or "any".
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [port, ca, version, suite, group, times, client @ ..] = args.as_slice() else {
        return Err("usage: rustls-client PORT CA.pem VERSION SUITE GROUP TIMES [CERTIFICATE.pem KEY.pem]".into());
    };
    let mut provider: CryptoProvider = ring::default_provider();
    provider
        .cipher_suites
        .retain(|one| suite == "any" || format!("{:?}", one.suite()) == tls_name(suite));
    provider
        .kx_groups
        .retain(|one| group == "any" || format!("{:?}", one.name()) == group_name(group));
    let versions = if version == "1.2" { &[&rustls::version::TLS12] } else { &[&rustls::version::TLS13] };

    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)?
        .with_root_certificates(roots);
    let config = Arc::new(match client {
        [certificate, key] => {
            let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key)?)?
        }
        _ => builder.with_no_client_auth(),
    });

    for _ in 0..times.parse::<u32>()? {
        let mut connection = ClientConnection::new(config.clone(), ServerName::try_from("localhost")?)?;
        let mut socket = TcpStream::connect(format!("127.0.0.1:{port}"))?;
        let mut stream = Stream::new(&mut connection, &mut socket);
        stream.write_all(b"GET /seen HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?; // an end without close_notify is an error here
        println!("{}", answer.split("\r\n\r\n").nth(1).unwrap_or_default());
    }
    Ok(())
}

/// Rustls writes the suites of TLS 1.3 with a prefix of their own.
fn tls_name(suite: &str) -> String {
    match suite.strip_prefix("TLS_") {
        Some(rest) if !rest.contains("_WITH_") => format!("TLS13_{rest}"),
        _ => suite.to_string(),
    }
}

fn group_name(group: &str) -> &str {
    match group {
        "P-256" => "secp256r1",
        "P-384" => "secp384r1",
        other => other,
    }
}
