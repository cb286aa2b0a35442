//! The journal: one JSON line on standard error for each thing that somebody may have to know. It names
//! routes, numbers and the ids of tokens; never an event, a person, an address of a client or a token.

use std::time::Duration;

use ledger_core::json::Value;

use crate::{clock, output};

/// Something that is not about a request.
pub(super) fn say(about: &str, message: &str) {
    line(vec![("about", Value::text(about)), ("message", Value::text(message))]);
}

/// A request that was answered.
pub(super) fn request(
    (method, route): (&str, &str),
    status: u16,
    took: Duration,
    (token, code): (Option<&str>, Option<&str>),
) {
    let mut members = vec![
        ("micros", Value::count(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))),
        ("method", Value::text(method)),
        ("route", Value::text(route)),
        ("status", Value::count(status.into())),
    ];
    members.extend(code.map(|code| ("code", Value::text(code))));
    members.extend(token.map(|token| ("token", Value::text(token))));
    line(members);
}

fn line(mut members: Vec<(&'static str, Value)>) {
    members.extend(clock::now().ok().map(|now| ("at", Value::text(now.to_string()))));
    output::note(&Value::object(members));
}
