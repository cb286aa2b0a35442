//! A package of a whole population: its ledger laid out in a folder of its own, verified, and the report made once
//! more from it.

use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use ledger_core::error::Error;
use ledger_core::evidence::population::{self, Unpacked};
use ledger_core::evidence::zip::Source;
use ledger_core::evidence::{Outcome, Trust, zip};
use ledger_core::json::{self, Value};
use ledger_core::ledger;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::verify::Options;

use crate::commands::report::{quarter, review};
use crate::context::{Context, PATIENCE};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::state::State;
use crate::verified::Scratch;
use crate::{files, random};

/// A file that is read piece by piece.
struct Pieces {
    file: File,
    length: u64,
}

impl Source for Pieces {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, length: usize) -> ledger_core::error::Result<Cow<'_, [u8]>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at).map(|()| Cow::Owned(bytes)).map_err(|error| {
            Error::unavailable("io", format!("the package cannot be read: {error}"))
        })
    }
}

/// Verifies the package; none if the file is no package of a population.
pub(crate) fn run(file: &Path, trust: Trust<'_>) -> Result<Option<Outcome>> {
    if file.is_dir() {
        if !file.join(population::FOLDER).is_dir() {
            return Ok(None);
        }
        return unpacked_folder(file, trust).map(Some);
    }
    let Ok(opened) = File::open(file) else { return Ok(None) };
    let Ok(length) = opened.metadata().map(|found| found.len()) else { return Ok(None) };
    let pieces = Pieces { file: opened, length };
    if !population::is_one(&pieces) {
        return Ok(None);
    }
    within(trust, |store| population::unpack(&pieces, store)).map(Some)
}

/// A package as a folder: its members in the order of their names.
fn unpacked_folder(root: &Path, trust: Trust<'_>) -> Result<Outcome> {
    let mut members = files::below(root)?;
    members.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    if let Some((name, ..)) = members.iter().find(|(_, _, kind)| !kind.is_file()) {
        let message = "a package holds files and folders only";
        return Ok(population::unreadable(Error::refused("zip-link", message).at(name.clone())));
    }
    if let Err(error) = zip::check_names(members.iter().map(|(name, ..)| name.as_str())) {
        return Ok(population::unreadable(error));
    }
    within(trust, |store| {
        population::unpack_from(store, &mut |each| {
            for (name, path, _) in &members {
                let bytes = files::read(path)
                    .map_err(|failure| Error::unavailable("io", failure.message().to_owned()))?;
                each(name, bytes)?;
            }
            Ok(None)
        })
    })
}

/// Lays the package out in a folder of its own, and verifies it there.
fn within(
    trust: Trust<'_>,
    unpack: impl FnOnce(&dyn Store) -> ledger_core::error::Result<Unpacked>,
) -> Result<Outcome> {
    let scratch = Scratch::new()?;
    let path = scratch.path.join("ledger");
    let store: Arc<dyn Store> = Arc::new(Dir::create(&path, PATIENCE)?);
    let unpacked = match unpack(&*store) {
        Ok(unpacked) => unpacked,
        Err(error) if error.code() == "io" => return Err(error.into()),
        Err(error) => return Ok(population::unreadable(error)),
    };
    let spilled = Dir::create(scratch.path.join("sorted"), PATIENCE)?;
    let progress = Progress::of("entries");
    let tell = |done, all| progress.at(done, all);
    let options = Options {
        scratch: Some(&spilled),
        progress: Some(&tell),
        roots: trust.roots,
        ..Options::new(random::bytes()?)
    };
    let state = scratch.path.join("state");
    let given = scratch.path.join("controls");
    files::make_folder(&given)?;
    for (name, bytes) in &unpacked.controls {
        files::create(&given.join(name), bytes, 0o600)?;
    }
    let mut perform = |report: &[u8]| {
        performed(report, &path, &given, &state)
            .map_err(|failure| Error::unavailable("evidence-again", failure.message().to_owned()))
    };
    Ok(population::verify(&unpacked, &store, trust.policy, &options, &mut perform))
}

/// A report, made once more by its own command over the folder.
fn performed(report: &[u8], path: &Path, given: &Path, state: &Path) -> Result<Vec<u8>> {
    let text = report.strip_suffix(b"\n").unwrap_or(report);
    let document = json::read_document(text)?;
    let command = document.get("front").and_then(|front| front.get("command"));
    let words = words(command.and_then(Value::as_text).unwrap_or_default());
    let [ledger, report, kind, asked @ ..] = words.as_slice() else { return Err(unknown()) };
    if (ledger.as_str(), report.as_str()) != ("ledger", "report") {
        return Err(unknown());
    }
    let known = State::at(state.to_path_buf());
    let folder = Dir::open(path, PATIENCE)?;
    // the policy of the reader has named this origin already
    known.pin(&ledger::read_format(&folder)?, &files::absolute(path)?)?;
    let context = Context::new(false, Some(path.to_path_buf()), Some(state.to_path_buf()));
    match kind.as_str() {
        "quarter" => quarter::again(asked, given, &context),
        "review" => review::again(asked, &context),
        _ => Err(unknown()),
    }
}

fn unknown() -> Failure {
    Failure::new("report-command", "the report says no command that makes it again")
}

/// The words of a command as a shell takes them: single quotes are all that reports write.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if !quoted => word.get_or_insert_default().extend(letters.next()),
            ' ' if !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let command = "ledger report quarter --entity 'A & B'\\''s' --out DIR";
        let expected = ["ledger", "report", "quarter", "--entity", "A & B's", "--out", "DIR"];
        assert_eq!(words(command), expected);
        assert_eq!(words("a '' b"), ["a", "", "b"]);
    }
}
