//! What can be done to a package, and which layer saw it.

use std::collections::BTreeMap;

use super::Said;
use crate::error::Result;
use crate::evidence::build::views;
use crate::evidence::{Outcome, contents, verify_zip, zip};
use crate::json::Value;
use crate::policy::Policy;
use crate::verify::Verdict;

/// One change of a package, and which layers saw it.
#[derive(Clone, Debug)]
pub struct PackageTrial {
    /// Its name, the same in every drill.
    pub name: &'static str,
    /// What was done, in a few words.
    pub deed: &'static str,
    /// The package afterwards, where it is the package that is altered: for other readers to be asked.
    pub altered: Option<Vec<u8>>,
    /// The verdict, with the layers that do not hold in the place of codes; none where this package has nothing to do it to.
    pub said: Option<Said>,
}

impl PackageTrial {
    /// Whether it is seen; none where nothing was tried.
    pub fn caught(&self) -> Option<bool> {
        self.said.as_ref().map(|said| said.verdict == Verdict::DoesNotHold)
    }

    /// The trial as machines read it.
    pub fn value(&self) -> Value {
        let mut members = vec![("deed", Value::text(self.deed)), ("name", Value::text(self.name))];
        members.extend(self.said.as_ref().map(|said| ("package", said.value())));
        Value::object(members)
    }
}

type Owned = BTreeMap<String, Vec<u8>>;
type Deed = (&'static str, &'static str, fn(&mut Owned) -> Option<()>);

const DEEDS: [Deed; 14] = [
    ("report", "the report says another number", |members| {
        digit(members.get_mut(contents::REPORT)?)
    }),
    ("page", "the page that verifies is another one", |members| {
        middle(members.get_mut(contents::PAGE)?)
    }),
    ("manifest", "the manifest is signed by nobody", |members| {
        let manifest = members.get_mut(contents::MANIFEST)?;
        let at = manifest.len().checked_sub(30)?;
        manifest.get_mut(at).map(other)
    }),
    ("disclosure", "a name is disclosed that was never sealed", |members| {
        let line = format!(
            "{{\"commitment\":\"{0}=\",\"salt\":\"{0}=\",\"value\":{{\"id\":\"x\"}}}}\n",
            "A".repeat(43)
        );
        members.insert(contents::disclosures(0), line.into_bytes());
        Some(())
    }),
    ("entry", "an entry says another time", |members| {
        let (_, line) = members.iter_mut().rfind(|(name, _)| name.starts_with("entries/"))?;
        digit(line)
    }),
    ("entry-gone", "an entry and its proof are gone", |members| {
        let last = members.keys().rfind(|name| name.starts_with("entries/"))?.clone();
        let index = last.strip_prefix("entries/")?.strip_suffix(".json")?.parse().ok()?;
        members.remove(&contents::proof(index))?;
        members.remove(&last).map(drop)
    }),
    ("proof", "a proof is that of another entry", |members| {
        let mut proofs = members.iter().filter(|(name, _)| name.starts_with("proofs/"));
        let (first, last) = (proofs.next()?.1.clone(), proofs.next_back()?.0.clone());
        members.insert(last, first).map(drop)
    }),
    ("checkpoint", "the checkpoint says another root", |members| {
        let note = members.get_mut(contents::CHECKPOINT)?;
        let at = note.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1)?.0 + 1;
        note.get_mut(at).map(other)
    }),
    ("population", "an item is gone from the population", |members| {
        let list = members.get_mut(contents::POPULATION)?;
        let end = list.iter().position(|byte| *byte == b'\n')? + 1;
        list.drain(..end);
        Some(())
    }),
    ("result", "the result of an item is gone", |members| {
        let own =
            |name: &String| name.starts_with("sample/") && name.strip_suffix(".csv").is_some();
        let name = members.keys().find(|name| own(name))?.clone();
        members.remove(&name).map(drop)
    }),
    ("anchor", "a token of a time is altered", |members| {
        let own = |name: &String| name.starts_with("anchors/") && name.ends_with('r');
        let (_, answer) = members.iter_mut().find(|(name, _)| own(name))?;
        answer.last_mut().map(other)
    }),
    ("anchor-gone", "a token of a time is gone, and its request", |members| {
        let before = members.len();
        members.retain(|name, _| !name.starts_with("anchors/"));
        (members.len() < before).then_some(())
    }),
    ("missing", "a member is gone", |members| members.remove(contents::README).map(drop)),
    ("extra", "a member is there that nobody listed", |members| {
        members.insert("report/extra.txt".to_owned(), b"x".to_vec());
        Some(())
    }),
];

/// Changes copies of a package in every way; codes of zips where it is none.
pub fn package(bytes: &[u8], policy: &Policy) -> Result<Vec<PackageTrial>> {
    let opened = zip::decode(bytes)?;
    let members: Owned =
        opened.views().into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect();
    let whole = |name, deed, altered: Vec<u8>| {
        let said = Some(said(&verify_zip(&altered, policy)));
        PackageTrial { name, deed, altered: Some(altered), said }
    };
    let mut trials = Vec::new();
    for (name, deed, does) in &DEEDS {
        let mut members = members.clone();
        trials.push(match does(&mut members) {
            Some(()) => whole(name, deed, zip::encode(&views(&members))?),
            None => PackageTrial { name, deed, altered: None, said: None },
        });
    }
    trials.push(whole("appended", "bytes stand behind the zip", [bytes, b"x"].concat()));
    let cut = bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
    trials.push(whole("cut", "the second half of the zip is gone", cut));
    let foreign = Policy::parse(FOREIGN)?;
    let said = Some(said(&verify_zip(bytes, &foreign)));
    let deed = "the package is held against another log's key";
    trials.push(PackageTrial { name: "policy", deed, altered: None, said });
    Ok(trials)
}

/// The policy of a reader who trusts another log: that of the examples of C2SP.
const FOREIGN: &[u8] =
    b"log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\nquorum none\n";

fn said(outcome: &Outcome) -> Said {
    let own = outcome.layers.iter().filter(|layer| layer.verdict == Verdict::DoesNotHold);
    Said { verdict: outcome.verdict, codes: own.map(|layer| layer.name.to_owned()).collect() }
}

fn other(byte: &mut u8) {
    *byte = if *byte == b'A' { b'B' } else { b'A' };
}

fn middle(bytes: &mut [u8]) -> Option<()> {
    let at = bytes.len() / 2;
    bytes.get_mut(at).map(other)
}

/// Another digit where the middle one stands.
fn digit(bytes: &mut [u8]) -> Option<()> {
    let at = bytes.len() / 2;
    let byte = bytes.iter_mut().skip(at).find(|byte| byte.is_ascii_digit())?;
    *byte = if *byte == b'0' { b'1' } else { b'0' };
    Some(())
}
