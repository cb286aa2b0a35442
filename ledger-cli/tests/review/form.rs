//! What travels to a reviewer and back, and what an auditor gets.

use ledger_core::review::form::Form;
use serde_json::{Value, json};

use crate::house::{House, code, value};

#[test]
fn a_form_comes_back_as_it_went_but_for_decisions() {
    let house = House::listed();
    house.opened("uar-1");
    let ada = house.pseudonym("ada");
    let annex = json!({"persons": [
        {"pseudonym": ada, "known": [{"issuer": "hr", "id": "ada", "name": "=cmd|' /C calc'!A0"}]},
    ]});
    house.world.write("names.json", annex.to_string());
    let mut form = house.form("uar-1", "mia", &["--names", "names.json"]);
    assert_eq!(form.rows.len(), 3);
    // what a spreadsheet would run has an apostrophe before it
    let named = form.rows.iter().filter(|row| row.cells[1] == "'=cmd|' /C calc'!A0");
    assert_eq!(named.count(), 2, "{form:?}");
    for row in &mut form.rows {
        row.decision = "revoke".to_owned();
        row.comment = "no longer needed \u{2014} <b>&amp;".to_owned();
    }
    let refused = |form: &Form, person: &str, expected: &str, row: &str| {
        let before = house.world.snapshot();
        let ended = house.back("uar-1", person, form);
        assert_eq!(code(&ended), expected, "{}", ended.stderr);
        assert!(ended.stderr.contains(row), "{}", ended.stderr);
        assert_eq!(house.world.snapshot(), before);
    };
    let (first, second) = (form.rows[0].item.clone(), form.rows[1].item.clone());
    let mut less = form.clone();
    less.rows.remove(0);
    refused(&less, "mia", "form-row-missing", &first);
    let mut more = form.clone();
    more.rows.push(more.rows[0].clone());
    refused(&more, "mia", "form-row-twice", &first);
    more.rows[3].item = "i-0123456789abcdef0123".to_owned();
    refused(&more, "mia", "form-row-added", "i-0123456789abcdef0123");
    let mut edited = form.clone();
    edited.rows[1].cells[4] = "reader only".to_owned();
    refused(&edited, "mia", "form-row-edited", &second);
    let mut swapped = form.clone();
    swapped.rows[0].item.clone_from(&second);
    swapped.rows[1].item.clone_from(&first);
    refused(&swapped, "mia", "form-row-edited", &second);
    let mut fewer = form.clone();
    fewer.items.pop();
    refused(&fewer, "mia", "form-changed", "head");
    let mut other = form.clone();
    other.population = format!("sha256:{}", "0".repeat(64));
    refused(&other, "mia", "form-population", "population");
    // the form is mia's: nobody else signs it
    refused(&form, "olga", "form-reviewer", "another reviewer");
    let mut word = form.clone();
    word.rows[2].decision = "keep".to_owned();
    refused(&word, "mia", "form-decision", &form.rows[2].item);
    // in another order it is the same form, under one signature
    let mut sorted = form.clone();
    sorted.rows.reverse();
    let said = house.back("uar-1", "mia", &sorted);
    assert_eq!(value(&said)["decided"], 3, "{}", said.stderr);
    assert_eq!(value(&said)["entries"].as_array().unwrap().len(), 1);
    // and again: nothing is recorded twice
    let size = house.world.size();
    house.world.write("back.json", form.to_json().to_canonical());
    let again = value(&house.import("uar-1", "mia", "back.json"));
    assert_eq!((&again["decided"], &again["known"]), (&json!(0), &json!(3)));
    assert_eq!(house.world.size(), size);
}

#[test]
fn a_form_is_a_workbook_a_page_or_its_document_and_nothing_else() {
    let house = House::listed();
    house.opened("uar-1");
    // what was exported opens as it is, and decides nothing
    house
        .world
        .run(&["review", "export", "uar-1", "--to", "z.xlsx", "--reviewer", "hr:zoe"])
        .good();
    assert_eq!(code(&house.import("uar-1", "zoe", "z.xlsx")), "decide-empty");
    let page =
        house.world.run(&["review", "export", "uar-1", "--to", "z.html", "--reviewer", "hr:zoe"]);
    page.good();
    let html = String::from_utf8(house.world.read("z.html")).unwrap();
    assert!(
        html.contains("ledger/review-form/v1") && html.contains("default-src 'none'"),
        "{html}"
    );
    for (bytes, expected) in [
        (&b"PK\x03\x04 and no more"[..], "workbook-form"),
        (b"", "json-empty"),
        (b"{}", "form-member"),
        (b"{\"format\":\"ledger/brief/v1\"}", "form-format"),
    ] {
        house.world.write("bad", bytes);
        let ended = house.import("uar-1", "zoe", "bad");
        assert_eq!((ended.status, code(&ended).as_str()), (2, expected));
    }
}

#[test]
fn a_review_is_exported_and_reported_and_outlives_an_erasure() {
    let house = House::listed();
    house.opened("uar-1");
    let id = |person, what| house.item("uar-1", person, what)["item"].as_str().unwrap().to_owned();
    let (ada, bob, reader) =
        (id(Some("ada"), "deployer"), id(Some("bob"), "deployer"), id(Some("ada"), "reader"));
    value(&house.decide("uar-1", "mia", &format!("item,decision,comment\n{bob},revoke,idle\n")));
    // ada is erased in the middle of it: her pseudonym stays, and what is decided about it counts
    house.world.run(&["key", "new", "officer.pem"]).good();
    let rights = ["--capability", "append:person.erased"];
    let begin =
        ["key", "register", "--key", "root.pem", "--new", "officer.pem", "--person", "hr:17"];
    house.world.run(&[&begin[..], &rights].concat()).good();
    house.world.run(&["vault", "absorb"]).good();
    let sign = ["--actor", "hr:17", "--approver", "hr:zoe", "--key", "officer.pem"];
    house
        .world
        .run(&[&["person", "erase", "hr:ada", "--basis", "gdpr-17-1-b"][..], &sign].concat())
        .good();
    let rows = format!("item,decision,comment\n{ada},revoke,gone\n{reader},certify,\n");
    let said = house.decide("uar-1", "mia", &rows);
    assert_eq!(value(&said)["decided"], 2, "{}", said.stderr);
    assert_eq!(house.scribe(&["close", "uar-1", "--default-action", "revoke"]).status, 1);
    // each form of the sheet has all items
    for format in ["csv", "xlsx", "html", "json"] {
        let file = format!("all.{format}");
        let args = ["review", "export", "uar-1", "--format", format, "--out", &file, "--json"];
        let said = house.world.run(&args);
        assert_eq!(value(&said)["rows"], 9, "{}", said.stderr);
    }
    let csv = String::from_utf8(house.world.read("all.csv")).unwrap();
    assert_eq!(csv.matches("\r\n").count(), 10, "{csv}");
    for word in
        ["hints", "recommendation", "first reviewer", "days to proof", "dormant", "undecided"]
    {
        assert!(csv.contains(word), "{word}: {csv}");
    }
    // what is to be taken away is told, and nothing takes it away
    let args = ["review", "export", "uar-1", "--deprovision", "--out", "gone.csv", "--json"];
    assert_eq!(value(&house.world.run(&args))["rows"], 2);
    let gone = String::from_utf8(house.world.read("gone.csv")).unwrap();
    let row = |person, id: &str| {
        let account = house.item("uar-1", Some(person), "deployer")["account"].clone();
        let (account, who) = (account.as_str().unwrap(), house.pseudonym(person));
        format!("revoke,shop,{account},deployer,,{who},{id}\r\n")
    };
    let mut rows = [row("ada", &ada), row("bob", &bob)];
    rows.sort();
    let head = "action,system,account,entitlement,scope,person,item\r\n";
    assert_eq!(gone, format!("{head}{}", rows.concat()));
    let report = house.world.run(&["review", "report", "uar-1", "--out", "uar", "--json"]);
    assert_eq!(report.status, 1, "{}", report.stderr);
    let brief: Value = serde_json::from_slice(&house.world.read("uar/report.json")).unwrap();
    let rows = |id: &str| {
        let all = brief["datasets"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap()["rows"].as_array().unwrap().len()
    };
    assert_eq!((rows("U01"), rows("U02"), rows("U09")), (9, 1, 2), "{brief}");
    let text = brief.to_string();
    assert!(text.contains("items-undecided"), "what T18 says of it: {text}");
    assert!(!text.contains("lovelace") && !text.contains("mia1"), "no account and no name");
    // the command that is printed makes the same bytes again
    let again = brief["front"]["command"].as_str().unwrap().replace("--out DIR", "--out uar2");
    assert!(again.starts_with("ledger report review uar-1 "), "{again}");
    let words: Vec<&str> = again.split(' ').skip(1).collect();
    assert_eq!(house.world.run(&words).status, 1);
    assert_eq!(house.world.read("uar/report.json"), house.world.read("uar2/report.json"));
}
