//! The server when many are against it: crowds, bombs, bad TLS, clocks that are set, and another server
//! on the same folder. Those who behave go on being served, and nothing is there twice.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "common/clock.rs"]
mod clock;
mod common;
#[path = "serve/machine.rs"]
mod machine;
#[path = "serve/pen.rs"]
mod pen;

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clock::Clock;
use common::{Ended, PIPELINE, World};
use machine::{Line, Machine, gzip, hmac, number};
use pen::Pen;

const JSON: (&str, &str) = ("content-type", "application/json");

/// Lets this process, and the servers that it starts, have so many files open.
fn may_open(files: u64) {
    let process = format!("--pid={}", std::process::id());
    let said = Command::new("prlimit").args([process, format!("--nofile={files}:")]).status();
    assert!(said.unwrap().success(), "this test needs {files} open files: `ulimit -Hn`");
}

/// A counter or gauge of the server.
fn counted(machine: &Machine, token: &str, name: &str) -> u64 {
    let said = machine.send("GET", "/metrics", &[("authorization", token)], b"");
    let line = said.body.lines().find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("{name}: {}", said.body)).rsplit(' ').next().map(number).unwrap()
}

/// `ledger-bench crowd` does it with ten thousand: a build that is not optimised takes so many no faster
/// than the first of them come to their end.
#[test]
fn two_thousand_halves_of_requests_hold_up_nobody() {
    const CROWD: usize = 2_000;
    may_open(6_000);
    let world = World::new();
    let pen = Pen::new(&world);
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append", "metrics"]);
    let begin = format!("POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n");
    let body = format!("{begin}content-type: application/json\r\ncontent-length: 900\r\n\r\n{{");
    let halves = ["", "POST /v1/ev", &begin, &body];
    let begun = Instant::now();
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|number| {
            let mut stream = TcpStream::connect(&machine.address).unwrap();
            stream.write_all(halves[number % halves.len()].as_bytes()).unwrap();
            stream
        })
        .collect();
    let mut open = counted(&machine, &token, "ledger_connections");
    // the kernel has taken them all; the server takes them from it one after the other
    while open <= CROWD as u64 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(100));
        open = counted(&machine, &token, "ledger_connections");
    }
    assert!(open > CROWD as u64, "{open} connections are open after {:?}", begun.elapsed());
    let lines: Vec<String> = (0..64 * 4).map(|number| pen.line(&format!("c-{number}"))).collect();
    std::thread::scope(|scope| {
        for own in lines.chunks(4) {
            let (machine, token) = (&machine, &token);
            scope.spawn(move || {
                let mut line = Line::open(&machine.address);
                for event in own {
                    assert_eq!(line.post("/v1/events", token, event), Some(201));
                }
            });
        }
    });
    assert_eq!(counted(&machine, &token, "ledger_connections_shut_out_total"), 0);
    println!("{open} connections after {:?}, {} MB at most", begun.elapsed(), machine.memory());
    drop(crowd);
    let gone = Instant::now();
    while counted(&machine, &token, "ledger_connections") > 64 {
        assert!(gone.elapsed() < Duration::from_secs(20), "they are gone, and still counted");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(world.size(), 64 + lines.len());
    world.run(&["verify"]).good();
}

#[test]
fn more_connections_than_there_may_be_are_closed_and_told() {
    let world = World::new();
    let mut shell = Command::new("sh");
    let command = world.command(&["serve", "--listen", "127.0.0.1:0"]);
    shell.args(["-c", "ulimit -n 300; exec \"$0\" \"$@\""]).arg(command.get_program());
    shell.args(command.get_args()).current_dir(world.path(".")).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let machine = Machine::run(&world, shell);
    let token = machine.token(&["append", "metrics"]);
    assert!(machine.log(&world).contains("at most 180 at a time"), "{}", machine.log(&world));
    let mut line = Line::open(&machine.address);
    let pen = Pen::new(&world);
    assert_eq!(line.post("/v1/events", &token, &pen.line("one")), Some(201));
    let crowd: Vec<TcpStream> =
        (0..250).map(|_| TcpStream::connect(&machine.address).unwrap()).collect();
    // there are files left for the log, and who is inside goes on being served
    assert_eq!(line.post("/v1/events", &token, &pen.line("two")), Some(201));
    drop(crowd);
    std::thread::sleep(Duration::from_millis(300));
    let turned = counted(&machine, &token, "ledger_connections_shut_out_total");
    assert!((60..=80).contains(&turned), "{turned}");
    assert!(machine.log(&world).contains("more are closed"), "{}", machine.log(&world));
    assert_eq!(world.size(), 66);
}

#[test]
fn bombs_take_no_memory_and_hold_up_nobody() {
    let world = World::new();
    world.write("secret", "of the webhook");
    let hears =
        ["--connector-key", "github=d/keys/pipeline.pem", "--webhook-secret", "github=secret"];
    let machine = Machine::start(&world, &hears);
    let token = machine.token(&["append"]);
    let pen = Pen::new(&world);
    // a thousand times smaller on the line than in memory, and once more in several members
    let bomb = gzip(&vec![b' '; 40 << 20]);
    let bombs = [bomb.clone(), gzip(&vec![b'{'; 4 << 20]).repeat(16), bomb];
    let packed = ("content-encoding", "gzip");
    std::thread::scope(|scope| {
        for number in 0..12 {
            let (machine, token, bomb) = (&machine, &token, &bombs[number % bombs.len()]);
            scope.spawn(move || {
                let fields = [("authorization", token.as_str()), JSON, packed];
                let said = machine.send("POST", "/v1/events", &fields, bomb);
                assert!(matches!(said.status, 413 | 503), "{}", said.body);
                // from somebody who does not know the secret, nothing is unpacked at all
                let signed = [JSON, packed, ("x-hub-signature-256", "sha256=00")];
                let said = machine.send("POST", "/webhooks/github", &signed, bomb);
                assert_eq!((said.status, said.code()), (401, "webhook-signature".to_owned()));
            });
        }
        let mut line = Line::open(&machine.address);
        for number in 0..10 {
            let event = pen.line(&format!("b-{number}"));
            assert_eq!(line.post("/v1/events", &token, &event), Some(201));
        }
    });
    // heads without end, and many of them
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let flood =
                    format!("GET /healthz HTTP/1.1\r\n{}", "x: aaaaaaaa\r\n".repeat(200_000));
                let said = machine::ask(&machine.address, flood.as_bytes());
                assert!(matches!(said.status, 0 | 431), "{}", said.status);
            });
        }
    });
    let most = machine.memory();
    assert!(most < 300, "{most} MB");
    assert_eq!(world.size(), 74);
}

fn fixture(name: &str) -> String {
    format!("{}/../fixtures/server/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a client of `openssl` gets for one request; nothing when it gets no TLS.
fn asked(world: &World, machine: &Machine, options: &[&str]) -> String {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-quiet", "-connect", &machine.address]).args(options);
    client.current_dir(world.path(".")).stdin(Stdio::piped());
    let mut child = client.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    // a client that is refused in the handshake takes nothing
    let _ = child.stdin.take().unwrap().write_all(request);
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}

#[test]
fn bad_tls_gets_no_answer_and_holds_up_nobody() {
    let world = World::new();
    let (ca, certificate, key) = (fixture("ca.pem"), fixture("server.pem"), fixture("server.key"));
    let tls = ["--tls-cert", &certificate, "--tls-key", &key, "--client-ca", &ca];
    let machine = Machine::start(&world, &tls);
    let mut halves = Vec::new();
    for bytes in [
        &b"GET /healthz HTTP/1.1\r\n\r\n"[..],
        // a greeting that ends in its midst, a record that is longer than any may be, an alert, nothing
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x16\x03\x01\xff\xff\x01",
        b"\x15\x03\x03\x00\x02\x02\x28",
        &[0; 4096],
        b"",
    ] {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(&machine.address).unwrap();
            let _ = stream.write_all(bytes);
            halves.push(stream);
        }
    }
    // a certificate that the client CA did not make, none, and a version that is too old
    let new = ["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=stranger"];
    let new = [&new[..], &["-keyout", "own.key", "-out", "own.pem"]].concat();
    let made = Command::new("openssl").args(new).current_dir(world.path(".")).output().unwrap();
    assert!(made.status.success());
    let (client, client_key) = (fixture("client.pem"), fixture("client.key"));
    let known = ["-cert", &client, "-key", &client_key];
    assert_eq!(asked(&world, &machine, &["-cert", "own.pem", "-key", "own.key"]), "");
    assert_eq!(asked(&world, &machine, &[]), "");
    assert_eq!(asked(&world, &machine, &[&known[..], &["-tls1_1"]].concat()), "");
    for version in ["-tls1_2", "-tls1_3"] {
        let said = asked(&world, &machine, &[&known[..], &[version]].concat());
        assert!(said.starts_with("HTTP/1.1 200"), "{version}: {said}");
    }
    drop(halves);
}

/// A ledger whose pipeline also relays what GitHub sends.
fn relayed() -> World {
    let world = World::empty();
    std::fs::create_dir(world.path("d/keys")).unwrap();
    for key in ["a.pem", "b.pem", PIPELINE, "d/keys/signer.pem"] {
        world.run(&["key", "new", key]).good();
    }
    let roots = ["--root", "a.pem=hr:1", "--root", "b.pem=hr:2"];
    world.run(&[&["init", "d/ledger", "--name", "test/led"][..], &roots].concat()).good();
    for (key, service, rights) in [
        (PIPELINE, "ci", &["append:*", "relay:github"][..]),
        ("d/keys/signer.pem", "signer", &["checkpoint"][..]),
    ] {
        let rights = rights.iter().flat_map(|right| ["--capability", right]).collect::<Vec<_>>();
        let begin = ["key", "register", "--key", "a.pem", "--key", "b.pem", "--new", key];
        world.run(&[&begin[..], &["--service", service], &rights].concat()).good();
    }
    world.write("secret", "of the webhook");
    world
}

/// A delivery of GitHub's about a deployment of its own.
fn delivered(machine: &Machine, number: usize, delivery: &str) -> u16 {
    let fixture = "/../fixtures/import/github/deployment-status-inactive.json";
    let path = format!("{}{fixture}", env!("CARGO_MANIFEST_DIR"));
    let mut body: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    body["deployment_status"]["id"] = (7000 + number).into();
    body["deployment"]["id"] = (8000 + number).into();
    let body = body.to_string();
    let signature = format!("sha256={}", hmac("of the webhook", body.as_bytes()));
    let fields = [
        JSON,
        ("x-github-event", "deployment_status"),
        ("x-github-delivery", delivery),
        ("x-hub-signature-256", signature.as_str()),
    ];
    machine.send("POST", "/webhooks/github", &fields, body.as_bytes()).status
}

fn size_of(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).map_or(0, number)
}

#[test]
fn a_clock_that_is_set_loses_nothing_and_is_told() {
    let world = relayed();
    let clock = Clock::new(&world);
    clock.set("0");
    let hears = [
        "--connector-key",
        "github=d/keys/pipeline.pem",
        "--webhook-secret",
        "github=secret",
        "--checkpoint-key",
        "d/keys/signer.pem",
    ];
    let mut command = world.command(&[&["serve", "--listen", "127.0.0.1:0"], &hears[..]].concat());
    clock.govern(&mut command);
    let machine = Machine::run(&world, command);
    let token = machine.token(&["append", "read"]);
    let pen = Pen::new(&world);
    let mut line = Line::open(&machine.address);
    let before = world.size();
    let mut checkpoint = 0;
    let steps = ["0", "10800", "-10800", "36000", "0"];
    for (step, shift) in steps.iter().enumerate() {
        clock.set(shift);
        // what arrives at once, and what arrives when it was noticed
        for moment in 0..2 {
            let event = pen.line(&format!("k-{step}-{moment}"));
            assert_eq!(line.post("/v1/events", &token, &event), Some(201), "{shift}");
            assert_eq!(line.post("/v1/events", &token, &event), Some(200), "{shift}");
            std::thread::sleep(Duration::from_millis(900));
        }
        assert_eq!(delivered(&machine, step, "one"), 201, "{}", machine.log(&world));
        assert_eq!(delivered(&machine, step, "one"), 200, "{}", machine.log(&world));
        let seen = machine.send("GET", "/v1/checkpoint", &[("authorization", &token)], b"");
        assert!(size_of(&seen.body) > checkpoint, "{}", seen.body);
        checkpoint = size_of(&seen.body);
    }
    // a token ends by the clock, and holds again when the clock is right again
    world.write("shift", "9000000");
    assert_eq!(line.post("/v1/events", &token, &pen.line("late")), Some(401));
    world.write("shift", "0");
    assert_eq!(line.post("/v1/events", &token, &pen.line("late")), Some(201));
    let log = machine.log(&world);
    for told in ["set ahead by 10800 s", "set back by 21600 s", "set ahead by 46800 s"] {
        assert!(log.contains(told), "{told}: {log}");
    }
    assert_eq!(world.size(), before + steps.len() * 3 + 1);
    // a replay under another delivery's name is not taken for something else that happened
    assert_eq!(delivered(&machine, 0, "another"), 201);
    let said = world.run(&["verify"]).good();
    assert!(said.contains("INTEGRITY     holds"), "{said}");
    assert!(said.contains("COMPLETENESS  does not hold") && said.contains("clock"), "{said}");
}

#[test]
fn two_servers_on_one_folder_keep_everything_once() {
    let world = World::new();
    let options = ["serve", "--listen", "127.0.0.1:0", "--checkpoint-key", "d/keys/signer.pem"];
    let first = Machine::start(&world, &options[3..]);
    let token = first.token(&["append"]);
    // the same state: refused; the state of another machine: lawful, and its signer remembers nothing
    let refused = world.run(&options).bad(2);
    assert!(refused.contains("another server"), "{refused}");
    let elsewhere = |args: &[&str]| {
        let mut command = world.command(args);
        command.env("LEDGER_STATE", "d/elsewhere");
        command
    };
    let made = elsewhere(&["token", "new", "--for", "test", "--scope", "append"]).output();
    let other = format!("Bearer {}", Ended::from(made.unwrap()).good().trim());
    let second = Machine::run(&world, elsewhere(&options));
    let pen = Pen::new(&world);
    let lines: Vec<String> = (0..60).map(|number| pen.line(&format!("t-{number}"))).collect();
    std::thread::scope(|scope| {
        for (machine, token) in [(&first, &token), (&second, &other)] {
            for own in lines.chunks(15) {
                scope.spawn(move || {
                    let mut line = Line::open(&machine.address);
                    for event in own {
                        // each event goes through both: who comes later gets the first receipt
                        let said = line.post("/v1/events", token, event);
                        assert!(matches!(said, Some(200 | 201)), "{said:?}");
                    }
                });
            }
        }
    });
    std::thread::sleep(Duration::from_millis(1700));
    assert_eq!(world.size(), 64 + lines.len());
    let (note, shown) = (["/v1/checkpoint"; 2], [(&first, &token), (&second, &other)]);
    for (path, (machine, token)) in note.iter().zip(shown) {
        let said = machine.send("GET", path, &[("authorization", token)], b"");
        assert_eq!(size_of(&said.body), 124, "{}", said.body);
    }
    assert!(second.log(&world).contains("signer remembers none"), "{}", second.log(&world));
    let said = world.run(&["verify"]).good();
    assert!(said.contains("INTEGRITY     holds"), "{said}");
}
