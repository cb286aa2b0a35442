//! The server when thousands hold connections and send halves of requests: those who behave go on being
//! served.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ledger_core::error::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::ceiling;
use crate::serve::{CONNECTIONS, Server, all, connect, lost, row};

/// For how long those who behave send: less than the half of a head may take.
const SPAN: Duration = Duration::from_secs(5);
/// How many open connections at a time; no divisor of the kinds of halves, so that each opens all of them.
const OPENING: u64 = 7;

/// `ledger-bench crowd COUNT DIR`: makes a ledger in `DIR`, serves it, holds so many connections with
/// halves of requests, and appends over 64 others meanwhile. All of them must be open all the while.
pub(crate) fn run(count: usize, dir: &str) -> Result<()> {
    ceiling::machine();
    let files = 2 * count as u64;
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum })
        .map_err(|error| lost(&format!("{files} open files are needed (`ulimit -n`): {error}")))?;
    let server = Server::start(Path::new(dir))?;
    let whole = server.request("POST", "/v1/events", &"x".repeat(900));
    let cut = |end: usize| whole.get(..end).unwrap_or_default();
    let halves = [cut(0), cut(11), cut(60), cut(whole.len() - 899)];
    let begun = Instant::now();
    // opened by several at a time: the server closes a half that stays one for too long
    let share = |number: u64| -> Result<Vec<TcpStream>> {
        let own = halves.iter().cycle().zip(0..count as u64);
        own.filter(|(_, place)| place % OPENING == number)
            .map(|(half, _)| {
                let mut stream = connect(server.address())?;
                stream.write_all(half).map_err(|error| lost(&error.to_string()))?;
                Ok(stream)
            })
            .collect()
    };
    let crowd = all(OPENING, share)?;
    let opened = begun.elapsed();
    // the last of them may still wait to be taken
    let mut open = server.files()?;
    while open < count && begun.elapsed() < opened + SPAN {
        sleep(Duration::from_millis(10));
        open = server.files()?;
    }
    let done = all(CONNECTIONS, |number| {
        server.send(&server.signed(number, 1, CONNECTIONS, SPAN), 1, SPAN)
    })?;
    let left = server.files()?;
    row(&format!("single events beside {count} halves of requests"), CONNECTIONS, SPAN, &done);
    println!(
        "opened in {:.1} s; {open} files open then, {left} afterwards; {} MB at most",
        opened.as_secs_f64(),
        server.memory("VmHWM:")
    );
    drop(crowd);
    let held = open.min(left);
    if held < count {
        return Err(lost(&format!("only {held} of {count} connections were held")));
    }
    Ok(())
}
