//! Reports of whole quarters: what ties, what is escaped, what stays small, and golden files
//! (`fixtures/report/`).
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "goldens/golden.rs"]
mod golden;
#[path = "../../ledger-core/tests/story/history.rs"]
mod history;
#[path = "../../ledger-core/tests/story/lists.rs"]
mod lists;
#[path = "goldens/quarter.rs"]
mod quarter;
#[path = "../../ledger-core/tests/story/verified.rs"]
mod verified;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use history::Events;
use ledger_core::check::State;
use ledger_core::hash::Sha256;
use ledger_core::report::{
    About, Asked, Brief, Cell, Dataset, Level, Made as Earlier, Matter, Report,
};
use quarter::{ALL, Made};
use report_templates::{Page, markdown, pages, workbook};
use serde_json::json;

fn made() -> Made {
    quarter::report(quarter::events(2, 6), State::Pass, &ALL, "Example AG")
}

/// A quarter in which much happens; made once.
fn whole() -> &'static Made {
    static WHOLE: OnceLock<Made> = OnceLock::new();
    WHOLE.get_or_init(made)
}

fn abouts(report: &Report) -> impl Iterator<Item = &About> {
    report.datasets.iter().map(|dataset| &dataset.about).chain(&report.populations)
}

#[test]
fn everything_ties_and_comes_again() {
    let made = whole();
    let mut ids = BTreeSet::new();
    for about in abouts(&made.report) {
        assert!(ids.insert(&about.id), "{} is there twice", about.id);
        let counted: u64 = about.counts.values().sum();
        assert!(about.counts.is_empty() || counted == about.rows, "{}", about.id);
        let names: BTreeSet<&str> = about.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names.len(), about.columns.len(), "{}", about.id);
    }
    for dataset in &made.report.datasets {
        let width = dataset.about.columns.len();
        assert!(dataset.rows.iter().all(|row| row.len() == width), "{}", dataset.about.id);
        let csv = dataset.to_csv();
        assert_eq!(Sha256::of(csv.as_bytes()), dataset.about.digest, "{}", dataset.about.id);
    }
    for (number, about) in made.report.populations.iter().enumerate() {
        let dataset = made.report.items(&made.evaluation, number).unwrap();
        assert_eq!(dataset.about, *about);
        let tests = &made.evaluation.runs[number];
        assert_eq!(about.rows, tests.census.items.len() as u64);
    }
    for number in 1..=17 {
        assert!(ids.contains(&format!("P{number:02}")), "P{number:02}");
    }
    for control in &made.report.controls {
        let performed = control.tests.iter().filter(|test| test.counted);
        let items: u64 = performed.flat_map(|test| test.counts.values()).sum();
        assert_eq!(control.counts.values().sum::<u64>(), items, "{}", control.id);
    }
    let parts = made.report.dataset("P04").unwrap();
    let sum: u64 = parts.rows.iter().filter_map(|row| row[2].count()).sum();
    assert_eq!(sum, made.report.dataset("P03").unwrap().about.rows);
    let again = self::made();
    assert_eq!(again.json, made.json);
    assert_eq!(html(&again), html(made));
}

fn html(made: &Made) -> Vec<Page> {
    pages(&made.report, &made.digest).map(Result::unwrap).collect()
}

/// A golden file: the summary, and the digests of all pages and of the workbook.
fn golden(name: &str, made: &Made) {
    let summary = markdown(&made.report, &made.digest);
    golden::shown(name, "report.json", &made.json);
    golden::shown(name, "report.md", &summary);
    let mut found = summary;
    for page in html(made) {
        golden::shown(name, &page.name, &page.html);
        found.push_str(&golden::line(&page.name, page.html.as_bytes()));
    }
    let book = workbook(&made.report, &made.digest).unwrap();
    found.push_str(&golden::line("report.xlsx", &book));
    golden::same(name, &found);
}

#[test]
fn a_quarter() {
    golden("quarter", whole());
}

#[test]
fn an_empty_period() {
    let made = quarter::report(Events::new(), State::Pass, &ALL, "");
    for control in &made.report.controls {
        let items: u64 = control.counts.values().sum();
        assert!(control.state != State::Pass || items > 0, "{} passes without items", control.id);
    }
    let page = &html(&made)[0].html;
    assert!(page.contains("No deployment reached production in the period."));
    golden("empty-period", &made);
}

#[test]
fn a_failed_integrity_is_on_every_page() {
    let made = quarter::report(quarter::events(1, 3), State::Fail, &ALL, "Example AG");
    for page in html(&made) {
        assert!(
            page.html.contains("Results not reliable: integrity does not hold"),
            "{}",
            page.name
        );
        assert!(page.html.contains("@top-right{content:\"Results not reliable"), "{}", page.name);
    }
    golden("failed-integrity", &made);
}

fn deployments(count: usize, name: impl Fn(usize) -> String) -> Events {
    let mut events = Events::new();
    let system = json!({"type": "system.registered", "at": "2026-01-01T00:00:00Z", "by": "@olga",
        "subject": {"system": "shop"}, "data": {"state": "active", "tier": "1", "owner": "@olga",
        "entitlement_owners": ["@olga"], "environments": [{"name": "production", "class": "production"}],
        "regimes": ["sox"], "regions": ["eu"], "services": ["payments"]}});
    events.insert("system".to_owned(), system);
    for number in 0..count {
        let at = format!("2026-0{}-{:02}T10:00:00Z", 7 + number % 3, 1 + number % 28);
        let start = json!({"type": "deployment.started", "at": at, "by": "@ci", "kind": "service",
            "behalf": "@eve", "subject": {"deployment": name(number), "service": "payments", "environment": "production"},
            "data": {"artifact": format!("#a-{number}"), "initiator": "@eve", "strategy": "rolling", "class": "normal"}});
        events.insert(format!("start {number:06}"), start);
    }
    events
}

#[test]
fn a_control_with_no_occurrence() {
    let made = quarter::report(deployments(1, |_| "d-1".to_owned()), State::Pass, &["sox"], "");
    let none = made.report.controls.iter().filter(|c| c.state == State::NoOccurrence).count();
    assert!(none > 0);
    golden("no-occurrence", &made);
}

#[test]
fn ten_thousand_exceptions_stay_small() {
    let made = quarter::report(deployments(1500, |n| format!("d-{n}")), State::Pass, &["sox"], "");
    let rows = made.report.dataset("P14").unwrap().about.rows;
    assert!(rows >= 10_000, "{rows}");
    let all = html(&made);
    for page in &all {
        assert!(page.html.len() < 10_000_000, "{} has {} bytes", page.name, page.html.len());
    }
    assert!(all[0].html.len() < 5_000_000, "{}", all[0].html.len());
    let shown: usize = all.iter().filter(|page| page.name.contains("P14")).count();
    assert_eq!(shown as u64, rows.div_ceil(2000));
    golden("ten-thousand-exceptions", &made);
}

#[test]
fn an_erased_person() {
    let mut events = quarter::events(1, 0);
    // somebody who stands in many tables
    let before = quarter::report(events.clone(), State::Pass, &ALL, "Example AG");
    let tables = |who: &str| {
        let datasets = before.report.datasets.iter();
        let stands = |cell: &Cell| cell.text().contains(who);
        datasets.filter(|known| known.rows.iter().flatten().any(stands)).count()
    };
    let persons = Earlier::read(before.json.as_bytes()).unwrap().persons();
    let persons = persons.iter().map(ToString::to_string);
    let who = persons.max_by_key(|who| (tables(who), who.clone())).unwrap();
    assert!(tables(&who) > 2, "{}", tables(&who));
    let erased = json!({"type": "person.erased", "at": "2026-09-01T10:00:00Z", "by": "@dpo",
        "data": {"approvers": ["@dpo", "@legal"], "basis": "gdpr-17", "pseudonym": who,
        "classes": [{"class": "identity", "decision": "erase"}]}});
    events.insert("erased".to_owned(), erased);
    let made = quarter::report(events, State::Pass, &ALL, "Example AG");
    let rows = made.facts.person_erased.all();
    let entry = rows.iter().find(|row| row.pseudonym.to_string() == who).unwrap().at.index;
    let beside = format!("(erased by entry {entry})");
    let shown = html(&made);
    let files = made.report.datasets.iter().map(Dataset::to_csv);
    let runs = (0..made.report.populations.len())
        .filter_map(|number| made.report.items(&made.evaluation, number))
        .map(|items| items.to_csv());
    let book = strings(&workbook(&made.report, &made.digest).unwrap());
    let summary = markdown(&made.report, &made.digest);
    let whole: Vec<String> = files.chain(runs).chain([made.json.clone(), book, summary]).collect();
    for text in &whole {
        for (at, _) in text.match_indices(&who) {
            let rest = &text[at + who.len()..];
            assert!(rest.starts_with(&format!(" {beside}")), "{}", &rest[..40]);
        }
    }
    for page in &shown {
        // short or whole, the entry stands beside the pseudonym
        let text = page.html.replace(&format!("title=\"{who} {beside}\""), "");
        let short = format!("<code >{}</code>", &who[..8]);
        for name in [who.as_str(), short.as_str()] {
            for (at, _) in text.match_indices(name) {
                let rest = &text[at + name.len()..];
                assert!(rest.starts_with(&format!(" {beside}")), "{}: {}", page.name, &rest[..60]);
            }
        }
    }
    assert!(shown[0].html.matches(&beside).count() > 2);
    golden("erased-person", &made);
}

/// The texts of a workbook, as its archive has them (ECMA-376: `xl/sharedStrings.xml`).
fn strings(book: &[u8]) -> String {
    let name = b"xl/sharedStrings.xml";
    let at = book.windows(name.len()).position(|window| window == name).unwrap();
    let extra = usize::from(u16::from_le_bytes([book[at - 2], book[at - 1]]));
    let mut text = String::new();
    let packed = &book[at + name.len() + extra..];
    std::io::Read::read_to_string(&mut flate2::read::DeflateDecoder::new(packed), &mut text)
        .unwrap();
    text
}

/// A correction stands in the place of the first, and says what is different.
#[test]
fn a_superseded_report() {
    let first = quarter::report(deployments(2, |n| format!("d-{n}")), State::Pass, &["sox"], "");
    let earlier = Earlier::read(first.json.as_bytes()).unwrap();
    let same = first.report.clone().superseding(&earlier).unwrap_err();
    assert_eq!(same.code(), "report-same");
    let made = quarter::report(deployments(3, |n| format!("d-{n}")), State::Pass, &["sox"], "");
    let other = quarter::report(Events::new(), State::Pass, &["sox"], "").report;
    let mut elsewhere = other;
    elsewhere.front.origin = "example.com/elsewhere".to_owned();
    assert_eq!(elsewhere.superseding(&earlier).unwrap_err().code(), "report-other");
    let id = made.report.front.id.clone();
    let report = made.report.superseding(&earlier).unwrap();
    assert_ne!(report.front.id, id, "it is another report than the same one without a past");
    let known = report.front.supersedes.as_ref().unwrap();
    assert_eq!(known.digest, first.digest);
    let table = report.dataset("H02").unwrap();
    let listed = |id: &str| table.rows.iter().any(|row| row[1].text() == id);
    assert!(listed("P03") && listed("SOX-CM-01") && listed("size"));
    assert!(!listed("P01"), "the systems are the same in both");
    let json = format!("{}\n", report.document().to_canonical());
    let digest = Sha256::of(json.as_bytes()).to_reference();
    golden("superseded", &Made { report, digest, json, ..made });
}

/// A regulator sees names of one report alone; all tables tie with what they show.
#[test]
fn a_regulator_follows_nobody_from_report_to_report() {
    let auditor = whole();
    let asked = |size: &str| Asked {
        level: Some(Level::Regulator),
        entity: size.to_owned(),
        ..Asked::default()
    };
    let told = |entity: &str| {
        let (facts, evaluation) = (&auditor.facts, &auditor.evaluation);
        Report::of(evaluation, facts, &asked(entity), Vec::new())
    };
    let (one, two) = (told("one"), told("two"));
    let read =
        |report: &Report| Earlier::read(report.document().to_canonical().as_bytes()).unwrap();
    assert!(!Earlier::read(auditor.json.as_bytes()).unwrap().persons().is_empty());
    assert_eq!(read(&one).persons().len(), 0);
    for (number, about) in one.populations.iter().enumerate() {
        let dataset = one.items(&auditor.evaluation, number).unwrap();
        assert_eq!(dataset.about, *about);
        assert_eq!(Sha256::of(dataset.to_csv().as_bytes()), about.digest);
    }
    let owners = |report: &Report| {
        let rows = &report.dataset("P01").unwrap().rows;
        rows.iter()
            .flatten()
            .filter(|cell| cell.text().starts_with("p-"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert!(!owners(&one).is_empty());
    assert_ne!(owners(&one), owners(&two));
}

fn brief(made: &Made, matter: &Matter<'_>) -> Brief {
    let asked = golden::asked(matter.word());
    Brief::of(&made.evaluation, &made.facts, &asked, matter).unwrap()
}

/// One matter each: its tables tie, and it has a golden file.
#[test]
fn briefs_of_one_matter() {
    let made = whole();
    for matter in [Matter::Conflicts, Matter::Exceptions, Matter::Freeze] {
        let one = brief(made, &matter);
        for dataset in &one.report.datasets {
            let about = &dataset.about;
            let counted: u64 = about.counts.values().sum();
            assert!(about.counts.is_empty() || counted == about.rows, "{}", about.id);
            let width = about.columns.len();
            assert!(dataset.rows.iter().all(|row| row.len() == width), "{}", about.id);
        }
        let named = one.report.sections.iter().flat_map(|page| &page.datasets);
        assert!(named.clone().all(|id| one.report.dataset(id).is_some()));
        assert!(one.state() == State::Fail, "{}: {:?}", one.kind, one.state());
        golden::brief(&one);
    }
    let empty = quarter::report(Events::new(), State::Pass, &["sox"], "");
    for matter in [Matter::Conflicts, Matter::Freeze] {
        let one = brief(&empty, &matter);
        for dataset in &one.report.datasets {
            let id = &*dataset.about.id;
            // the matrix, and the days of the period
            assert!(matches!(id, "D03" | "G07") || dataset.rows.is_empty(), "{id}");
        }
        assert_eq!(one.state(), State::Indeterminate, "completeness cannot be told");
    }
    for (matter, code) in
        [(Matter::Release("nothing"), "release-none"), (Matter::Train("nothing"), "train-none")]
    {
        let asked = Asked::default();
        let error = Brief::of(&made.evaluation, &made.facts, &asked, &matter).unwrap_err();
        assert_eq!(error.code(), code);
    }
}

/// What ids may hold is narrow; what the one who asks may write is not.
#[test]
fn hostile_text_is_text() {
    let name = "</title><script>alert(1)</script>\u{202e}\u{2066}=HYPERLINK(\"x\") \u{1f680} `rm` |a|\"; } body{display:none} ";
    let entity = format!("{name}{}", "W".repeat(10_000));
    let made =
        quarter::report(deployments(3, |n| format!("d-{n}")), State::Pass, &["sox"], &entity);
    for page in html(&made) {
        assert!(!page.html.contains("<script>alert"));
        assert!(!page.html.contains('\u{202e}') && !page.html.contains('\u{2066}'));
        let style = page.html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        assert!(!style.contains("body{display:none}"));
        assert!(!page.html.contains(&"W".repeat(700)));
        assert_eq!(page.html.matches("<script>").count(), 1);
        assert_eq!(page.html.matches("</style>").count(), 1);
    }
    let summary = markdown(&made.report, &made.digest);
    assert!(!summary.contains("<script>") && !summary.contains('\u{202e}'));
    golden("hostile-text", &made);
}

/// Words that an auditor does not want to read from a tool.
#[test]
fn nothing_is_promised() {
    let made = whole();
    let summary = markdown(&made.report, &made.digest);
    for text in html(made).iter().map(|page| &page.html).chain([&summary, &made.json]) {
        let text = text.to_lowercase();
        for word in ["compliant", "tamper-proof", "immutable", "100 % secure", "guarantee"] {
            assert!(
                !text.contains(word),
                "`{word}`: {}",
                &text[text.find(word).unwrap() - 60..][..120]
            );
        }
    }
}

/// No link leads nowhere, and no id is there twice.
#[test]
fn links_lead_somewhere() {
    let made = whole();
    let all = html(made);
    let names: BTreeSet<&str> = all.iter().map(|page| page.name.as_str()).collect();
    let page = &all[0].html;
    let mut ids = BTreeSet::new();
    for part in page.split(" id=\"").skip(1) {
        let id = &part[..part.find('"').unwrap()];
        assert!(ids.insert(id), "`{id}` is there twice");
    }
    for part in page.split(" href=\"").skip(1) {
        let target = &part[..part.find('"').unwrap()];
        let known =
            target.strip_prefix('#').map_or_else(|| names.contains(target), |id| ids.contains(id));
        assert!(known, "`{target}`");
    }
    assert!(!page.contains("http://") && !page.contains("https://"), "it needs no network");
}
