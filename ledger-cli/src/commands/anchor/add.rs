//! `ledger anchor add`

use std::path::PathBuf;

use clap::Args;
use ledger_core::anchor::{self, Anchor, File, Kind};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::note::{Note, SignatureLine, VerifierKey};
use ledger_core::signer::{self, ANCHORS};
use ledger_core::store;

use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::verified::read_policy;
use crate::{clock, delivery, files, keys, published, seen};

/// Take in the answer of an authority for times, or the cosignature of a witness
///
/// A token is held against the request, the archive of checkpoints, and the authority's roots; a cosignature
/// against the archive and the witnesses that a policy names. What does not hold is not taken in. With a key it
/// is recorded as `anchor.attached`, too.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger anchor add newest.tsr --request newest.tsq --tsa-roots tsa.pem --key ci.pem"
)]
pub(crate) struct Add {
    /// The answer of the authority; or the checkpoint with cosignatures, or cosignatures alone, as `ledger
    /// witness` prints them
    file: PathBuf,
    /// The request that a token answers
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// Root certificates of authorities for times that you trust, PEM
    #[arg(long, value_name = "FILE")]
    tsa_roots: Option<PathBuf>,
    /// The policy that names the witnesses whose cosignatures count
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How the event calls the anchor [default: who dates, and the size]
    #[arg(long, value_name = "ID", requires = "key")]
    anchor: Option<String>,
    /// Key that records it, a file or agent:SHA256:…
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
}

/// Checks, keeps, records: in this order.
pub(super) fn run(args: &Add, context: &mut Context) -> Result<Answer> {
    let bytes = files::read(&args.file)?;
    let place = |failure: Failure| failure.within(files::shown(&args.file));
    let key = args.key.as_ref().map(|key| keys::load_one(Some(key))).transpose()?;
    let folder = context.folder()?;
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.contains('\u{2014}'));
    let taken = match text {
        Some(text) => cosigned(args, &folder, text).map_err(place)?,
        None => vec![token(args, &folder, &bytes).map_err(place)?],
    };
    if context.out.json() && key.is_none() {
        let all = taken.iter().map(|(anchor, _)| super::list::value(anchor)).collect();
        context.out.object([("anchors", Value::List(all))])?;
    }
    if !context.out.json() {
        for (anchor, _) in &taken {
            context.out.line(super::list::line(anchor))?;
        }
    }
    match key {
        Some(key) => record(args, &taken, &key, context),
        None => Ok(Answer::Yes),
    }
}

/// An anchor, and SHA-256 of the file in which it is kept.
type Taken = (Anchor, Sha256);

/// Takes in a token. The answer stands first: a request alone would be one whose answer is gone, and when we stop
/// before the request, the same command completes it.
fn token(args: &Add, folder: &Folder, answer: &[u8]) -> Result<Taken> {
    let missing = |option: &str, hint: &str| {
        Failure::new("anchor-given", format!("a token is held against what `{option}` names"))
            .hint(hint)
    };
    let asked = args.request.as_ref().ok_or_else(|| {
        missing("--request FILE", "give the file that `ledger anchor request` wrote")
    })?;
    let roots = args.tsa_roots.as_ref().ok_or_else(|| {
        missing(
            "--tsa-roots FILE",
            "give the authority's root certificates, from elsewhere than the token",
        )
    })?;
    let asked = files::read(asked)?;
    let roots = super::read_roots(roots)?;
    let stamp = anchor::Stamp::parse(answer)?;
    stamp.answers(&anchor::Request::parse(&asked)?)?;
    stamp.under(&roots)?;
    let mut notes = super::archived(folder)?.into_iter();
    let note = notes.find(|note| Sha256::of(note) == stamp.imprint).ok_or_else(|| {
        Failure::refused("anchor-stray", "the token is of no checkpoint that this ledger published")
            .hint("is it the answer to a request of another ledger?")
    })?;
    let checkpoint = published::stated(&note)?;
    let (name, request) = File::token(checkpoint.size(), answer);
    let place = (name.as_str(), checkpoint.size());
    let anchor = anchor::token(place, answer, Some(&asked), stamp.imprint, Some(&roots))?;
    let store = &*folder.store;
    store::replace(store, &format!("{ANCHORS}/{name}"), answer)?;
    store::replace(store, &format!("{ANCHORS}/{request}"), &asked)?;
    Ok((anchor, Sha256::of(answer)))
}

/// Takes in cosignatures: a note, or lines of the newest checkpoint that they fit.
fn cosigned(args: &Add, folder: &Folder, text: &str) -> Result<Vec<Taken>> {
    let policy = args.policy.as_ref().ok_or_else(|| {
        Failure::new("anchor-given", "a cosignature is held against what `--policy FILE` names")
            .hint("a policy has a line `witness NAME VKEY` for each whose word counts")
    })?;
    let policy = read_policy(policy)?;
    let witnesses: Vec<VerifierKey> = policy.witnesses().map(|(_, key)| key.clone()).collect();
    let (wanted, lines) = if let Ok(note) = Note::parse(text.as_bytes()) {
        (Some(note.text().to_owned()), note.signatures().to_vec())
    } else {
        let lines = text.lines().map(SignatureLine::parse);
        (None, lines.collect::<ledger_core::error::Result<Vec<_>>>()?)
    };
    let known = |line: &&SignatureLine| witnesses.iter().any(|key| key.matches(line));
    let lines: Vec<SignatureLine> = lines.iter().filter(known).cloned().collect();
    if lines.is_empty() {
        return Err(Failure::refused(
            "anchor-witness",
            "no line is by a witness that the policy names",
        ));
    }
    let fits = |text: &str, line: &SignatureLine| {
        witnesses.iter().any(|key| key.matches(line) && key.verify(text, line).is_ok())
    };
    let notes = super::archived(folder)?;
    let mut taken = Vec::new();
    for line in lines {
        let fitting = |note: &&Vec<u8>| {
            Note::parse(note).is_ok_and(|note| {
                wanted.as_deref().is_none_or(|wanted| wanted == note.text())
                    && fits(note.text(), &line)
            })
        };
        let note = notes.iter().find(fitting).ok_or_else(|| {
            let message = format!("`{}` cosigned no checkpoint that this ledger published", line.name());
            Failure::refused("anchor-stray", message).hint(
                "if the witness saw another checkpoint of this ledger, keep both: they are evidence of a fork",
            )
        })?;
        taken.extend(keep(folder, &Note::parse(note)?, &line, &witnesses)?);
    }
    Ok(taken)
}

/// Keeps a cosignature beside its checkpoint, and adds it to the published one if that is still the same.
fn keep(
    folder: &Folder,
    note: &Note,
    line: &SignatureLine,
    witnesses: &[VerifierKey],
) -> Result<Vec<Taken>> {
    let checkpoint = Checkpoint::parse(note.text())?;
    let name = File::cosigned(checkpoint.size(), line.id());
    let anchored = note.clone().with(line.clone())?;
    let bytes = anchored.encode();
    let anchors = anchor::cosignatures(&name, &anchored, checkpoint.size(), witnesses)?;
    store::replace(&*folder.store, &format!("{ANCHORS}/{name}"), &bytes)?;
    signer::attach(&*folder.store, &checkpoint, line)?;
    Ok(anchors.into_iter().map(|anchor| (anchor, Sha256::of(&bytes))).collect())
}

/// Records what was taken in. It stands already: a record says more than is there never, less at most until
/// the same command is run again.
fn record(args: &Add, taken: &[Taken], key: &dyn Signer, context: &mut Context) -> Result<Answer> {
    let (folder, mut ledger, sight) = seen::open(context)?;
    let now = clock::now()?;
    let mut drafts = Vec::new();
    for (anchor, digest) in taken {
        let by = match anchor.kind {
            Kind::Token => "rfc3161",
            Kind::Witness => &anchor.by,
        };
        let own = format!("{by}/{}", anchor.size);
        let data = [
            ("digest", Value::text(digest.to_reference())),
            ("kind", Value::text(anchor.kind.word())),
            ("size", Value::count(anchor.size)),
        ];
        drafts.push(Value::object([
            ("type", Value::text("anchor.attached")),
            ("occurred_at", Value::text(now.to_string())),
            (
                "subject",
                Value::object([("anchor", Value::text(args.anchor.as_ref().unwrap_or(&own)))]),
            ),
            ("data", Value::object(data)),
        ]));
    }
    let receipts = delivery::many(&mut ledger, &sight, &drafts, "anchors", &[key])
        .map_err(|failure| folder.place(failure).hint("the key needs `append:anchor.attached`"))?;
    let all = taken.iter().map(|(anchor, _)| super::list::value(anchor)).collect();
    delivery::acknowledge_with(&receipts, vec![("anchors", Value::List(all))], context)?;
    sight.remember(&folder)?;
    delivery::tidy(&folder, &mut ledger)
}
