//! Workload: one line of the list of what runs, in its normal form.

use crate::hash::Sha256;
use crate::json;

/// What runs.
pub(super) struct Workload {
    pub service: String,
    pub artifact: Sha256,
    pub config: Option<Sha256>,
}

/// Reads a list: canonical JSON, one object a line, as many as the event says. None if it is not that.
pub(super) fn read(bytes: &[u8], count: u64) -> Option<Vec<Workload>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let list: Vec<Workload> = text.lines().map(line).collect::<Option<_>>()?;
    let whole = text.is_empty() || text.ends_with('\n');
    (whole && list.len() as u64 == count).then_some(list)
}

fn line(text: &str) -> Option<Workload> {
    let value = json::read(text.as_bytes()).ok()?;
    if value.to_canonical() != text {
        return None;
    }
    let digest = |name: &str| Sha256::from_reference(value.get(name)?.as_text()?);
    let config = match value.get("config") {
        None => None,
        Some(_) => Some(digest("config")?),
    };
    Some(Workload {
        service: value.get("service")?.as_text()?.to_owned(),
        artifact: digest("artifact")?,
        config,
    })
}
