//! What runs: `kubectl get pods,deployments -A -o json` and `docker inspect`, as `runtime.observed` with
//! the list of workloads.
//!
//! A row has `service`, `artifact` (the digest of the image that runs, where the runtime resolved it),
//! `image` as it was asked for, and `config`, the digest of what it was started with. A deployment
//! says what is wanted, not what runs: its row has `declared`.

use ledger_core::json::Value;

use super::access::{Row, documents, listed, other};
use super::audit::{digest, digest_of};
use super::draft::artifact;
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "runtime",
    reads: "kubectl get pods,deployments -A -o json; docker inspect; given: environment, region, taken_at, complete",
    version: 2,
    framing: Framing::Whole,
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let pages = documents(record.bytes)?;
    let values = pages.iter().map(|page| json::read(page)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    // a list of kubectl is whole unless it says how to go on
    let mut complete = values.iter().all(|value| value.get("kind").is_some()).then_some(true);
    let mut pods = false;
    for value in &values {
        let listed = value.get("kind").text().is_some_and(|kind| kind.ends_with("List"));
        let meta = value.get("metadata");
        if meta.get("continue").text().is_some() || meta.get("remainingItemCount").is_some() {
            complete = Some(false);
        }
        let items: Vec<&Json<'_>> = match value {
            Json::List(list) => list.iter().collect(),
            object if listed => object.get("items").items().iter().collect(),
            object => vec![object],
        };
        for item in items {
            let kind = item.get("kind").text().unwrap_or_default();
            pods |= kind == "Pod";
            match kind {
                "Pod" => rows.extend(pod(item)),
                "Deployment" | "StatefulSet" | "DaemonSet" => rows.extend(declared(item)),
                "" if item.at("Config.Image").text().is_some() => rows.push(container(item)),
                _ => return Ok(other(SOURCE.name, "unknown", record)),
            }
        }
    }
    let given = record.given;
    let said = given.get("complete") == Some("yes");
    let complete = complete.map_or(said, |listed| listed && (pods || said));
    let when = given.get("taken_at").and_then(|at| When::read(&Json::Text(at.into())));
    let when = when.unwrap_or_else(|| When::received(record.received));
    let environment = given.get("environment");
    let id = format!("{} {}", environment.unwrap_or("-"), given.identity(record.bytes));
    let query = given.get("query").map(|query| digest_of(query.as_bytes()));
    Ok(vec![
        Draft::new("runtime.observed", &digest_of(id.as_bytes()), when.clone())
            .subject("environment", environment)
            .time("taken_at", Some(&when))
            .id("collector", Some(given.get("collector").unwrap_or(SOURCE.name)))
            .id("region", given.get("region"))
            .id("query_digest", query.as_deref())
            .set("complete", Some(Value::Bool(complete)))
            .attach(listed("workloads", rows)?),
    ])
}

fn service<'v>(item: &'v Json<'_>) -> Option<&'v str> {
    let labels = item.get("metadata").get("labels");
    let label = ["app.kubernetes.io/name", "app", "k8s-app"];
    let label = label.iter().find_map(|name| labels.get(name).text());
    label.or_else(|| item.at("metadata.name").text())
}

/// A row for each container of a pod that has not ended.
fn pod(item: &Json<'_>) -> Vec<Row> {
    if matches!(item.at("status.phase").text(), Some("Succeeded" | "Failed")) {
        return Vec::new();
    }
    let statuses = item.at("status.containerStatuses").items();
    let row = |container: &Json<'_>| {
        let name = container.get("name").text();
        let status = statuses.iter().find(|status| status.get("name").text() == name);
        let resolved = status.and_then(|status| artifact(status.get("imageID").text()));
        let restarted = status.and_then(|status| status.get("restartCount").count());
        base(item, container)
            .text("artifact", resolved.as_deref())
            .text("pod", item.at("metadata.name").text())
            .text("config", Some(&digest(container)))
            .flag("restarted", restarted.map(|count| count > 0))
    };
    item.at("spec.containers").items().iter().map(row).collect()
}

fn declared(item: &Json<'_>) -> Vec<Row> {
    let containers = item.at("spec.template.spec.containers").items();
    let row = |container: &Json<'_>| {
        base(item, container)
            .text("artifact", artifact(container.get("image").text()).as_deref())
            .text("config", Some(&digest(container)))
            .flag("declared", Some(true))
    };
    containers.iter().map(row).collect()
}

fn base(item: &Json<'_>, container: &Json<'_>) -> Row {
    Row::default()
        .text("service", service(item))
        .text("namespace", item.at("metadata.namespace").text())
        .text("container", container.get("name").text())
        .text("image", container.get("image").text())
}

/// The id of an image is not the digest that a registry knows it by; only its name may have that.
fn container(item: &Json<'_>) -> Row {
    let image = item.at("Config.Image").text();
    let labels = item.get("Config").get("Labels");
    let name = item.get("Name").text().map(|name| name.trim_start_matches('/'));
    Row::default()
        .text("service", labels.get("com.docker.compose.service").text().or(name))
        .text("container", name)
        .text("image", image)
        .text("image_id", item.get("Image").text())
        .text("artifact", artifact(image).as_deref())
        .text("config", Some(&digest(item.get("Config"))))
        .flag("running", item.at("State.Running").truth())
}
