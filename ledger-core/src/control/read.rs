//! Read: the files of `controls/` as they are written. Nothing unknown may stand in them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalogue::{
    Authority, Catalogue, Citation, Control, Frequency, Implementation, NotEvidenced, Strength,
};
use super::limit::Known;
use super::parse;
use crate::error::{Error, Result};
use crate::schema::words::Regime;

/// The built-in files of a framework.
const FRAMEWORKS: [(&str, &str); 3] = [
    ("controls/sox.toml", include_str!("../../../controls/sox.toml")),
    ("controls/hipaa.toml", include_str!("../../../controls/hipaa.toml")),
    ("controls/gdpr.toml", include_str!("../../../controls/gdpr.toml")),
];

impl Catalogue {
    /// The catalogue that is built in.
    pub fn shipped() -> Result<Self> {
        let limits = include_str!("../../../controls/parameters.toml");
        Self::read(&FRAMEWORKS, ("controls/parameters.toml", limits))
    }

    /// Reads frameworks and limits, each a file name and its text.
    ///
    /// Codes `control-file` (form), `control-twice`.
    pub fn read(frameworks: &[(&str, &str)], limits: (&str, &str)) -> Result<Self> {
        let written: Parameters = parse(limits.0, limits.1)?;
        let mut catalogue = Self { known: written.parameter, ..Self::default() };
        for (file, text) in frameworks {
            framework(&mut catalogue, file, text)?;
        }
        for (position, control) in catalogue.controls.iter().enumerate() {
            let id = &control.id;
            let mut before = catalogue.controls.iter().take(position);
            if before.any(|other| other.id == *id) {
                return Err(Error::refused(
                    "control-twice",
                    format!("control `{id}` stands twice"),
                ));
            }
        }
        Ok(catalogue)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Framework {
    #[serde(rename = "framework")]
    name: String,
    title: String,
    version: String,
    regime: String,
    authority: String,
    control: Vec<Written>,
    #[serde(default)]
    not_evidenced: Vec<Missing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Missing {
    r#ref: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    title: String,
    requirement: String,
    control: String,
    r#type: String,
    frequency: Frequency,
    key: bool,
    population: String,
    evidence: String,
    sampling: String,
    strength: Strength,
    tests: Vec<String>,
    #[serde(default)]
    exceptions: Vec<String>,
    attributes: Vec<String>,
    #[serde(default)]
    parameters: BTreeMap<String, BTreeMap<String, toml::Value>>,
    citation: Vec<Cited>,
    #[serde(default)]
    crosswalk: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cited {
    r#ref: String,
    via: Option<String>,
    implementation: Option<Implementation>,
}

/// Adds the controls of a framework.
fn framework(catalogue: &mut Catalogue, file: &str, text: &str) -> Result<()> {
    let read: Framework = parse(file, text)?;
    let regime = Regime::parse(&read.regime).ok_or_else(|| {
        Error::malformed("control-file", format!("`{}` is no regime", read.regime))
            .at(file)
            .hint(format!("one of `{}`", Regime::WORDS.join("`, `")))
    })?;
    catalogue.authorities.push(Authority {
        framework: read.name.clone(),
        title: read.title,
        version: read.version,
        regime,
        text: read.authority,
    });
    for written in read.control {
        catalogue.controls.push(control(&read.name, written, file)?);
    }
    catalogue.not_evidenced.extend(read.not_evidenced.into_iter().map(|missing| NotEvidenced {
        framework: read.name.clone(),
        reference: missing.r#ref,
        reason: missing.reason,
    }));
    Ok(())
}

fn control(framework: &str, written: Written, file: &str) -> Result<Control> {
    let place = format!("{file}, control {}", written.id);
    let wrong = |message: String| Error::malformed("control-file", message).at(&*place);
    let words = [
        ("type", &written.r#type, &["preventive", "detective", "both"][..]),
        ("sampling", &written.sampling, &["auto", "frequency", "point-in-time", "all"][..]),
        (
            "evidence",
            &written.evidence,
            &["EA-D", "EA-A", "EA-R", "EA-I", "EA-S", "EA-C", "IPE"][..],
        ),
    ];
    for (name, value, known) in words {
        if !known.contains(&value.as_str()) {
            return Err(wrong(format!(
                "`{value}` is no `{name}`; one of `{}`",
                known.join("`, `")
            )));
        }
    }
    if written.citation.is_empty() || written.tests.is_empty() {
        return Err(wrong("it has at least one citation and one test".to_owned()));
    }
    // where nothing is said, every test's exceptions count
    let counted =
        if written.exceptions.is_empty() { written.tests.clone() } else { written.exceptions };
    if let Some(stray) = counted.iter().find(|test| !written.tests.contains(test)) {
        return Err(wrong(format!("exceptions of {stray} count, but it is not among the tests")));
    }
    let limits = written.parameters.into_iter().flat_map(|(test, set)| {
        set.into_iter().map(move |(name, value)| (test.clone(), name, value))
    });
    Ok(Control {
        id: written.id,
        framework: framework.to_owned(),
        title: written.title,
        requirement: written.requirement,
        control: written.control,
        kind: written.r#type,
        frequency: written.frequency,
        key: written.key,
        population: written.population,
        evidence: written.evidence,
        attributes: written.attributes,
        sampling: written.sampling,
        strength: written.strength,
        tests: written.tests,
        counted,
        limits: limits.collect(),
        citations: written
            .citation
            .into_iter()
            .map(|cited| Citation {
                reference: cited.r#ref,
                via: cited.via,
                implementation: cited.implementation,
                strength: None,
            })
            .collect(),
        crosswalk: written.crosswalk.into_iter().collect(),
        guidance: Vec::new(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(rename = "version")]
    _version: String,
    parameter: Vec<Known>,
}
