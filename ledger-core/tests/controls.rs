//! The catalogue, its layers, and the limits of tests: what is written agrees with what is run.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::check;
use ledger_core::control::{Catalogue, Implementation, Layer, Resolved};
use ledger_core::error::Error;
use ledger_core::time::Timestamp;

fn time(day: &str) -> Timestamp {
    Timestamp::parse(format!("{day}T00:00:00.000000Z").as_bytes()).unwrap()
}

fn resolved(layers: &[Layer]) -> Result<Resolved, Error> {
    Resolved::at(Catalogue::shipped().unwrap(), layers, time("2026-07-01"))
}

fn layer(text: &str) -> Layer {
    let head = "id = \"acme\"\ntitle = \"a company\"\nversion = \"1\"\nkind = \"company\"\nvalid_from = \"2026-01-01\"\n";
    Layer::read("acme.toml", &format!("{head}{text}")).unwrap()
}

#[test]
fn the_catalogue_is_whole() {
    let catalogue = Catalogue::shipped().unwrap();
    let mut counts = BTreeMap::new();
    for control in &catalogue.controls {
        *counts.entry(control.framework.as_str()).or_insert(0) += 1;
        // framework-derived citations say through what; direct ones name a provision
        for citation in &control.citations {
            let derived = citation.reference == "SOX §404";
            assert_eq!(
                derived,
                citation.via.is_some() && derived,
                "{}: {}",
                control.id,
                citation.reference
            );
            assert_eq!(
                control.framework == "hipaa",
                citation.implementation.is_some(),
                "{}",
                control.id
            );
        }
        let addressable =
            control.citations.iter().any(|c| c.implementation == Some(Implementation::Addressable));
        let decided =
            control.limits.iter().any(|(test, name, _)| test == "T24" && name == "addressable");
        assert_eq!(addressable, decided, "{}", control.id);
    }
    assert_eq!(counts, BTreeMap::from([("gdpr", 16), ("hipaa", 20), ("sox", 24)]));
    assert!(catalogue.authorities.iter().all(|authority| !authority.text.is_empty()));
    assert!(catalogue.not_evidenced.iter().all(|missing| !missing.reason.is_empty()));
}

/// What is addressable is decided for each citation of the control, not for some.
#[test]
fn addressable_citations_of_a_control_are_those_that_must_be_decided() {
    let resolved = resolved(&[]).unwrap();
    let document = check::find("T24").unwrap();
    let known = document.parameters.iter().find(|known| known.name == "citations").unwrap();
    let control = |id: &str| Catalogue::shipped().unwrap().control(id).unwrap().clone();
    let of = |id: &str| resolved.parameters(&control(id), document).unwrap().ids(known);
    assert_eq!(of("HIPAA-AD-03"), ["164.308-a-3-ii-A", "164.308-a-4-ii-B"]);
    assert!(of("SOX-PD-01").is_empty());
    for control in Catalogue::shipped().unwrap().controls {
        let count = control
            .citations
            .iter()
            .filter(|c| c.implementation == Some(Implementation::Addressable))
            .count();
        assert_eq!(of(&control.id).len(), count, "{}", control.id);
    }
}

/// A limit that is written and not run, or run and not written, is an error.
#[test]
fn limits_are_written_as_they_are_run() {
    let catalogue = Catalogue::shipped().unwrap();
    let resolved = resolved(&[]).unwrap();
    let mut wrong = Vec::new();
    for test in check::all() {
        let written: BTreeSet<&str> = catalogue
            .known
            .iter()
            .filter(|known| known.test == test.id)
            .map(|known| known.name.as_str())
            .collect();
        let run: BTreeSet<&str> = test.parameters.iter().map(|known| known.name).collect();
        if written != run {
            wrong.push(format!("{}: written {written:?}, run {run:?}", test.id));
            continue;
        }
        let control =
            catalogue.controls.iter().find(|control| control.tests.iter().any(|id| id == test.id));
        let mut plain = control.unwrap().clone();
        plain.limits.clear();
        let parameters = resolved.parameters(&plain, test).unwrap();
        for known in test.parameters {
            let (written, run) = (parameters.get(known), (known.default)());
            if written != run {
                wrong.push(format!("{}.{}: written {written:?}, run {run:?}", test.id, known.name));
            }
        }
    }
    for control in &catalogue.controls {
        for test in check::all().filter(|test| control.tests.iter().any(|id| id == test.id)) {
            if let Err(error) = resolved.parameters(control, test) {
                wrong.push(format!("{}: {error} {:?}", control.id, error.place()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn layers_select_and_tighten() {
    let plain = resolved(&[]).unwrap();
    let shipped = Layer::shipped().unwrap();
    let all = resolved(&shipped).unwrap();
    assert_eq!(all.layers.len(), 4);
    assert_ne!(plain.digest(), all.digest());
    // the same layers, the same digest; a layer that does not count yet changes nothing
    assert_eq!(all.digest(), resolved(&Layer::shipped().unwrap()).unwrap().digest());
    let late = Layer { valid_from: time("2027-01-01"), ..layer("") };
    assert_eq!(plain.digest(), resolved(&[late]).unwrap().digest());

    let strict = layer(
        "[[set]]\nparameter = \"T01.min_approvals\"\nvalue = 2\nbasis = \"company-policy\"\n[[exclude]]\ncontrol = \"SOX-CM-08\"\nreason = \"no freezes\"\napprover = \"board\"\n[[guide]]\ncontrol = \"SOX-CM-01\"\ntext = \"see the manual\"\n",
    );
    let tight = resolved(&[strict]).unwrap();
    let frameworks = ["sox".to_owned()];
    assert_eq!(tight.controls(&frameworks).count(), 23);
    assert_eq!(tight.tailored[0].reason, "no freezes");
    let control = tight.catalogue.control("SOX-CM-01").unwrap();
    assert_eq!(control.guidance, ["see the manual"]);
    let test = check::find("T01").unwrap();
    let known = test.parameters.iter().find(|known| known.name == "min_approvals").unwrap();
    assert_eq!(tight.parameters(control, test).unwrap().count(known), 2);
}

/// The vectors: a layer on top of the catalogue, without any other.
#[test]
fn layers_are_read_as_the_vectors_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/control");
    let mut told = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (header, body) = text.split_once("\n\n").unwrap();
        let expect = header.lines().next().unwrap().strip_prefix("expect: ").unwrap();
        let outcome = Layer::read("layer.toml", body).and_then(|layer| resolved(&[layer]));
        let outcome = match outcome {
            Ok(_) => "accept".to_owned(),
            Err(error) => {
                assert!(error.place().unwrap().contains("layer.toml"), "{}", path.display());
                format!("refuse {}", error.code())
            }
        };
        assert_eq!(outcome, expect, "{}", path.display());
        told.insert(outcome);
    }
    assert!(told.len() > 5, "{told:?}");
}

#[test]
fn a_wrong_file_says_where() {
    let error = Layer::read("x.toml", "id = \"a\"\ntitle = \"t\"\ncolour = 1\n").unwrap_err();
    assert_eq!((error.code(), error.place()), ("control-file", Some("x.toml:3")));
}
