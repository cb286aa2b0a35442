//! Stage: where the company plays. Each deed is a command line of this program, run in this process
//! with the clock of the company.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ledger_core::time::Timestamp;

use super::company::MINUTE;
use crate::failure::{Failure, Result};
use crate::{clock, files, random};

/// An event of the company, as the file of a draft has it.
pub(super) struct Event {
    /// Under this name later events find its entry; empty if none needs to.
    pub(super) name: String,
    /// The draft; `@NAME@` in it stands for the index of the entry of that name.
    pub(super) text: String,
}

/// What somebody does.
pub(super) enum Deed {
    /// A pipeline records with the hook, in the workspace of its service.
    Pipeline(&'static str, Vec<Event>),
    /// Somebody appends; the keys by the names of their files.
    Say(Vec<String>, Vec<Event>),
    /// A file of another system is imported: source, name, content, and what it does not say itself.
    Import(&'static str, String, String, Vec<String>),
    /// What needs to look at what was said before.
    Step(fn(&mut Stage) -> Result<()>),
}

/// A deed and its time, in microseconds since 1970.
pub(super) struct Act {
    pub(super) at: u64,
    pub(super) deed: Deed,
}

/// How a command ended that another one ran.
pub(crate) struct Ended {
    /// Its status.
    pub(crate) status: u8,
    /// What it printed.
    pub(crate) printed: String,
    /// What it said beside that.
    pub(crate) said: String,
}

/// Runs a command line in this process, as a shell would.
pub(crate) type Perform = fn(&[String]) -> Ended;

/// The folder of the demonstration, and what was done in it.
pub(super) struct Stage {
    pub(super) dir: PathBuf,
    run: Perform,
    entries: BTreeMap<String, u64>,
    transcript: String,
}

impl Stage {
    /// An empty stage, its clock and its dice at their beginning.
    pub(super) fn new(dir: &Path, at: u64, run: Perform) -> Result<Self> {
        let stage =
            Self { dir: dir.to_owned(), run, entries: BTreeMap::new(), transcript: String::new() };
        for name in ["keys", "imports", "pipelines"] {
            stage.folder(name)?;
        }
        random::begin_again();
        Self::stand(at)?;
        Ok(stage)
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A path in the folder, as a word of a command line.
    pub(super) fn word(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(super) fn folder(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        std::fs::create_dir_all(&path).map_err(|error| {
            Failure::new("io", format!("cannot create `{}`: {error}", path.display()))
        })
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        files::replace(&self.path(name), bytes, 0o644, false)
    }

    /// The clock of the company stands there.
    pub(super) fn stand(at: u64) -> Result<()> {
        let at = Timestamp::from_micros(at);
        clock::stand(at.ok_or_else(|| Failure::new("clock", "no such time"))?);
        Ok(())
    }

    /// Does all of it, in the order of time.
    pub(super) fn play(&mut self, mut acts: Vec<Act>) -> Result<()> {
        acts.sort_by_key(|act| act.at);
        for act in acts {
            Self::stand(act.at)?;
            self.perform(act.deed)?;
        }
        Ok(())
    }

    fn perform(&mut self, deed: Deed) -> Result<()> {
        match deed {
            Deed::Pipeline(service, events) => {
                let workspace = format!("pipelines/{service}");
                self.folder(&workspace)?;
                let key = self.word(&format!("keys/{service}.pem"));
                let words = ["record", "--require-ack", "--workspace", &self.word(&workspace)];
                let words = [&words[..], &["--key", &key, "--from"]].concat();
                self.hand_over(&words, events)
            }
            Deed::Say(keys, events) => {
                let keys: Vec<String> =
                    keys.iter().map(|key| self.word(&format!("keys/{key}.pem"))).collect();
                let mut words = vec!["append"];
                words.extend(keys.iter().flat_map(|key| ["--key", key.as_str()]));
                self.hand_over(&words, events)
            }
            Deed::Import(source, name, content, given) => {
                let file = format!("imports/{name}");
                self.write(&file, content.as_bytes())?;
                let (file, key) = (self.word(&file), self.word("keys/connector.pem"));
                let mut words = vec!["import", source, &file, "--key", &key];
                let here = self.word("imports");
                let given: Vec<String> =
                    given.iter().map(|one| one.replace("=FOLDER/", &format!("={here}/"))).collect();
                words.extend(given.iter().flat_map(|one| ["--given", one.as_str()]));
                self.done(&words).map(drop)
            }
            Deed::Step(step) => step(self),
        }
    }

    /// Writes the events into a file, gives it to a command, and keeps where they came to stand.
    fn hand_over(&mut self, words: &[&str], events: Vec<Event>) -> Result<()> {
        let mut lines = String::new();
        for event in &events {
            lines.push_str(&self.filled(&event.text)?);
            lines.push('\n');
        }
        self.write("outbox.jsonl", lines.as_bytes())?;
        let outbox = self.word("outbox.jsonl");
        let printed = self.done(&[words, &[&outbox]].concat())?;
        let indexes = printed.lines().filter_map(|line| {
            line.strip_prefix("entry ").and_then(|line| line.split(' ').next()?.parse().ok())
        });
        for (event, index) in events.into_iter().zip(indexes) {
            if !event.name.is_empty() {
                self.entries.insert(event.name, index);
            }
        }
        Ok(())
    }

    /// A draft with the indexes it names.
    fn filled(&self, text: &str) -> Result<String> {
        let mut out = String::with_capacity(text.len());
        for (place, part) in text.split('@').enumerate() {
            if place % 2 == 0 {
                out.push_str(part);
                continue;
            }
            let none = || Failure::new("demo", format!("nothing was recorded as `{part}`"));
            out.push_str(&self.entries.get(part).ok_or_else(none)?.to_string());
        }
        Ok(out)
    }

    /// Runs a command line that must end with status 0; what it printed.
    pub(super) fn done(&mut self, words: &[&str]) -> Result<String> {
        self.ends(words, &[0]).map(|ended| ended.printed)
    }

    /// Runs a command line that must end with one of these statuses.
    pub(super) fn ends(&mut self, words: &[&str], statuses: &[u8]) -> Result<Ended> {
        let ended = self.elsewhere("ledger", words);
        self.note(words, ended.status);
        if statuses.contains(&ended.status) {
            return Ok(ended);
        }
        let said = ended.said.lines().find(|line| line.contains("error")).unwrap_or(&ended.said);
        let last = self.transcript.lines().next_back().unwrap_or_default();
        Err(Failure::refused("demo", format!("{last}: {said} {}", ended.printed)))
    }

    /// Runs a command line over another folder than the ledger's own.
    pub(super) fn elsewhere(&self, ledger: &str, words: &[&str]) -> Ended {
        let mut line: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        line.extend(["--ledger".to_owned(), self.word(ledger)]);
        line.extend(["--state".to_owned(), self.word("state")]);
        (self.run)(&line)
    }

    /// Keeps the command line, as somebody types it in the folder.
    fn note(&mut self, words: &[&str], status: u8) {
        let here = format!("{}/", self.dir.display());
        let shown = words.iter().map(|word| {
            let word = word.replace(&here, "");
            if word.contains([' ', '\'']) { format!("'{word}'") } else { word }
        });
        let shown: Vec<String> = shown.collect();
        let _ = write!(self.transcript, "ledger {}", shown.join(" "));
        if status != 0 {
            let _ = write!(self.transcript, "   # status {status}");
        }
        self.transcript.push('\n');
    }

    /// All command lines so far.
    pub(super) fn transcript(&self) -> &str {
        &self.transcript
    }
}

/// A time as events have it.
pub(super) fn time(at: u64) -> String {
    Timestamp::from_micros(at).map_or_else(String::new, |at| at.to_string())
}

/// An event without a name.
pub(super) fn event(kind: &str, at: u64, actor: &str, subject: &str, data: &str) -> Event {
    named("", kind, at, actor, subject, data)
}

/// An event that others name.
pub(super) fn named(
    name: &str,
    kind: &str,
    at: u64,
    actor: &str,
    subject: &str,
    data: &str,
) -> Event {
    let about =
        if subject.is_empty() { String::new() } else { format!(r#""subject":{{{subject}}},"#) };
    let text = format!(
        r#"{{"type":"{kind}","occurred_at":"{}","actor":{actor},{about}"data":{{{data}}}}}"#,
        time(at)
    );
    Event { name: name.to_owned(), text }
}

/// Somebody says something with their own key, at that time.
pub(super) fn says(person: usize, at: u64, kind: &str, subject: &str, data: &str) -> Act {
    let event = event(kind, at, &super::company::human(person), subject, data);
    Act { at: at + MINUTE / 60, deed: Deed::Say(vec![format!("p{person}")], vec![event]) }
}

/// The scheduler of the company says something, at that time.
pub(super) fn scheduled(at: u64, kind: &str, subject: &str, data: &str) -> Event {
    event(kind, at, super::company::SCHEDULER, subject, data)
}
