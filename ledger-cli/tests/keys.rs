//! Keys through the real program: rotation, revocation, the list, signatures collected on several
//! machines, and the ssh-agent.
#![allow(clippy::panic, clippy::string_slice, reason = "a test stops at the first surprise")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests"
)]

mod common;

use std::process::{Child, Command, Stdio};

use common::{PIPELINE, World, event};

const ROOTS: [&str; 4] = ["--key", "d/keys/root-1.pem", "--key", "d/keys/root-2.pem"];

/// The id that `key show` prints.
fn id(world: &World, file: &str) -> String {
    let said = world.run(&["key", "show", file]).good();
    said.split_whitespace().nth(1).unwrap().to_owned()
}

fn new(world: &World, file: &str) -> String {
    world.run(&["key", "new", file]).good();
    id(world, file)
}

/// Refused with this status and code, and not a byte of the folder changed.
fn refused(world: &World, args: &[&str], status: i32, code: &str) {
    let before = world.snapshot();
    let said = world.run(&[args, &["--json"]].concat());
    assert_eq!(said.status, status, "{args:?}: {}", said.stderr);
    assert!(said.stderr.contains(&format!(r#""code":"{code}""#)), "{args:?}: {}", said.stderr);
    assert!(world.snapshot() == before, "{args:?}");
}

#[test]
fn a_key_is_rotated_and_the_old_one_signs_no_more() {
    let world = World::new();
    let (old, next) = (id(&world, PIPELINE), new(&world, "next.pem"));
    world.write("event", event("payments"));
    refused(&world, &["key", "rotate", "--key", PIPELINE, "--new", PIPELINE], 2, "key-twice");
    refused(
        &world,
        &["key", "rotate", "--key", PIPELINE, "--new", "d/keys/root-1.pem"],
        1,
        "key-twice",
    );
    world.run(&["key", "rotate", "--key", PIPELINE, "--new", "next.pem"]).good();
    refused(&world, &["append", "--key", PIPELINE, "event"], 1, "key-rotated");
    world.run(&["append", "--key", "next.pem", "event"]).good();
    let listed = world.run(&["key", "list"]).good();
    assert!(
        listed.contains(&format!("superseded by entry 64, its successor is {next}")),
        "{listed}"
    );
    let before = world.run(&["key", "list", "--at", "64"]).good();
    assert!(before.contains(&old) && !before.contains(&next), "{before}");
    refused(&world, &["key", "list", "--at", "99"], 2, "no-entry");
    world.run(&["verify"]).good();
}

fn revoke<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["key", "revoke", PIPELINE], &ROOTS[..], rest].concat()
}

#[test]
fn what_a_compromised_key_signed_is_listed_and_stands() {
    let world = World::new();
    let pipeline = id(&world, PIPELINE);
    world.write("event", event("payments"));
    for _ in 0..3 {
        world.append(&["event"]).good();
    }
    let far = revoke(&["--reason", "compromised", "--suspect-from", "99"]);
    refused(&world, &far, 1, "key-suspect-from");
    refused(
        &world,
        &revoke(&["--reason", "retired", "--suspect-from", "2"]),
        1,
        "key-suspect-from",
    );
    let one = ["key", "revoke", PIPELINE, "--key", "d/keys/root-1.pem", "--reason", "retired"];
    refused(&world, &one, 1, "key-threshold");
    let root = [&["key", "revoke", "d/keys/root-1.pem"], &ROOTS[..], &["--reason", "retired"]];
    refused(&world, &root.concat(), 1, "key-last-admins");
    world.run(&revoke(&["--reason", "compromised", "--suspect-from", "65"])).good();
    refused(&world, &["append", "--key", PIPELINE, "event"], 1, "key-compromised");
    let said = world.run(&["verify"]).good();
    assert!(said.contains("INTEGRITY") && said.contains("it signed 65, 66"), "{said}");
    let said = world.run(&["verify", "--json"]).good();
    let wanted = format!(
        r#""suspects":[{{"checkpoints":[],"count":2,"entries":[65,66],"key":"{pipeline}","reported":67,"suspect_from":65}}]"#
    );
    assert!(said.contains(&wanted), "{said}");
    for (index, words) in [("64", "its keys could say this"), ("65", "suspect: key")] {
        let said = world.run(&["show", index]).good();
        assert!(said.contains(words), "{said}");
    }
    let said = world.run(&["show", "66", "--json"]).good();
    assert!(said.contains(r#""verdict":"suspect""#), "{said}");
}

#[test]
fn the_list_of_keys_is_recorded_and_attached() {
    use ledger_core::{encoding::hex, hash::Sha256};
    let world = World::new();
    world.run(&["key", "list", "--record", "--key", PIPELINE]).good();
    let line = world.run(&["show", "64", "--raw"]).good();
    let digest = line.split(r#""digest":"sha256:"#).nth(1).unwrap()[..64].to_owned();
    let list = world.read(&format!("d/ledger/blobs/{digest}"));
    assert_eq!(hex(&Sha256::of(&list).0), digest);
    let said = world.run(&["key", "list", "--json"]).good();
    assert!(said.contains(&digest), "{said}");
    assert!(String::from_utf8(list).unwrap().lines().all(|line| said.contains(line)));
    world.run(&["verify"]).good();
}

/// Alice, Bob and the owner of the new key each sign on a machine of their own.
#[test]
fn an_envelope_travels_from_one_signer_to_the_next() {
    let world = World::new();
    let new = new(&world, "new.pem");
    let bob = id(&world, "d/keys/root-2.pem");
    let register = [
        "key",
        "register",
        "--key",
        "d/keys/root-1.pem",
        "--signer",
        &bob,
        "--new",
        "new.pem",
        "--person",
        "hr:4711",
        "--capability",
        "approve",
        "--to",
        "file.dsse",
    ];
    world.run(&register).good();
    refused(&world, &register, 2, "exists");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(world.path("file.dsse")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "it names a person");
    refused(&world, &["append", "--signed", "file.dsse"], 2, "dsse-missing");
    // elsewhere there is no ledger
    let elsewhere = |args: &[&str]| {
        let mut command = world.command(args);
        command.env_remove("LEDGER_DIR");
        common::Ended::from(command.output().unwrap())
    };
    let said = elsewhere(&["cosign", "file.dsse"]).good();
    for words in [
        "key.registered: ",
        "data/capabilities/0            approve  (approves in the name of its holder)",
        "data/holder/id                 4711",
        &format!("subject/key                    {new}"),
        &format!("missing      {bob}"),
    ] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    let cosign = ["cosign", "file.dsse", "--key", "d/keys/root-2.pem"];
    let asked = elsewhere(&cosign);
    assert!(asked.status == 2 && asked.stderr.contains("nobody can be asked"), "{}", asked.stderr);
    elsewhere(&[&cosign[..], &["--yes"]].concat()).good();
    refused(&world, &[&cosign[..], &["--yes"]].concat(), 2, "dsse-signed");
    let stranger = ["cosign", "file.dsse", "--key", PIPELINE, "--yes"];
    refused(&world, &stranger, 2, "dsse-signer");
    world.run(&["append", "--signed", "file.dsse"]).good();
    let said = world.run(&["append", "--signed", "file.dsse"]).good();
    assert!(said.contains("was there before"), "{said}");
    assert!(world.run(&["key", "list"]).good().contains(&new));
    world.run(&["verify"]).good();
}

#[test]
fn an_envelope_that_was_changed_or_cannot_be_read_is_not_signed() {
    let world = World::new();
    new(&world, "new.pem");
    let bob = id(&world, "d/keys/root-2.pem");
    let register = [
        "key",
        "register",
        "--key",
        "d/keys/root-1.pem",
        "--signer",
        &bob,
        "--new",
        "new.pem",
        "--person",
        "hr:4711",
        "--capability",
        "approve",
        "--to",
        "file.dsse",
    ];
    world.run(&register).good();
    let good = String::from_utf8(world.read("file.dsse")).unwrap();
    let cosign = ["cosign", "bad.dsse", "--key", "d/keys/root-2.pem", "--yes"];
    let payload = good.find(r#""payload""#).unwrap();
    let sig = good.find(r#""sig":""#).unwrap() + 7;
    let swapped = if &good[sig..=sig] == "A" { "B" } else { "A" };
    for (name, bad, status, code) in [
        ("no disclosures", format!("{{{}", &good[payload..]), 2, "dsse-sealed"),
        ("another name", good.replace(r#""id":"4711""#, r#""id":"4712""#), 1, "seal-unopened"),
        (
            "a false signature",
            format!("{}{swapped}{}", &good[..sig], &good[sig + 1..]),
            1,
            "signature-false",
        ),
        ("a space", good.replacen(':', ": ", 1), 2, "json-space"),
        ("cut", good[..good.len() / 2].to_owned(), 2, "dsse-type"),
        ("empty", String::new(), 2, "dsse-type"),
    ] {
        assert_ne!(good, bad, "{name}");
        world.write("bad.dsse", &bad);
        refused(&world, &cosign, status, code);
        assert_eq!(world.read("bad.dsse"), bad.as_bytes(), "{name}");
    }
}

#[test]
fn any_event_is_signed_for_a_ledger_that_is_not_at_hand() {
    let world = World::new();
    world.write("event", event("payments"));
    let pin = std::fs::read_to_string(world.path("d/ledger/ledger.toml")).unwrap();
    let origin = pin.split('"').nth(3).unwrap();
    let mut command = world
        .command(&["sign", "event", "--key", PIPELINE, "--to", "one.dsse", "--origin", origin]);
    command.env_remove("LEDGER_DIR");
    common::Ended::from(command.output().unwrap()).good();
    world.run(&["append", "--signed", "one.dsse"]).good();
    assert_eq!(world.size(), 65);
    refused(&world, &["sign", "event", "--key", PIPELINE], 2, "usage");
    world.write("two", format!("{}\n{}\n", event("a"), event("b")));
    refused(&world, &["sign", "two", "--key", PIPELINE, "--to", "x"], 2, "draft-many");
    assert!(!world.path("x").exists());
    let shown = world.run(&["show", "64", "--dsse"]).good();
    assert!(shown.starts_with(r#"{"payload":""#) && !shown.contains("disclosures"), "{shown}");
}

/// An agent of our own, ended when the test is.
struct Agent {
    child: Child,
    socket: String,
}

impl Agent {
    /// None, and a loud word, where OpenSSH is not installed.
    #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
    fn start(world: &World) -> Option<Self> {
        let socket = world.path("agent.socket").display().to_string();
        let mut command = Command::new("ssh-agent");
        command.args(["-D", "-a", &socket]).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            eprintln!("LEFT OUT: there is no `ssh-agent` here; install openssh-client");
            return None;
        };
        for _ in 0..500 {
            if world.path("agent.socket").exists() {
                return Some(Self { child, socket });
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the agent does not begin");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tool(world: &World, agent: &Agent, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args).current_dir(world.path("")).env("SSH_AUTH_SOCK", &agent.socket);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_key_in_the_agent_signs() {
    let world = World::new();
    let Some(agent) = Agent::start(&world) else {
        assert!(Command::new("ssh-agent").spawn().is_err());
        return;
    };
    let with = |args: &[&str]| {
        let mut command = world.command(args);
        command.env("SSH_AUTH_SOCK", &agent.socket);
        common::Ended::from(command.output().unwrap())
    };
    for (kind, file) in [("ed25519", "plain"), ("ecdsa", "other")] {
        tool(&world, &agent, "ssh-keygen", &["-q", "-t", kind, "-N", "", "-C", "x", "-f", file]);
        tool(&world, &agent, "ssh-add", &["-q", file]);
    }
    let fingerprint = |file: &str| {
        let said = tool(&world, &agent, "ssh-keygen", &["-l", "-f", file]);
        format!("agent:{}", said.split_whitespace().nth(1).unwrap())
    };
    let (key, other) = (fingerprint("plain"), fingerprint("other"));
    // the secret is nowhere but in the agent
    std::fs::remove_file(world.path("plain")).unwrap();
    let register = [
        &["key", "register", "--new", &key, "--service", "ci", "--capability", "append:*"],
        &ROOTS[..],
    ];
    with(&register.concat()).good();
    world.write("event", event("payments"));
    with(&["append", "--key", &key, "event"]).good();
    with(&["key", "show", &key]).good();
    world.run(&["verify"]).good();
    // notes are signed with a key on the signer's own machine
    for args in [&["checkpoint", "--key", &key][..], &["witness", "--name", "w/1", "--key", &key]] {
        let said = with(args).bad(2);
        assert!(said.contains("signs events, not notes") && said.contains("hint: "), "{said}");
    }
    let unknown = format!("agent:SHA256:{}", "A".repeat(43));
    for (name, words) in [
        (&*other, "no Ed25519 key"),
        (&*unknown, "the agent has no key"),
        ("agent:", "is no fingerprint"),
        ("agent:plain", "is no fingerprint"),
    ] {
        let said = with(&["append", "--key", name, "event"]).bad(2);
        assert!(said.contains(words), "{said}");
    }
    let said = world.run(&["append", "--key", &key, "event"]).bad(2);
    assert!(said.contains("`SSH_AUTH_SOCK` is not set"), "{said}");
    tool(&world, &agent, "ssh-add", &["-q", "-D"]);
    let said = with(&["append", "--key", &key, "event"]).bad(2);
    assert!(said.contains("it has 0"), "{said}");
    with(&["checkpoint", "--key", &key]).bad(2);
}

/// An agent that answers nonsense: each a refusal, none a hang or a signature.
#[test]
fn an_agent_that_lies_is_not_believed() {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;
    let world = World::new();
    world.write("event", event("payments"));
    let mut blob = Vec::new();
    let push = |to: &mut Vec<u8>, bytes: &[u8]| {
        to.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
        to.extend_from_slice(bytes);
    };
    let public = ledger_core::key::SigningKey::from_seed([7; 32]);
    push(&mut blob, b"ssh-ed25519");
    push(&mut blob, public.public().as_bytes());
    let hash = ledger_core::encoding::base64(&ledger_core::hash::Sha256::of(&blob).0);
    let name = format!("agent:SHA256:{}", hash.trim_end_matches('='));
    let mut list = vec![12, 0, 0, 0, 1];
    push(&mut list, &blob);
    push(&mut list, b"x");
    let mut signature = Vec::new();
    push(&mut signature, b"ssh-ed25519");
    push(&mut signature, &[1; 64]);
    let mut signed = vec![14];
    push(&mut signed, &signature);
    let whole = |answer: &[u8]| {
        let mut framed = Vec::new();
        push(&mut framed, answer);
        framed
    };
    let cases: Vec<(&str, Vec<Vec<u8>>, &str)> = vec![
        ("hangs up", vec![vec![]], "cannot hear"),
        ("cut", vec![whole(&list)[..20].to_vec()], "cannot be read"),
        ("too long", vec![vec![0xff; 8]], "cannot be read"),
        ("empty", vec![whole(&[])], "cannot be read"),
        ("count", vec![whole(&[12, 255, 255, 255, 255])], "cannot be read"),
        ("refuses", vec![whole(&list), whole(&[5])], "did not sign"),
        ("false signature", vec![whole(&list), whole(&signed)], "not one by key"),
        ("short signature", vec![whole(&list), whole(&signed[..40])], "cannot be read"),
    ];
    for (number, (case, answers, words)) in cases.into_iter().enumerate() {
        let socket = world.path(&format!("s{number}"));
        let listener = UnixListener::bind(&socket).unwrap();
        let before = world.snapshot();
        let thread = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut length = [0; 4];
                stream.read_exact(&mut length).unwrap();
                let mut request = vec![0; u32::from_be_bytes(length) as usize];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(&answer).unwrap();
            }
        });
        let mut command = world.command(&["append", "--key", &name, "event"]);
        command.env("SSH_AUTH_SOCK", &socket);
        let ended = common::Ended::from(command.output().unwrap());
        assert!(ended.status != 0 && ended.stderr.contains(words), "{case}: {}", ended.stderr);
        assert!(world.snapshot() == before, "{case}");
        thread.join().unwrap();
    }
}

#[test]
fn a_locked_key_needs_its_passphrase() {
    let world = World::new();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "a secret", "-f", "locked"])
        .current_dir(world.path(""))
        .status();
    assert!(made.expect("`ssh-keygen` is needed here").success());
    let said = world
        .run(&[
            "key",
            "register",
            "--new",
            "locked",
            "--service",
            "x",
            "--capability",
            "append:*",
            "--key",
            "d/keys/root-1.pem",
            "--key",
            "d/keys/root-2.pem",
        ])
        .bad(2);
    assert!(said.contains("LEDGER_KEY_PASSPHRASE_FILE") && said.contains("ssh-add"), "{said}");
    let with = |content: &str| {
        world.write("word", content);
        let register = [
            &["key", "register", "--new", "locked", "--service", "x", "--capability", "append:*"],
            &ROOTS[..],
        ];
        let mut command = world.command(&register.concat());
        command.env("LEDGER_KEY_PASSPHRASE_FILE", "word");
        common::Ended::from(command.output().unwrap())
    };
    assert!(with("another\n").bad(2).contains("does not open"));
    assert!(with("").bad(2).contains("is empty"));
    with("a secret\n").good();
    world.run(&["verify"]).good();
}
