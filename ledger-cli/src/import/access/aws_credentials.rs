//! The credential report of AWS IAM: a CSV of 22 columns, one row for each user and the root account.
//!
//! The report always lists all users. It has no time and no account id: the account stands in the
//! ARNs, the time must be given. It says nothing about roles and policies.

use super::super::csv::Table;
use super::super::json::Json;
use super::super::split::Framing;
use super::super::time::When;
use super::super::{Draft, Person, Reason, Record, Source};
use super::{Row, Snapshot, truth};

pub(in super::super) const SOURCE: Source = Source {
    name: "aws-credential-report",
    reads: "AWS IAM credential reports (CSV); given: taken_at",
    version: 2,
    framing: Framing::Whole,
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let table = Table::read(record.bytes)?;
    for name in ["user", "arn", "password_enabled", "mfa_active", "access_key_1_active"] {
        if !table.has(name) {
            let message = format!("the report has no column `{name}`");
            return Err(Reason::new("report-columns", message));
        }
    }
    let mut account = None;
    let mut rows = Vec::with_capacity(table.rows.len());
    for cells in &table.rows {
        let cell = |name: &str| table.cell(cells, name);
        let (Some(user), Some(arn)) = (cell("user"), cell("arn")) else {
            return Err(Reason::new("report-row", "a row has no user or no ARN"));
        };
        let mut parts = arn.split(':').skip(1);
        let partition = parts.next().filter(|part| !part.is_empty()).unwrap_or("aws");
        account = account.or_else(|| arn.split(':').nth(4).map(str::to_owned));
        rows.push(row(user, arn, partition, &cell));
    }
    let system = format!("aws/{}", account.as_deref().unwrap_or("unknown"));
    let mut snapshot = Snapshot::new(&system, rows.len(), rows);
    snapshot.complete = Some(true);
    snapshot.drafts(SOURCE.name, record)
}

fn row<'a>(user: &str, arn: &str, issuer: &str, cell: &dyn Fn(&str) -> Option<&'a str>) -> Row {
    let root = user == "<root_account>";
    let flag = |name: &str| cell(name).and_then(truth);
    let time = |name: &str| cell(name).and_then(|text| When::read(&Json::Text(text.into())));
    let keys = ["access_key_1", "access_key_2"];
    let active: Vec<&str> =
        keys.into_iter().filter(|key| flag(&format!("{key}_active")) == Some(true)).collect();
    let used = keys.iter().filter_map(|key| time(&format!("{key}_last_used_date")));
    let used = used.chain(time("password_last_used")).max_by_key(|when| when.at);
    let rotated = active.iter().filter_map(|key| time(&format!("{key}_last_rotated")));
    let rotated = rotated.min_by_key(|when| when.at);
    // the password of the root account is `not_supported` in older reports: then this is not known
    let enabled = match (flag("password_enabled"), active.is_empty()) {
        (Some(true), _) | (_, false) => Some(true),
        (password, true) => password,
    };
    Row::new(user)
        .person(Person::new(issuer, Some(arn)).map(|person| person.named(Some(user))).as_ref())
        .flag("enabled", enabled)
        .time("created_at", time("user_creation_time").as_ref())
        .time("last_login", time("password_last_used").as_ref())
        .time("last_used", used.as_ref())
        .time("key_rotated_at", rotated.as_ref())
        .flag("mfa", flag("mfa_active"))
        .text("entitlement", root.then_some("root"))
        .flag("privileged", root.then_some(true))
}
