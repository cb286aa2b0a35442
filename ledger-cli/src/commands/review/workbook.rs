//! Workbook: a form that comes back as a spreadsheet (ECMA-376), as whatever program saved it: cells by the
//! names of their columns, texts inline or shared, members stored or deflated.
//!
//! A form is small: more than 64 MiB unpacked is refused.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use ledger_core::review::form::{Form, Row};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use report_templates::review::{HEAD, OWN, SHEET};

use crate::failure::{Failure, Result};

/// Most bytes that are unpacked.
const MOST: u64 = 64 << 20;

/// The form in a workbook; codes `workbook-form`, `workbook-large`, `workbook-sheet`.
pub(super) fn form(bytes: &[u8]) -> Result<Form> {
    let members = members(bytes)?;
    let shared = match members.get("xl/sharedStrings.xml") {
        Some(bytes) => texts(bytes)?,
        None => Vec::new(),
    };
    let sheet = |name: &str| -> Result<Vec<Vec<String>>> {
        let file = file_of(&members, name)?;
        let bytes = members.get(&file).ok_or_else(|| without(name))?;
        cells(bytes, &shared)
    };
    let mut form = head(&sheet(HEAD)?)?;
    rows(&sheet(SHEET)?, &mut form)?;
    Ok(form)
}

fn broken(what: &str) -> Failure {
    Failure::new("workbook-form", format!("the workbook cannot be read: {what}"))
        .hint("save it as .xlsx, or fill in the form that was exported")
}

fn without(name: &str) -> Failure {
    Failure::new("workbook-sheet", format!("the workbook has no sheet `{name}`, or not all of it"))
        .hint("fill in the form that was exported, and keep its sheets")
}

fn head(lines: &[Vec<String>]) -> Result<Form> {
    let field = |name: &str| {
        let line = lines.iter().find(|line| line.first().is_some_and(|first| first == name));
        line.and_then(|line| line.get(1)).cloned().ok_or_else(|| without(HEAD))
    };
    let items = lines.iter().filter(|line| line.first().is_some_and(|first| first == "item"));
    Ok(Form {
        campaign: field("campaign")?,
        population: field("population")?,
        reviewer: field("reviewer")?,
        columns: Vec::new(),
        items: items.filter_map(|line| line.get(1).cloned()).collect(),
        mac: field("mac")?,
        rows: Vec::new(),
    })
}

fn rows(lines: &[Vec<String>], form: &mut Form) -> Result<()> {
    let Some((names, lines)) = lines.split_first() else { return Err(without(SHEET)) };
    let place =
        |name: &str| names.iter().position(|known| known == name).ok_or_else(|| without(SHEET));
    let [decision, comment, item, mac] = OWN;
    let places = [place(decision)?, place(comment)?, place(item)?, place(mac)?];
    let shown = places.iter().copied().min().unwrap_or(0);
    form.columns = names.iter().take(shown).cloned().collect();
    for line in lines.iter().filter(|line| line.iter().any(|cell| !cell.is_empty())) {
        let cell = |place: usize| line.get(place).cloned().unwrap_or_default();
        let [decision, comment, item, mac] = places.map(cell);
        let cells = (0..shown).map(cell).collect();
        form.rows.push(Row { item, cells, mac, decision: decision.trim().to_lowercase(), comment });
    }
    Ok(())
}

/// The file of a sheet, by its name.
fn file_of(members: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<String> {
    let member = |file: &str| members.get(file).ok_or_else(|| broken("a part of it is missing"));
    let mut id = None;
    elements(member("xl/workbook.xml")?, |start| {
        if local(start) == "sheet" && attribute(start, "name").as_deref() == Some(name) {
            id = attribute(start, "id");
        }
    })?;
    let id = id.ok_or_else(|| without(name))?;
    let mut target = None;
    elements(member("xl/_rels/workbook.xml.rels")?, |start| {
        if attribute(start, "Id").as_deref() == Some(&id) {
            target = attribute(start, "Target");
        }
    })?;
    let target = target.ok_or_else(|| without(name))?;
    Ok(match target.strip_prefix('/') {
        Some(whole) => whole.to_owned(),
        None => format!("xl/{target}"),
    })
}

fn elements(bytes: &[u8], mut each: impl FnMut(&BytesStart<'_>)) -> Result<()> {
    let mut reader = Reader::from_reader(bytes);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).map_err(|error| broken(&error.to_string()))? {
            Event::Start(start) | Event::Empty(start) => each(&start),
            Event::Eof => return Ok(()),
            _ => {}
        }
        buffer.clear();
    }
}

fn local(start: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(start.local_name().as_ref()).into_owned()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let all = start.attributes().flatten();
    let found = all.into_iter().find(|known| known.key.local_name().as_ref() == name.as_bytes())?;
    unescaped(&found.value)
}

/// Text with the five entities of XML and those of characters, and no others.
fn unescaped(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    quick_xml::escape::unescape(text).ok().map(std::borrow::Cow::into_owned)
}

/// The texts of an element like `<si>` or `<is>`, each the sum of its `<t>`.
fn texts(bytes: &[u8]) -> Result<Vec<String>> {
    let mut reader = Reader::from_reader(bytes);
    let (mut buffer, mut all, mut inside) = (Vec::new(), Vec::new(), false);
    loop {
        match reader.read_event_into(&mut buffer).map_err(|error| broken(&error.to_string()))? {
            Event::Start(start) if local(&start) == "si" => all.push(String::new()),
            Event::Empty(start) if local(&start) == "si" => all.push(String::new()),
            Event::Start(start) => inside = local(&start) == "t",
            Event::End(_) => inside = false,
            event => {
                if let (Some(text), Some(last), true) = (said(&event)?, all.last_mut(), inside) {
                    last.push_str(&text);
                }
                if matches!(event, Event::Eof) {
                    return Ok(all);
                }
            }
        }
        buffer.clear();
    }
}

/// What an event of text says.
fn said(event: &Event<'_>) -> Result<Option<String>> {
    let entity = || broken("it uses an entity that it may not");
    match event {
        Event::Text(text) => unescaped(text).map(Some).ok_or_else(entity),
        Event::CData(text) => Ok(Some(String::from_utf8_lossy(text).into_owned())),
        Event::GeneralRef(name) => {
            let name = String::from_utf8_lossy(name);
            unescaped(format!("&{name};").as_bytes()).map(Some).ok_or_else(entity)
        }
        _ => Ok(None),
    }
}

/// The cells of a sheet, line by line, each at its place.
fn cells(bytes: &[u8], shared: &[String]) -> Result<Vec<Vec<String>>> {
    let mut reader = Reader::from_reader(bytes);
    let (mut buffer, mut lines) = (Vec::new(), Vec::<Vec<String>>::new());
    let (mut place, mut kind, mut text, mut inside) = (0, String::new(), String::new(), false);
    loop {
        let event =
            reader.read_event_into(&mut buffer).map_err(|error| broken(&error.to_string()))?;
        match &event {
            Event::Start(start) | Event::Empty(start) => match local(start).as_str() {
                "row" => lines.push(Vec::new()),
                "c" => {
                    let next = lines.last().map_or(0, Vec::len);
                    place = attribute(start, "r").map_or(next, |name| column(&name));
                    kind = attribute(start, "t").unwrap_or_default();
                    text.clear();
                }
                "v" | "t" => inside = matches!(event, Event::Start(_)),
                "f" => {
                    return Err(Failure::refused(
                        "workbook-formula",
                        "a cell of the form has a formula",
                    )
                    .hint("type decisions and comments as texts"));
                }
                _ => {}
            },
            Event::End(end) if end.local_name().as_ref() == b"c" => {
                let value = if kind == "s" {
                    let found = text.parse().ok().and_then(|place: usize| shared.get(place));
                    found.cloned().ok_or_else(|| broken("a shared text is missing"))?
                } else {
                    text.clone()
                };
                if let Some(line) = lines.last_mut() {
                    if line.len() < place {
                        line.resize(place, String::new());
                    }
                    line.push(value);
                }
            }
            Event::End(_) => inside = false,
            Event::Eof => return Ok(lines),
            other => {
                if let (Some(said), true) = (said(other)?, inside) {
                    text.push_str(&said);
                }
            }
        }
        buffer.clear();
    }
}

/// The place of a column, from 0: `A1` is 0, `AB7` is 27. What is no column is far away.
fn column(name: &str) -> usize {
    let letters = name.bytes().take_while(u8::is_ascii_uppercase).take(3);
    let number = letters.fold(0, |number, letter| number * 26 + usize::from(letter - b'A') + 1);
    number.saturating_sub(1)
}

/// The members of a zip, unpacked.
fn members(zip: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let at = |from: usize, count: usize| zip.get(from..from + count);
    let two = |from: usize| Some(usize::from(u16::from_le_bytes(at(from, 2)?.try_into().ok()?)));
    let four =
        |from: usize| usize::try_from(u32::from_le_bytes(at(from, 4)?.try_into().ok()?)).ok();
    let end = zip.windows(4).rposition(|four| four == b"PK\x05\x06");
    let end = end.ok_or_else(|| broken("it is no zip"))?;
    let wrong = || broken("its directory is damaged");
    let (count, mut place) = (two(end + 10).ok_or_else(wrong)?, four(end + 16).ok_or_else(wrong)?);
    let (mut all, mut room) = (BTreeMap::new(), MOST);
    for _ in 0..count {
        let part = || {
            let (method, packed) = (two(place + 10)?, four(place + 20)?);
            let (name, extra, note) = (two(place + 28)?, two(place + 30)?, two(place + 32)?);
            let local = four(place + 42)?;
            let from = local + 30 + two(local + 26)? + two(local + 28)?;
            let text = String::from_utf8(at(place + 46, name)?.to_vec()).ok()?;
            Some((text, method, at(from, packed)?, place + 46 + name + extra + note))
        };
        let (name, method, packed, next) = part().ok_or_else(wrong)?;
        let mut bytes = Vec::new();
        let read = match method {
            0 => packed.take(room + 1).read_to_end(&mut bytes),
            8 => DeflateDecoder::new(packed).take(room + 1).read_to_end(&mut bytes),
            _ => return Err(broken("a part of it is packed in another way")),
        };
        let read = read.map_err(|error| broken(&error.to_string()))? as u64;
        room = room.checked_sub(read).ok_or_else(|| {
            Failure::new("workbook-large", "the workbook is larger than any form")
        })?;
        all.insert(name, bytes);
        place = next;
    }
    Ok(all)
}
