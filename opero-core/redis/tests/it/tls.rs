//! `rediss://`, with a certificate that the test's own authority signed.

use std::path::{Path, PathBuf};
use std::process::Command;

use opero_test_servers::{RedisServer, free_port};

use crate::support::{open, ping};

const CHILD: &str = "OPERO_TEST_TLS_CHILD";

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(directory).args(arguments.split(' '));
    let output = openssl.output();
    let output = output.expect("openssl makes the certificates of this test: install it");
    assert!(output.status.success(), "{arguments}: {output:?}");
}

/// An authority, and a server's certificate for `localhost`.
fn certificates() -> Directory {
    let name = format!("opero-test-tls-{}", std::process::id());
    let directory = Directory(std::env::temp_dir().join(name));
    let path = &directory.0;
    std::fs::create_dir_all(path).unwrap();
    std::fs::write(path.join("names"), "subjectAltName=DNS:localhost").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(
        path,
        &format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=opero-test"),
    );
    openssl(
        path,
        &format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
    );
    openssl(
        path,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names",
    );
    directory
}

#[test]
fn child() {
    // Only as a process of the test below: which certificates are trusted is the whole process's.
    if let Ok(url) = std::env::var(CHILD) {
        println!("said: {:?}", opero_core::block_on(ping(&open(&url))));
    }
}

fn said(url: &str, authority: &Path) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "tls::child", "--nocapture"]);
    child.env(CHILD, url).env("SSL_CERT_FILE", authority);
    String::from_utf8(child.output().unwrap().stdout).unwrap()
}

#[test]
fn a_connection_is_encrypted_and_its_certificate_checked() {
    let directory = certificates();
    let file = |name: &str| directory.0.join(name).display().to_string();
    let port = free_port().unwrap().to_string();
    let server = RedisServer::start_with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &file("server.crt"),
        "--tls-key-file",
        &file("server.key"),
        "--tls-ca-cert-file",
        &file("ca.crt"),
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "geheim",
    ]);
    let _server = server.unwrap();
    let url = format!("rediss://:geheim@localhost:{port}?timeout=2s&connect_timeout=5s");
    let trusted = said(&url, &directory.0.join("ca.crt"));
    assert!(trusted.contains("said: Ok(())"), "{trusted}");

    // Another authority than the one that signed.
    openssl(
        &directory.0,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other.key -out other.crt -days 2 -subj /CN=other",
    );
    let strange = said(&url, &directory.0.join("other.crt"));
    assert!(strange.contains("said: Err"), "{strange}");
    assert!(!strange.contains("geheim"), "{strange}");
}
