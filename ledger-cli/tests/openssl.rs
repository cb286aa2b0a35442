//! Keys that other programs read and make. The programs must be there: `apt install openssl
//! openssh-client`.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;

use std::process::Command;

use common::{World, event};

fn tool(world: &World, program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(world.path("")).output();
    let output = output.unwrap_or_else(|error| panic!("`{program}` is needed here: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn shown(world: &World, file: &str) -> String {
    world.run(&["key", "show", file]).good()
}

/// Registers the key and appends with it.
fn signs(world: &World, file: &str) {
    let roots = ["--key", "d/keys/root-1.pem", "--key", "d/keys/root-2.pem"];
    let what = ["--new", file, "--service", "other", "--capability", "append:*"];
    world.run(&[&["key", "register"], &roots[..], &what].concat()).good();
    world.write("event", event("payments"));
    world.run(&["append", "--key", file, "event"]).good();
    world.run(&["verify"]).good();
}

#[test]
fn openssl_reads_our_key() {
    let world = World::new();
    let said = world.run(&["key", "new", "new.pem"]).good();
    let text = tool(&world, "openssl", &["pkey", "-in", "new.pem", "-noout", "-text"]);
    assert!(text.starts_with("ED25519 Private-Key:"), "{text}");
    tool(&world, "openssl", &["pkey", "-in", "new.pem", "-pubout", "-out", "public.pem"]);
    assert_eq!(shown(&world, "public.pem"), said);
    assert_eq!(shown(&world, "new.pem"), said);
}

#[test]
fn openssl_keys_sign() {
    let world = World::new();
    tool(&world, "openssl", &["genpkey", "-algorithm", "ed25519", "-out", "other.pem"]);
    signs(&world, "other.pem");
}

#[test]
fn ssh_keygen_reads_our_key() {
    let world = World::new();
    let said = world.run(&["key", "new", "new", "--openssh"]).good();
    let line = tool(&world, "ssh-keygen", &["-y", "-f", "new"]);
    world.write("new.pub", line);
    assert_eq!(shown(&world, "new.pub"), said);
}

#[test]
fn ssh_keygen_keys_sign() {
    let world = World::new();
    tool(
        &world,
        "ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", "other"],
    );
    assert_eq!(shown(&world, "other"), shown(&world, "other.pub"));
    signs(&world, "other");
}

#[test]
fn nobody_else_may_read_a_new_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    for (file, option) in [("a", "--openssh"), ("b", "--json")] {
        world.run(&["key", "new", file, option]).good();
        let mode = std::fs::metadata(world.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
