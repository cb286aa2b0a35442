//! The OpenAPI document (3.1), made from the table of endpoints: it cannot speak of others.

use std::collections::BTreeMap;

use ledger_core::json::Value;

use super::routes::{Access, ROUTES, Route};
use super::shapes;

/// The document.
pub(crate) fn document() -> Value {
    let mut paths: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let path = paths.entry(route.path.replace("{*", "{")).or_default();
        path.insert(route.method.word().to_owned(), operation(route));
    }
    let paths = paths.into_iter().map(|(path, verbs)| (path, Value::object(verbs)));
    let token = Value::object([
        ("description", Value::text("A token of `ledger token new`")),
        ("scheme", Value::text("bearer")),
        ("type", Value::text("http")),
    ]);
    let signature = Value::object([
        ("description", Value::text("The vendor's own header: a HMAC of the body, or the secret")),
        ("in", Value::text("header")),
        ("name", Value::text("x-hub-signature-256")),
        ("type", Value::text("apiKey")),
    ]);
    Value::object([
        (
            "components",
            Value::object([
                ("schemas", Value::object([("Error", shapes::error())])),
                ("securitySchemes", Value::object([("signature", signature), ("token", token)])),
            ]),
        ),
        (
            "info",
            Value::object([
                ("description", Value::text("An append-only ledger of software releases")),
                ("title", Value::text("ledger")),
                ("version", Value::text(env!("CARGO_PKG_VERSION"))),
            ]),
        ),
        ("openapi", Value::text("3.1.0")),
        ("paths", Value::object(paths)),
    ])
}

fn operation(route: &Route) -> Value {
    let mut members = vec![
        ("operationId", Value::text(named(route))),
        ("responses", responses(route)),
        ("summary", Value::text(route.summary)),
    ];
    let scopes = match route.access {
        Access::Public | Access::Signature => &[],
        Access::Token(scopes) | Access::Choice(scopes, _) => scopes,
    };
    let words = scopes.iter().map(|scope| Value::text(scope.word())).collect();
    let needed = Value::object([("token", Value::List(words))]);
    let open = Value::object::<&str>([]);
    members.push(match route.access {
        Access::Public => ("security", Value::List(Vec::new())),
        Access::Signature => {
            let none = Value::List(Vec::new());
            ("security", Value::List(vec![Value::object([("signature", none)])]))
        }
        Access::Token(_) => ("security", Value::List(vec![needed])),
        // the server may be told to open it
        Access::Choice(..) => ("security", Value::List(vec![needed, open])),
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        members.push(("parameters", Value::List(parameters)));
    }
    if !route.takes.is_empty() {
        let schema = |media| Value::object([("schema", shapes::body(route.endpoint, media))]);
        let content = route.takes.iter().map(|media| (*media, schema(media)));
        members.push((
            "requestBody",
            Value::object([("content", Value::object(content)), ("required", Value::Bool(true))]),
        ));
    }
    Value::object(members)
}

/// What code that is made from the document calls the endpoint.
fn named(route: &Route) -> String {
    let words = route.path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{}_{}", route.method.word(), words.join("_"))
}

fn parameters(route: &Route) -> Vec<Value> {
    let of_path = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*');
        Some(Value::object([
            ("in", Value::text("path")),
            ("name", Value::text(name)),
            ("required", Value::Bool(true)),
            ("schema", shapes::parameter(route.endpoint, name)),
        ]))
    });
    let of_query = route.query.iter().map(|(name, says)| {
        Value::object([
            ("description", Value::text(*says)),
            ("in", Value::text("query")),
            ("name", Value::text(*name)),
            ("schema", shapes::parameter(route.endpoint, name)),
        ])
    });
    of_path.chain(of_query).collect()
}

/// The good answers, and the refusals that any request may meet.
fn responses(route: &Route) -> Value {
    let mut all = BTreeMap::new();
    let refusal = |words: &str| {
        let content = Value::object([("schema", shapes::reference())]);
        Value::object([
            ("content", Value::object([("application/json", content)])),
            ("description", Value::text(words)),
        ])
    };
    let mut common = vec![400, 422];
    if route.access != Access::Public {
        common.extend([401, 403, 503]);
    }
    if route.path.contains('{') {
        common.push(404);
    }
    if !route.takes.is_empty() {
        common.extend([408, 411, 413, 415]);
    }
    for status in common.iter().chain(route.statuses) {
        let said = if *status < 300 {
            // what is kept and not imported yet is told in the words of a refusal
            let schema = match *status {
                202 => shapes::reference(),
                _ => shapes::answer(route.endpoint),
            };
            let content = Value::object([("schema", schema)]);
            Value::object([
                ("content", Value::object([(route.gives, content)])),
                ("description", Value::text(words(*status))),
            ])
        } else {
            refusal(words(*status))
        };
        all.insert(status.to_string(), said);
    }
    Value::object(all)
}

fn words(status: u16) -> &'static str {
    match status {
        200 => "Done, or there before",
        201 => "Durable",
        202 => "Kept, and imported when the ledger takes it",
        400 => "The request cannot be read",
        401 => "No token, or none that is valid",
        403 => "Refused by the ledger's laws, or the token is not for this",
        404 => "Not there, or not yet",
        408 => "The body did not arrive in time",
        409 => "A fork of a stream, or another original of an imported record",
        411 => "The length of the body is not said",
        413 => "The body is too large",
        415 => "The body is of another media type",
        422 => "A mistake in the input, in the words of the command line",
        _ => "It cannot be told now: try again after the seconds of `retry-after`",
    }
}
