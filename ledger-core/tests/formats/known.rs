//! Published keys and notes, and Go's text form of a private key.

use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use ledger_core::note::{KeyType, VerifierKey};

/// Of the signed-note specification.
pub const EXAMPLE_KEY: &str =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
pub const EXAMPLE_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// Of the tests of Go's `sumdb/note`; the private key is public and signs nothing of worth.
pub const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
pub const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
pub const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
pub const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
pub const PETER_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
pub const ENOCH_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

/// Of the Go checksum database.
pub const SUMDB_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
pub const SUMDB_NOTE: &str = "go.sum database tree\n35225469\nvt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=\n\n— sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=\n";

/// Of the test log of Tessera.
pub const LOG_KEY: &str =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
pub const LOG_WORDS: &str =
    "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten";
pub const LOG_BODY: &str =
    "example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n";
pub const LOG_LINE: &str = "— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n";
pub const LOG_PROOF_7_15: [&str; 5] = [
    "2Q0P5jSR+TdkwdXWyx+GbBWX0KZbNZkWzCjyTPSozsw=",
    "ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=",
    "ycRkkNklus5eMVRUvkD1pK321vMrA+jjOiZKU8aOcY4=",
    "zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=",
    "5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=",
];
pub const WITNESS_SECRET: &str =
    "PRIVATE+KEY+Wit1+55ee4561+AeadRiG7XM4XiieCHzD8lxysXMwcViy5nYsoXURWGrlE";
pub const WITNESS_KEY: &str = "Wit1+9b3fb2d5+BFhZSmQj9+SoL+p/nN0Hh76xXmF7QcHfytUrI1XfSClk";
pub const WITNESS_2_KEY: &str = "Wit2+112f0455+BCy8NYvyk7N1dkxNxgrI3YAJzQDc0FIfs0q7q8U/cwOF";
pub const WITNESS_TIME: u64 = 1_679_315_147;
pub const WITNESS_LINE: &str = "— Wit1 mz+y1QAAAABkGFDLi4zi/+2kU/5P/4hpCkNoBjvoRHwqkmsDuocW+0ObiIxdYaW7bwTBaMLGHYwvM5lh63uUblihMBNMSJQRd2V3AQ==\n";

/// Checkpoint 15 of the test log, signed by the log and cosigned by the witness.
pub fn cosigned() -> String {
    format!("{LOG_BODY}\n{LOG_LINE}{WITNESS_LINE}")
}

pub fn key(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

/// Reads `PRIVATE+KEY+<name>+<id>+<base64>` as strictly as a verifier key; none when it is wrong.
pub fn secret(text: &str) -> Option<(String, SigningKey)> {
    let (name, rest) = text.strip_prefix("PRIVATE+KEY+")?.split_once('+')?;
    let (id, blob) = rest.split_once('+')?;
    let blob = BASE64.decode(blob.as_bytes()).ok()?;
    let (1, seed) = (*blob.first()?, blob.get(1..)?.try_into().ok()?) else { return None };
    let key = SigningKey::from_bytes(&seed);
    let verifier = VerifierKey::new(name, KeyType::Ed25519, key.verifying_key()).ok()?;
    let known = verifier.to_string();
    (known.get(name.len() + 1..name.len() + 9)? == id).then(|| (name.to_owned(), key))
}
