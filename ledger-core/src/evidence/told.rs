//! The layers that speak of the report: its digest, the sample, what was disclosed.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::{self, Contents};
use super::csv::Sheet;
use super::layer::{Bench, Layer};
use super::manifest::{Claim, Drawn};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::exception::item_id;
use crate::hash::{Blake3, Sha256};
use crate::json::{self, Value, View};
use crate::ledger::scope;
use crate::sample::{self, Committed, Population, Seed};
use crate::seal::{self, Disclosure};

/// The report's document; codes `evidence-report`, and those of JSON.
pub(super) fn document(bytes: &[u8]) -> Result<Value> {
    let wrong = || Error::malformed("evidence-report", "this is no report that is known here");
    let text = bytes.strip_suffix(b"\n").ok_or_else(wrong)?;
    let value = json::read_document(text)?;
    let known = value.get("format").and_then(Value::as_text) == Some("ledger/report/v1");
    if known && value.to_canonical().as_bytes() == text { Ok(value) } else { Err(wrong()) }
}

/// The value at the end of a path of names.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The text at the end of a path of names; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    at(value, path).and_then(Value::as_text).unwrap_or_default()
}

/// The items of the list at the end of a path.
pub(super) fn list<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    match at(value, path) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn count(value: &Value, path: &[&str]) -> Option<u64> {
    match at(value, path) {
        Some(Value::Integer(number)) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// Is the report the one that is claimed, of this ledger, and do its counts and files tie?
///
/// `digest` gives that of a member, if it is there.
pub(super) fn report(
    report: &Value,
    digest_of: &dyn Fn(&str) -> Option<Sha256>,
    claim: &Claim,
) -> Layer {
    let mut bench = Bench::default();
    let digest = digest_of(contents::REPORT);
    bench.demand(
        digest == Some(claim.report),
        contents::REPORT,
        "evidence-digest",
        "the manifest claims another report",
    );
    let origin = text(report, &["front", "ledger", "origin"]);
    bench.demand(
        origin == claim.origin,
        contents::REPORT,
        "evidence-ledger",
        "the report is of another ledger",
    );
    let (mut tables, mut files) = (0_u64, 0_u64);
    for about in list(report, &["datasets"]).iter().chain(list(report, &["populations"])) {
        tables += 1;
        let place = format!("{}: {}", contents::REPORT, text(about, &["id"]));
        bench.demand(ties(about), &place, "evidence-counts", "the counts of the table do not tie");
        let file = format!("report/{}", text(about, &["file"]));
        if let Some(digest) = digest_of(&file) {
            files += 1;
            let same = digest.to_reference() == text(about, &["digest"]);
            bench.demand(
                same,
                &file,
                "evidence-digest",
                "the file is not the one that the report names",
            );
        }
    }
    let id = text(report, &["front", "id"]);
    bench.layer(
        "report",
        format!("{id}, {tables} tables whose counts tie, {files} files by their digests"),
    )
}

pub(super) fn ties(about: &Value) -> bool {
    let sum = |name: &str| match about.get(name) {
        Some(Value::Object(members)) => {
            members.keys().filter_map(|key| count(about, &[name, key])).sum::<u64>()
        }
        _ => 0,
    };
    let (Some(total), Some(rows)) = (count(about, &["total"]), count(about, &["in_scope"])) else {
        return false;
    };
    let listed = about.get("rows").is_none() || list(about, &["rows"]).len() as u64 == rows;
    let counted = sum("counts");
    listed && total == rows + sum("excluded") && (counted == 0 || counted == rows)
}

/// The trees that the report and the commitments name, by their sizes.
pub(super) fn heads(report: &Value, entries: &[Entry<'_>]) -> BTreeMap<u64, Vec<Sha256>> {
    let mut heads: BTreeMap<u64, Vec<Sha256>> = BTreeMap::new();
    let front = ["ledger", "previous"].into_iter().filter_map(|name| at(report, &["front", name]));
    for known in front {
        let root =
            Sha256::from_base64(text(known, &["root"]).as_bytes()).unwrap_or(Sha256([0; 32]));
        heads.entry(count(known, &["size"]).unwrap_or(u64::MAX)).or_default().push(root);
    }
    for entry in entries.iter().filter(|entry| entry.event.kind == "sample.committed") {
        if let Some(committed) = committed(entry) {
            heads.entry(committed.size).or_default().push(committed.root);
        }
    }
    heads
}

fn committed(entry: &Entry<'_>) -> Option<Committed> {
    let view = |pointer: &str| entry.event.root.pointer(pointer);
    let text = |pointer: &str| view(pointer).and_then(|view| view.plain());
    Some(Committed {
        rows: view("/data/population/rows")?.unsigned()?,
        digest: Sha256::from_reference(text("/data/population/digest")?)?,
        size: view("/data/checkpoint/size")?.unsigned()?,
        root: Sha256::from_base64(text("/data/checkpoint/root")?.as_bytes()).ok()?,
    })
}

/// The rows of the items, by dataset.
pub(super) type Rows = BTreeMap<String, Sheet>;

/// Were the items drawn from what was committed before, and does the report speak of each?
pub(super) fn sample(
    entries: &[Entry<'_>],
    contents: &Contents<'_>,
    drawn: &Drawn,
    report: &Value,
    rows: &mut Rows,
) -> Layer {
    let mut bench = Bench::default();
    let selected = bench.hold("", redrawn(entries, contents, drawn)).unwrap_or_default();
    for (dataset, bytes) in &contents.rows {
        let place = contents::rows(dataset);
        if let Some(sheet) = bench.hold(&place, Sheet::parse(bytes)) {
            rows.insert(dataset.clone(), sheet);
        }
    }
    let mut seen = BTreeSet::new();
    let tests = tests(report, &drawn.control);
    for (dataset, sheet) in rows.iter() {
        let place = contents::rows(dataset);
        let about =
            list(report, &["populations"]).iter().find(|about| text(about, &["id"]) == dataset);
        let columns = about.map(|about| list(about, &["query", "columns"])).unwrap_or_default();
        let named = columns
            .iter()
            .map(|column| text(column, &["name"]))
            .eq(sheet.columns.iter().map(String::as_str));
        bench.demand(
            tests.contains(dataset.as_str()) && named,
            &place,
            "evidence-rows",
            "these are no rows of a test of the control",
        );
        for row in &sheet.rows {
            let item = item_id(sheet.cell(row, "item"));
            bench.demand(
                selected.contains(&item),
                &place,
                "evidence-rows",
                "the row is of no item that was selected",
            );
            seen.insert(item);
            for index in sheet.cell(row, "entries").split_whitespace() {
                let here =
                    index.parse().is_ok_and(|index: u64| contents.entries.contains_key(&index));
                bench.demand(
                    here,
                    &place,
                    "evidence-missing",
                    "an entry that the row cites is not here",
                );
            }
        }
    }
    for dataset in tests.iter().filter(|dataset| !rows.contains_key(**dataset)) {
        let message = "a test counts for the control, and its rows are not here";
        bench.demand(false, &contents::rows(dataset), "evidence-missing", message);
    }
    for item in selected.iter().filter(|item| !seen.contains(*item)) {
        bench.demand(
            false,
            contents::POPULATION,
            "evidence-missing",
            &format!("no row is of the item `{item}`"),
        );
    }
    let words = format!(
        "{} items of {}, drawn from what was committed before",
        selected.len(),
        drawn.control
    );
    bench.layer("sample", words)
}

/// The datasets of the tests that count for a control.
pub(super) fn tests<'v>(report: &'v Value, control: &str) -> BTreeSet<&'v str> {
    let known = list(report, &["controls"]).iter().find(|known| text(known, &["id"]) == control);
    let tests = known.map(|known| list(known, &["tests"])).unwrap_or_default();
    let counted = tests.iter().filter(|test| test.get("counted") == Some(&Value::Bool(true)));
    counted.map(|test| text(test, &["dataset"])).collect()
}

/// Draws again, all draws that are claimed: the items by their ids. Codes `evidence-sample`, and those of samples.
fn redrawn(
    entries: &[Entry<'_>],
    contents: &Contents<'_>,
    claimed: &Drawn,
) -> Result<BTreeSet<String>> {
    let sample = claimed.sample.as_str();
    let of = |kind: &'static str| {
        entries.iter().filter(move |entry| {
            entry.event.kind == kind && entry.event.text_at("/subject/sample") == Some(sample)
        })
    };
    let fixed = of("sample.committed")
        .next()
        .ok_or_else(|| not_drawn("the commitment of the sample is not here"))?;
    if fixed.event.text_at("/data/control") != Some(&claimed.control) {
        return Err(not_drawn("the sample is of another control"));
    }
    let population = Population::parse(contents.population)?;
    let known = committed(fixed).ok_or_else(|| not_drawn("the commitment cannot be read"))?;
    known.holds(&population)?;
    let mut items = BTreeSet::new();
    for number in &claimed.draws {
        let own = |entry: &&Entry<'_>| {
            entry.event.root.pointer("/data/draw").and_then(|view| view.unsigned()) == Some(*number)
        };
        let drawn = of("sample.drawn")
            .find(own)
            .ok_or_else(|| not_drawn(&format!("draw {number} of the sample is not here")))?;
        if drawn.index < fixed.index {
            return Err(not_drawn("the draw stands before the commitment"));
        }
        items.extend(selected(drawn, &population)?);
    }
    Ok(items)
}

fn not_drawn(message: &str) -> Error {
    Error::untrue("evidence-sample", message)
}

/// What a draw selects, drawn once more.
fn selected(drawn: &Entry<'_>, population: &Population) -> Result<Vec<String>> {
    let texts = |pointer: &str| -> Vec<String> {
        let items = drawn.event.root.pointer(pointer).into_iter().flat_map(|view| view.items());
        items.filter_map(|item| item.plain().map(str::to_owned)).collect()
    };
    let stated = sample::Drawn {
        selected: texts("/data/selected"),
        replacements: texts("/data/replacements"),
    };
    let seed = Seed::parse(drawn.event.text_at("/data/seed").unwrap_or_default())?;
    let size =
        drawn.event.root.pointer("/data/size").and_then(|view| view.unsigned()).unwrap_or_default();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let again = if drawn.event.text_at("/data/method") == Some("targeted") {
        // named by somebody: all that can be said is that they are items
        let named = stated.selected.iter().all(|id| population.has(id));
        if !named {
            return Err(not_drawn("an item is not in the population"));
        }
        stated.clone()
    } else {
        population.draw(&seed, size, stated.replacements.len())?
    };
    if again == stated {
        Ok(stated.selected)
    } else {
        Err(not_drawn("the seed selects other items"))
    }
}

/// Does every disclosure open a sealed value of its entry?
pub(super) fn disclosures(
    entries: &[Entry<'_>],
    contents: &Contents<'_>,
    level: Option<&str>,
) -> Layer {
    let mut bench = Bench::default();
    let mut opened = 0_u64;
    for (index, bytes) in &contents.disclosures {
        let place = contents::disclosures(*index);
        let entry = entries.iter().find(|entry| entry.index == *index);
        let lines = bytes.strip_suffix(b"\n").unwrap_or_default().split(|byte| *byte == b'\n');
        let mut used = BTreeSet::new();
        for line in lines {
            let judged = open(entry, line).and_then(|pointer| {
                let twice = || Error::untrue("evidence-twice", "a value is disclosed twice");
                if used.insert(pointer) { Ok(()) } else { Err(twice()) }
            });
            opened += 1;
            bench.hold(&place, judged);
        }
    }
    let level = level.map_or_else(String::new, |level| format!(", for the level `{level}`"));
    bench
        .layer("disclosures", format!("{opened} opened{level}; what is not disclosed stays sealed"))
}

/// Whether a line discloses a value of this entry; fails where it is of the entry but opens nothing, or is no
/// disclosure at all.
pub(super) fn opens(entry: &[u8], line: &[u8]) -> Result<bool> {
    let mut document = json::Document::default();
    let entry = Entry::parse(&mut document, entry)?;
    match open(Some(&entry), line) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == "seal-unopened" => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where in the entry the disclosure opens a value.
fn open(entry: Option<&Entry<'_>>, line: &[u8]) -> Result<String> {
    let none = || Error::untrue("evidence-missing", "the entry of this disclosure is not here");
    let entry = entry.ok_or_else(none)?;
    let disclosure = Disclosure::from_json(line)?;
    let event = &entry.event;
    let mut sealed = Vec::new();
    all_sealed(event.root, &mut String::new(), &mut sealed);
    let found = sealed.into_iter().find(|(_, commitment)| *commitment == disclosure.commitment);
    let (pointer, commitment) = found.ok_or_else(|| {
        Error::untrue("seal-unopened", "no sealed value of the entry has this commitment")
    })?;
    disclosure.open(commitment, scope(event)?, event.stream.name, event.seq, &pointer)?;
    Ok(pointer)
}

/// All sealed values below a value, with their pointers.
fn all_sealed(view: View<'_>, pointer: &mut String, out: &mut Vec<(String, Blake3)>) {
    if let Ok(commitment) = seal::from_json(view.raw()) {
        out.push((pointer.clone(), commitment));
        return;
    }
    let length = pointer.len();
    let mut down = |name: &str, view: View<'_>| {
        pointer.push('/');
        pointer.push_str(name);
        all_sealed(view, pointer, out);
        pointer.truncate(length);
    };
    view.members().for_each(|(name, view)| down(name, view));
    view.items().enumerate().for_each(|(at, view)| down(&at.to_string(), view));
}
