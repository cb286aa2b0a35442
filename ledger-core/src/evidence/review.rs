//! Review: the reports of access reviews in a package, each in a folder of its own beside the report of the
//! period.
//!
//! Spec page: `spec/evidence.md`. Of a population each is made once more; of a sample it is attested.

use std::collections::BTreeMap;

use super::layer::{Bench, Layer};
use super::told::{self, list, text};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::{self, Value};

/// The layer.
pub const NAME: &str = "reviews";
/// Where they stand in a package.
pub const FOLDER: &str = "report/reviews/";
/// The document of a report, in its folder.
const DOCUMENT: &str = "report.json";

/// The report of a review.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Its id, which names its folder in a package.
    pub id: String,
    /// The review.
    pub campaign: String,
    /// The ledger.
    pub origin: String,
    document: Value,
}

impl Brief {
    /// Reads its document; codes `evidence-review` (it is none of a review), and those of JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let wrong = || {
            Error::malformed("evidence-review", "this is no report of an access review")
                .hint("take the folder that `ledger review report` made")
        };
        let line = bytes.strip_suffix(b"\n").ok_or_else(wrong)?;
        let document = json::read_document(line)?;
        let word = |path: &[&str]| text(&document, path).to_owned();
        let id = word(&["front", "id"]);
        let named = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let known = word(&["format"]) == "ledger/brief/v1" && word(&["kind"]) == "review";
        if !known || !named || document.to_canonical().as_bytes() != line {
            return Err(wrong());
        }
        let (campaign, origin) = (word(&["subject"]), word(&["front", "ledger", "origin"]));
        Ok(Self { id, campaign, origin, document })
    }

    /// The member of a file of its folder.
    pub fn member(&self, file: &str) -> String {
        format!("{FOLDER}{}/{file}", self.id)
    }
}

/// Whether a member is the document of a review's report.
pub(super) fn is_document(name: &str) -> bool {
    let rest = name.strip_prefix(FOLDER).and_then(|rest| rest.strip_suffix(DOCUMENT));
    rest.and_then(|rest| rest.strip_suffix('/')).is_some_and(|id| !id.contains('/'))
}

/// Makes a member once more.
pub(super) type Performer<'p> = dyn FnMut(&mut Bench, &str, &[u8]) + 'p;

/// Is each of this ledger, in its own folder, and do its counts and files tie? Of a population, does it come
/// out of the entries once more? None where there is no review; `members` are all that the package has.
pub(super) fn reviews<'m>(
    members: impl Iterator<Item = (&'m str, Sha256)>,
    documents: &BTreeMap<String, Vec<u8>>,
    origin: &str,
    mut perform: Option<&mut Performer<'_>>,
) -> Option<Layer> {
    let own: BTreeMap<&str, Sha256> =
        members.filter(|(name, _)| name.starts_with(FOLDER)).collect();
    if own.is_empty() {
        return None;
    }
    let mut bench = Bench::default();
    let (mut campaigns, mut known) = (Vec::new(), Vec::new());
    for (name, bytes) in documents {
        let Some(brief) = bench.hold(name, Brief::parse(bytes)) else { continue };
        let here = brief.member(DOCUMENT) == *name;
        bench.demand(here, name, "evidence-review", "the folder is that of another report");
        let ledger = brief.origin == origin;
        bench.demand(ledger, name, "evidence-ledger", "the report is of another ledger");
        for about in list(&brief.document, &["datasets"]) {
            let place = format!("{name}: {}", text(about, &["id"]));
            let ties = told::ties(about);
            bench.demand(ties, &place, "evidence-counts", "the counts of the table do not tie");
            let file = brief.member(text(about, &["file"]));
            let same = own
                .get(file.as_str())
                .is_none_or(|digest| digest.to_reference() == text(about, &["digest"]));
            let message = "the file is not the one that the report names";
            bench.demand(same, &file, "evidence-digest", message);
        }
        if let Some(perform) = &mut perform {
            perform(&mut bench, name, bytes);
        }
        known.push(brief.member(""));
        campaigns.push(brief.campaign);
    }
    let stray = own.keys().find(|name| !known.iter().any(|folder| name.starts_with(folder)));
    let stray = stray.copied().unwrap_or_default();
    let message = "no report of a review is in its folder";
    bench.demand(stray.is_empty(), stray, "evidence-member", message);
    let how = match perform {
        Some(_) => "made once more from the entries",
        None => "attested, not re-performed",
    };
    Some(bench.layer(NAME, format!("{}: {how}", campaigns.join(", "))))
}

/// The documents of reviews among members that are at hand.
pub(super) fn documents(all: &super::zip::Members<'_>) -> BTreeMap<String, Vec<u8>> {
    let own = all.iter().filter(|(name, _)| is_document(name));
    own.map(|(name, bytes)| (name.clone(), bytes.to_vec())).collect()
}
