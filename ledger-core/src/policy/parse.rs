//! The lines of a policy file, read and written.

use super::{Log, MAX_BYTES, Policy, Rule, Voter};
use crate::checkpoint::parse_decimal;
use crate::error::{Error, Result};
use crate::note::VerifierKey;

pub(super) fn parse(bytes: &[u8]) -> Result<Policy> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::malformed(
            "policy-large",
            format!("a policy has at most {MAX_BYTES} bytes"),
        ));
    }
    let lines = match bytes {
        [] => bytes,
        [lines @ .., b'\n'] => lines,
        _ => {
            return Err(Error::malformed("policy-newline", "the last line does not end"));
        }
    };
    let mut reader = Reader {
        policy: Policy { logs: Vec::new(), voters: Vec::new(), quorum: None },
        quorum: false,
        members: Vec::new(),
    };
    for (number, line) in (1..).zip(lines.split(|byte| *byte == b'\n')) {
        reader.line(line).map_err(|error| error.at(format!("line {number}")))?;
    }
    if !reader.quorum {
        return Err(Error::malformed("policy-quorum", "the policy has no quorum line")
            .hint("to accept the log's word alone, write `quorum none`"));
    }
    Ok(reader.policy)
}

/// The policy as read so far.
struct Reader {
    policy: Policy,
    quorum: bool,
    /// Voters that are in a group already, so that each counts in one way only.
    members: Vec<usize>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<()> {
        if line.iter().any(|byte| matches!(byte, 0..0x20 | 0x7f) && *byte != b'\t') {
            return Err(Error::malformed(
                "policy-octet",
                "a policy holds no control characters but tab and newline",
            ));
        }
        let items: Vec<&[u8]> = line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|item| !item.is_empty())
            .collect();
        match items.as_slice() {
            [] | [[b'#', ..], ..] => Ok(()),
            [b"log", key, url @ ..] => {
                let log = Log { key: verifier(key)?, url: optional(url)? };
                self.policy.add_log(log)
            }
            [b"witness", name, key, url @ ..] => {
                let rule = Rule::Witness { key: Box::new(verifier(key)?), url: optional(url)? };
                self.policy.add_voter(Voter { name: name.to_vec(), rule })
            }
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.decide(name),
            _ => Err(Error::malformed("policy-line", "this is no line of a policy")
                .hint("write `log`, `witness`, `group` or `quorum` with what belongs to it")),
        }
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], names: &[&[u8]]) -> Result<()> {
        let mut members = Vec::new();
        for name in names {
            let member = self.defined(name)?;
            if members.contains(&member) || self.members.contains(&member) {
                return Err(Error::malformed(
                    "policy-member-twice",
                    "a witness or group is a member once, of one group",
                ));
            }
            members.push(member);
        }
        let threshold = match threshold {
            b"all" => Some(members.len()),
            b"any" => Some(1),
            number => parse_decimal(number).and_then(|number| usize::try_from(number).ok()),
        };
        let threshold =
            threshold.filter(|count| (1..=members.len()).contains(count)).ok_or_else(|| {
                Error::malformed(
                    "policy-threshold",
                    "a group asks for `all`, `any`, or a number from 1 to that of its members",
                )
            })?;
        self.members.extend(&members);
        let rule = Rule::Group { threshold, members };
        self.policy.add_voter(Voter { name: name.to_vec(), rule })
    }

    fn decide(&mut self, name: &[u8]) -> Result<()> {
        if self.quorum {
            return Err(Error::malformed("policy-quorum", "the policy has two quorum lines"));
        }
        self.quorum = true;
        self.policy.quorum = if name == b"none" { None } else { Some(self.defined(name)?) };
        Ok(())
    }

    fn defined(&self, name: &[u8]) -> Result<usize> {
        self.policy.find(name).ok_or_else(|| {
            let name = String::from_utf8_lossy(name);
            Error::malformed("policy-undefined", format!("no earlier line defines `{name}`"))
        })
    }
}

fn verifier(item: &[u8]) -> Result<VerifierKey> {
    let text = std::str::from_utf8(item)
        .map_err(|_| Error::malformed("vkey-form", "the verifier key is not UTF-8"))?;
    VerifierKey::parse(text)
}

fn optional(items: &[&[u8]]) -> Result<Option<Vec<u8>>> {
    match items {
        [] => Ok(None),
        [url] => Ok(Some(url.to_vec())),
        _ => Err(Error::malformed("policy-line", "there is more on the line than a key and a URL")),
    }
}

pub(super) fn encode(policy: &Policy) -> Vec<u8> {
    let mut lines: Vec<Vec<&[u8]>> = Vec::new();
    let logs: Vec<_> = policy.logs.iter().map(|log| (log.key.to_string(), &log.url)).collect();
    for (key, url) in &logs {
        lines.push([b"log", key.as_bytes()].into_iter().chain(url.as_deref()).collect());
    }
    let name_of = |place: usize| policy.voters.get(place).map_or(&b"none"[..], |it| &it.name);
    let shown: Vec<String> = policy.voters.iter().map(middle).collect();
    for (voter, shown) in policy.voters.iter().zip(&shown) {
        let line: Vec<&[u8]> = match &voter.rule {
            Rule::Witness { url, .. } => [b"witness", voter.name.as_slice(), shown.as_bytes()]
                .into_iter()
                .chain(url.as_deref())
                .collect(),
            Rule::Group { members, .. } => [b"group", voter.name.as_slice(), shown.as_bytes()]
                .into_iter()
                .chain(members.iter().map(|member| name_of(*member)))
                .collect(),
        };
        lines.push(line);
    }
    lines.push(vec![b"quorum", policy.quorum.map_or(b"none", name_of)]);
    lines.into_iter().flat_map(|items| [items.join(&b' '), vec![b'\n']].concat()).collect()
}

/// What stands between a voter's name and the rest: its key, or how many members it needs.
fn middle(voter: &Voter) -> String {
    match &voter.rule {
        Rule::Witness { key, .. } => key.to_string(),
        Rule::Group { threshold, .. } => threshold.to_string(),
    }
}
