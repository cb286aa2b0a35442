//! Policies: which logs and witnesses a reader trusts, and how many of them (C2SP `tlog-policy`).
//!
//! ```text
//! log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx
//! witness w1 Wit1+9b3fb2d5+BFhZSmQj9+SoL+p/nN0Hh76xXmF7QcHfytUrI1XfSClk
//! quorum w1
//! ```
//!
//! The policy is the reader's own: what travels with the evidence is never used to judge it.
//! Specification: `spec/policy.md`.

mod parse;

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::note::{self, KeyType, VerifierKey};

/// The most bytes of a policy.
pub const MAX_BYTES: usize = 1_000_000;

/// The most logs, and the most witnesses and groups together.
pub const MAX_ITEMS: usize = 1024;

/// Logs, witnesses, groups of witnesses, and the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    voters: Vec<Voter>,
    /// Place of the voter that decides; none for `quorum none`.
    quorum: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Log {
    key: VerifierKey,
    url: Option<Vec<u8>>,
}

/// A witness or a group: what a quorum or a group can name. Names are octets, not text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Voter {
    name: Vec<u8>,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Witness {
        key: Box<VerifierKey>,
        url: Option<Vec<u8>>,
    },
    /// The members stand before their group, so there are no circles.
    Group {
        threshold: usize,
        members: Vec<usize>,
    },
}

/// A checkpoint that a policy accepts, and on whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Satisfied {
    /// What the log states.
    pub checkpoint: Checkpoint,
    /// The key of the log that signed.
    pub log: VerifierKey,
    /// Every witness of the policy that cosigned, whether the quorum needed it or not.
    pub cosigned: Vec<Cosigned>,
    /// How many different signature lines are by keys that the policy does not name.
    pub unknown: usize,
}

/// One witness's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness's name in the policy.
    pub witness: String,
    /// When it cosigned, in seconds since 1970.
    pub time: u64,
}

impl Policy {
    /// One log and no witness: the log's word alone. Code `policy-key-type` unless the key is of type
    /// 0x01.
    pub fn of_log(key: VerifierKey) -> Result<Self> {
        Self { logs: Vec::new(), voters: Vec::new(), quorum: None }.with_log(key)
    }

    /// The same policy with one more log, known from elsewhere; codes `policy-key-type`,
    /// `policy-duplicate-key`, `policy-limit`.
    pub fn with_log(mut self, key: VerifierKey) -> Result<Self> {
        self.add_log(Log { key, url: None })?;
        Ok(self)
    }

    /// Reads a policy file.
    ///
    /// Codes, with the line as place: `policy-large`, `policy-octet` (a control character),
    /// `policy-newline` (the last line does not end), `policy-line` (no such line), those of
    /// [`VerifierKey::parse`], `policy-key-type`, `policy-duplicate-key` (the public key stands on an
    /// earlier line, under whatever name), `policy-duplicate-name`, `policy-undefined`,
    /// `policy-member-twice`, `policy-threshold`, `policy-quorum` (none, or a second one),
    /// `policy-limit`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        parse::parse(bytes)
    }

    /// The policy without comments and spare white space.
    pub fn encode(&self) -> Vec<u8> {
        parse::encode(self)
    }

    /// The keys of the logs.
    pub fn logs(&self) -> impl Iterator<Item = &VerifierKey> {
        self.logs.iter().map(|log| &log.key)
    }

    /// The names and keys of the witnesses.
    pub fn witnesses(&self) -> impl Iterator<Item = (String, &VerifierKey)> {
        self.voters.iter().filter_map(|voter| match &voter.rule {
            Rule::Witness { key, .. } => Some((voter.shown(), key.as_ref())),
            Rule::Group { .. } => None,
        })
    }

    /// All keys, the logs' first and in their order.
    fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        let witnesses = self.voters.iter().filter_map(|voter| match &voter.rule {
            Rule::Witness { key, .. } => Some(key.as_ref()),
            Rule::Group { .. } => None,
        });
        self.logs().chain(witnesses)
    }

    /// Whether the policy asks for cosignatures at all.
    pub fn wants_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Judges a signed checkpoint.
    ///
    /// In this order: the note and every signature of a key that the policy names; a log whose name
    /// is the origin; the quorum. Codes: those of [`note::open`] and [`Checkpoint::parse`],
    /// `policy-log` (no such log signed), `policy-quorum-unmet`.
    pub fn check(&self, note: &[u8]) -> Result<Satisfied> {
        let keys: Vec<VerifierKey> = self.keys().cloned().collect();
        let opened = note::open(note, &keys)?;
        let checkpoint = Checkpoint::parse(&opened.text)?;
        let log = opened
            .verified
            .iter()
            .filter_map(|verified| self.logs.get(verified.key))
            .find(|log| log.key.name() == checkpoint.origin())
            .ok_or_else(|| {
                Error::untrue(
                    "policy-log",
                    format!(
                        "no trusted log called `{}` signed the checkpoint",
                        checkpoint.origin()
                    ),
                )
            })?;
        let time_of = |key: &VerifierKey| {
            let signed = |at: usize| keys.get(at).is_some_and(|known| known == key);
            opened.verified.iter().find(|verified| signed(verified.key))?.time
        };
        self.count_votes(&time_of)?;
        let cosigned = self
            .witnesses()
            .filter_map(|(witness, key)| Some(Cosigned { witness, time: time_of(key)? }))
            .collect();
        Ok(Satisfied { checkpoint, log: log.key.clone(), cosigned, unknown: opened.unknown })
    }

    fn count_votes(&self, time_of: &impl Fn(&VerifierKey) -> Option<u64>) -> Result<()> {
        let Some(quorum) = self.quorum else { return Ok(()) };
        let mut votes: Vec<bool> = Vec::with_capacity(self.voters.len());
        for voter in &self.voters {
            votes.push(match &voter.rule {
                Rule::Witness { key, .. } => time_of(key).is_some(),
                Rule::Group { threshold, members } => {
                    let yes = |member: &&usize| votes.get(**member).copied().unwrap_or(false);
                    members.iter().filter(yes).count() >= *threshold
                }
            });
        }
        if votes.get(quorum).copied().unwrap_or(false) {
            return Ok(());
        }
        let name = self.voters.get(quorum).map(Voter::shown).unwrap_or_default();
        Err(Error::untrue(
            "policy-quorum-unmet",
            format!("the witnesses that cosigned are not the quorum `{name}`"),
        ))
    }

    /// Adds a log, or says why not.
    fn add_log(&mut self, log: Log) -> Result<()> {
        of_type(&log.key, KeyType::Ed25519, "a log signs with a key of type 0x01")?;
        self.unused(&log.key)?;
        limit(self.logs.len())?;
        self.logs.push(log);
        Ok(())
    }

    /// Adds a witness or a group, or says why not.
    fn add_voter(&mut self, voter: Voter) -> Result<()> {
        if voter.name == b"none" || self.find(&voter.name).is_some() {
            return Err(Error::malformed(
                "policy-duplicate-name",
                format!("the name `{}` is taken", voter.shown()),
            ));
        }
        if let Rule::Witness { key, .. } = &voter.rule {
            of_type(key, KeyType::Cosignature, "a witness signs with a key of type 0x04")?;
            self.unused(key)?;
        }
        limit(self.voters.len())?;
        self.voters.push(voter);
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.voters.iter().position(|voter| voter.name == name)
    }

    /// Refuses a public key that the policy has already: a witness counted twice, or a log that
    /// would vouch for itself.
    fn unused(&self, key: &VerifierKey) -> Result<()> {
        if self.keys().any(|known| known.key() == key.key()) {
            return Err(Error::malformed(
                "policy-duplicate-key",
                format!("the public key of `{}` stands in the policy twice", key.name()),
            ));
        }
        Ok(())
    }
}

impl Voter {
    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

fn of_type(key: &VerifierKey, kind: KeyType, rule: &str) -> Result<()> {
    if key.kind() == kind {
        return Ok(());
    }
    Err(Error::malformed("policy-key-type", format!("{rule}, and `{}` is another", key.name())))
}

fn limit(count: usize) -> Result<()> {
    if count < MAX_ITEMS {
        return Ok(());
    }
    Err(Error::malformed(
        "policy-limit",
        format!("a policy has at most {MAX_ITEMS} logs and {MAX_ITEMS} witnesses and groups"),
    ))
}
