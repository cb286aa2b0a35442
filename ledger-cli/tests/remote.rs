//! The way to a server through the real program: TLS, proxies, answers that are cut off, servers that
//! are away.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;
#[path = "serve/machine.rs"]
mod machine;
#[path = "serve/proxy.rs"]
mod proxy;

use std::process::Command;
use std::time::{Duration, Instant};

use common::{Ended, PIPELINE, World, deployed, times};
use machine::Machine;
use proxy::{Cutting, Forward};

/// A file of `fixtures/server`, made once for a hundred years.
fn fixture(name: &str) -> String {
    format!("{}/../fixtures/server/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The arguments that record a deployment at a server.
fn to<'a>(id: &'a str, url: &'a str) -> Vec<&'a str> {
    [&deployed(id)[..], &["--to", url]].concat()
}

/// A pipeline's machine: what it has in its environment, and nothing of the ledger's folder.
fn far(world: &World, args: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command: Command = world.command(args);
    command.env("LEDGER_STATE", "far").env_remove("LEDGER_DIR");
    command.envs(variables.iter().copied());
    Ended::from(command.output().unwrap())
}

fn origin(world: &World) -> String {
    let format = String::from_utf8(world.read("d/ledger/ledger.toml")).unwrap();
    let line = format.lines().find(|line| line.starts_with("origin")).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

fn secret(token: &str) -> &str {
    token.trim_start_matches("Bearer ")
}

#[test]
fn an_answer_that_is_cut_off_is_asked_for_again_and_the_event_is_there_once() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    // the ledger stores the event, and the answer is lost: within one call
    let cutting = Cutting::start(&machine.address, 1);
    let said = far(&world, &to("d-801", &cutting.url), &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stdout.contains("was there before"), "{}", said.stdout);
    assert_eq!((times(&world, "d-801"), cutting.cuts()), (1, 1));
    // and for as long as the call tries: the event waits, and the next call delivers it
    let cutting = Cutting::start(&machine.address, 1000);
    let said = far(&world, &to("d-802", &cutting.url), &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    assert_eq!(times(&world, "d-802"), 1);
    let flush = ["flush", "--key", PIPELINE, "--to", &machine.url];
    let said = far(&world, &flush, &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.stdout, "delivered 1, waiting 0\n", "{}", said.stderr);
    assert_eq!(times(&world, "d-802"), 1);
    world.run(&["verify"]).good();
}

#[test]
fn a_server_that_is_away_costs_no_event_and_little_time() {
    let world = World::new();
    let origin = origin(&world);
    // nobody listens there; a machine that never reached the server must be told which ledger it is
    let away = "http://127.0.0.1:9";
    let said = far(&world, &to("d-803", away), &[]);
    assert_eq!(said.status, 5, "{}", said.stderr);
    let known = [("LEDGER_ORIGIN", origin.as_str())];
    let said = far(&world, &to("d-803", away), &known);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    let acknowledged = [&to("d-804", away)[..], &["--require-ack"]].concat();
    assert_eq!(far(&world, &acknowledged, &known).status, 6);
    // one that takes connections and says nothing is waited for, five seconds and no more
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let begun = Instant::now();
    let said = far(&world, &to("d-805", &url), &known);
    assert_eq!(said.status, 0, "{}", said.stderr);
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(4) && took < Duration::from_secs(9), "{took:?}");
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let flush = ["flush", "--key", PIPELINE, "--to", &machine.url];
    let said = far(&world, &flush, &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.stdout, "delivered 3, waiting 0\n", "{}", said.stderr);
    for id in ["d-803", "d-804", "d-805"] {
        assert_eq!(times(&world, id), 1, "{id}");
    }
}

#[test]
fn what_is_wrong_with_an_address_is_said_before_anything_is_written() {
    let world = World::new();
    let cases = [
        (to("d-1", "ledger.example.com"), "is no address"),
        (to("d-1", "http://ledger.example.com"), "in the clear"),
        (to("d-1", "https://"), "is no address"),
    ];
    for (args, wanted) in cases {
        let said = far(&world, &args, &[]).bad(2);
        assert!(said.contains(wanted), "{said}");
    }
    let url = "https://127.0.0.1:9";
    let said = far(&world, &to("d-1", url), &[("LEDGER_TOKEN", "")]).bad(2);
    assert!(said.contains("LEDGER_TOKEN"), "{said}");
    let said = far(&world, &to("d-1", url), &[("LEDGER_CA", PIPELINE)]).bad(2);
    assert!(said.contains("no certificate"), "{said}");
    assert!(!world.path(".ledger").exists());
}

fn secure(world: &World, more: &[&str]) -> Machine {
    let (certificate, key) = (fixture("server.pem"), fixture("server.key"));
    let tls = ["--tls-cert", certificate.as_str(), "--tls-key", key.as_str()];
    Machine::start(world, &[&tls[..], more].concat())
}

#[test]
fn tls_is_demanded_and_believed_only_with_a_known_ca() {
    let world = World::new();
    let said = world.run(&["serve", "--listen", "0.0.0.0:0"]).bad(2);
    assert!(said.contains("--tls-cert"), "{said}");
    let machine = secure(&world, &[]);
    assert!(machine.url.starts_with("https://127.0.0.1:"), "{}", machine.url);
    let token = machine.token(&["append"]);
    let (ca, origin) = (fixture("ca.pem"), origin(&world));
    let known = [("LEDGER_TOKEN", secret(&token)), ("LEDGER_CA", &ca), ("LEDGER_ORIGIN", &origin)];
    let said = far(&world, &to("d-810", &machine.url), &known);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(times(&world, "d-810"), 1);
    // the system's CAs do not know it: the event waits
    let known = [("LEDGER_TOKEN", secret(&token)), ("LEDGER_ORIGIN", origin.as_str())];
    let said = far(&world, &to("d-811", &machine.url), &known);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stderr.contains("is not believed"), "{}", said.stderr);
    assert_eq!(times(&world, "d-811"), 0);
    // what is no TLS gets no answer, and harms nobody
    let said = machine::ask(&machine.address, b"GET /healthz HTTP/1.1\r\n\r\n");
    assert_eq!(said.status, 0);
    // another ledger than the one that was named is refused
    let other = origin.replace("demo", "other");
    let known = [("LEDGER_TOKEN", secret(&token)), ("LEDGER_CA", &ca), ("LEDGER_ORIGIN", &other)];
    assert_eq!(far(&world, &to("d-812", &machine.url), &known).status, 4);
}

#[test]
fn a_certificate_of_the_client_ca_stands_for_a_token() {
    let world = World::new();
    let ca = fixture("ca.pem");
    let machine = secure(&world, &["--client-ca", &ca]);
    let (certificate, key) = (fixture("client.pem"), fixture("client.key"));
    let known = [
        ("LEDGER_CA", ca.as_str()),
        ("LEDGER_CLIENT_CERT", certificate.as_str()),
        ("LEDGER_CLIENT_KEY", key.as_str()),
    ];
    let said = far(&world, &to("d-820", &machine.url), &known);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(times(&world, "d-820"), 1);
    let origin = origin(&world);
    let bare = [("LEDGER_CA", ca.as_str()), ("LEDGER_ORIGIN", origin.as_str())];
    let said = far(&world, &to("d-821", &machine.url), &bare);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(times(&world, "d-821"), 0);
}

#[test]
fn a_proxy_is_used_where_the_environment_names_one() {
    let world = World::new();
    let machine = secure(&world, &[]);
    let token = machine.token(&["append"]);
    let forward = Forward::start(&machine.address);
    let (ca, origin) = (fixture("ca.pem"), origin(&world));
    // no such host is known here: only the proxy knows where it is
    let url = "https://ledger.internal.example:8443";
    let known = [
        ("LEDGER_TOKEN", secret(&token)),
        ("LEDGER_CA", ca.as_str()),
        ("LEDGER_ORIGIN", origin.as_str()),
        ("HTTPS_PROXY", forward.url.as_str()),
    ];
    let said = far(&world, &to("d-830", url), &known);
    // the certificate is for another name, so that nothing is sent, but the proxy was asked
    assert!(said.stderr.contains("is not believed"), "{}", said.stderr);
    assert_eq!(forward.asked(), vec!["ledger.internal.example:8443".to_owned()]);
    let without = [&known[..], &[("NO_PROXY", "ledger.internal.example")]].concat();
    let said = far(&world, &to("d-831", url), &without);
    assert!(said.stderr.contains("cannot be reached"), "{}", said.stderr);
    assert_eq!(forward.asked().len(), 1);
}

#[test]
fn a_proof_comes_from_the_server() {
    let world = World::new();
    let machine = Machine::start(&world, &["--checkpoint-key", "d/keys/signer.pem"]);
    let token = machine.token(&["append"]);
    let args = [&to("d-840", &machine.url)[..], &["--proof", "artifact.tar"]].concat();
    let said = far(&world, &args, &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    let verify = ["verify", "artifact.tar.tlog-proof", "--policy", "d/auditor.policy"];
    let said = world.run(&verify).good();
    assert!(said.contains("entry 64"), "{said}");
    // each event names the checkpoint that its producer saw, and the next one must continue it
    let said = far(&world, &to("d-841", &machine.url), &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    let shown = world.run(&["show", "65", "--raw"]).good();
    assert!(shown.contains("\"seen\""), "{shown}");
}

#[test]
fn a_person_approves_at_a_server() {
    let world = World::new();
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append", "read"]);
    let artifact = format!("sha256:{}", "ab".repeat(32));
    let args = [
        "approve",
        "PAY-42",
        "--artifact",
        &artifact,
        "--environment",
        "production",
        "--role",
        "release_manager",
        "--as",
        "hr:approver-1",
        "--key",
        "d/keys/approver-1.pem",
        "--yes",
        "--to",
        &machine.url,
    ];
    // who shows no token is refused, as by the ledger itself
    let said = far(&world, &args, &[]);
    assert_eq!(said.status, 4, "{}{}", said.stdout, said.stderr);
    let said = far(&world, &args, &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let logged = world.run(&["log", "--subject", "change:PAY-42"]).good();
    assert!(logged.contains("approval.decided"), "{logged}");
    // what it revokes is looked up there as well
    let shown = world.run(&["show", &format!("{}", world.size() - 1), "--raw"]).good();
    let id = shown.split("\"approval\":\"").nth(1).unwrap().split('"').next().unwrap();
    let person = ["--role", "release_manager", "--as", "hr:approver-1", "--key"];
    let person = [&person[..], &["d/keys/approver-1.pem", "--yes"]].concat();
    let revoke = |id: &str| {
        let args = [&["revoke", "PAY-42", "--approval", id, "--to", &machine.url], &person[..]];
        far(&world, &args.concat(), &[("LEDGER_TOKEN", secret(&token))])
    };
    let before = world.size();
    let said = revoke("approval-0000");
    assert_eq!((said.status, world.size()), (2, before), "{}", said.stderr);
    assert!(said.stderr.contains("`PAY-42` has no approval `approval-0000`"), "{}", said.stderr);
    let said = revoke(id);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let what = ["--artifact", &artifact, "--environment", "production"];
    let ratify = [&["ratify", "PAY-43", "--to", &machine.url], &what[..], &person].concat();
    let said = far(&world, &ratify, &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let delegate = ["delegate", "PAY-44", "--to", "hr:approver-2", "--ledger", &machine.url];
    let said =
        far(&world, &[&delegate, &what[..], &person].concat(), &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let words: Vec<String> = (before..world.size())
        .map(|entry| world.run(&["show", &entry.to_string(), "--raw"]).good())
        .filter_map(|line| {
            let word = line.split("\"decision\":\"").nth(1)?;
            word.split('"').next().map(str::to_owned)
        })
        .collect();
    assert_eq!(words, ["revoked", "ratified", "delegated"]);
    world.run(&["verify"]).good();
}

#[test]
fn a_server_that_shows_another_ledger_than_before_is_refused() {
    let world = World::new();
    let mut machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let url = machine.url.clone();
    let said = far(&world, &to("d-850", &url), &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    machine.kill();
    let other = World::empty();
    for key in ["a.pem", "b.pem"] {
        other.run(&["key", "new", key]).good();
    }
    let roots = ["--root", "a.pem=hr:1", "--root", "b.pem=hr:2"];
    other.run(&[&["init", "d/ledger", "--name", "test/other"][..], &roots].concat()).good();
    let second = Machine::run(&other, other.command(&["serve", "--listen", &machine.address]));
    let token = second.token(&["append"]);
    let said = far(&world, &to("d-851", &url), &[("LEDGER_TOKEN", secret(&token))]);
    assert_eq!(said.status, 4, "{}", said.stderr);
    assert!(said.stderr.contains("another ledger stands here"), "{}", said.stderr);
    assert_eq!(other.size(), 1);
}
