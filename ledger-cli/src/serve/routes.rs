//! The table of all endpoints: the router, who may ask, and the OpenAPI document are made from it.

use crate::tokens::Scope;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody: it says nothing about what is in the ledger.
    Public,
    /// Whoever shows a token with one of these scopes.
    Token(&'static [Scope]),
    /// Whoever signs the body, or knows the secret, as the vendor does it: checked before it is read.
    Signature,
    /// As [`Access::Token`]; everybody, where the server is told so with `--public`.
    Choice(&'static [Scope], Choice),
}

/// What `--public` may open to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Choice {
    /// The newest checkpoint.
    Checkpoint,
    /// The C2SP log: tiles of hashes, and entries in bundles, with pseudonyms in them.
    Tiles,
}

/// One endpoint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) endpoint: Endpoint,
    pub(super) method: Verb,
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// What it does, in a sentence.
    pub(super) summary: &'static str,
    /// Its parameters in the query: name, and what it says.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// Media types of its body; empty without one.
    pub(super) takes: &'static [&'static str],
    /// The media type of a good answer.
    pub(super) gives: &'static str,
    /// Statuses of a good answer, and of those beside the common ones.
    pub(super) statuses: &'static [u16],
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Attachment,
    Checkpoint,
    CloudEvents,
    Dossier,
    Entries,
    Entry,
    Events,
    Gate,
    Health,
    Ledger,
    Metrics,
    Obligations,
    OpenApi,
    Proof,
    Query,
    Tile,
    Consistency,
    Ready,
    Request,
    Webhook,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
}

impl Verb {
    /// Its word in lower case.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
        }
    }
}

const APPEND: &[Scope] = &[Scope::Append];
const READ: &[Scope] = &[Scope::Read];
/// What a producer must know to be a witness, and to carry a proof away.
const EITHER: &[Scope] = &[Scope::Append, Scope::Read];
const JSON: &str = "application/json";
const LINES: &str = "application/jsonl";
const TEXT: &str = "text/plain; charset=utf-8";

/// Every endpoint.
pub(super) const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint::Events,
        method: Verb::Post,
        path: "/v1/events",
        access: Access::Token(APPEND),
        summary: "Append signed events, one or one on each line: all of them or none",
        query: &[
            ("each", "1: each event for itself, one result for each"),
            ("dry_run", "1: what would be said to each event; nothing is written"),
            (
                "proof",
                "1: of one event, wait for the checkpoint that covers it, and give its proof",
            ),
        ],
        takes: &[JSON, LINES],
        gives: JSON,
        statuses: &[200, 201, 403, 409, 413, 422, 503],
    },
    Route {
        endpoint: Endpoint::Attachment,
        method: Verb::Put,
        path: "/v1/attachments/{digest}",
        access: Access::Token(APPEND),
        summary: "Bring an attachment, before the event that names it",
        query: &[],
        takes: &["application/octet-stream"],
        gives: JSON,
        statuses: &[201, 413, 422, 503],
    },
    Route {
        endpoint: Endpoint::Ledger,
        method: Verb::Get,
        path: "/v1/ledger",
        access: Access::Token(EITHER),
        summary: "Which ledger this is, how many entries it has, and its newest checkpoint",
        query: &[],
        takes: &[],
        gives: JSON,
        statuses: &[200],
    },
    Route {
        endpoint: Endpoint::Checkpoint,
        method: Verb::Get,
        path: "/v1/checkpoint",
        access: Access::Choice(EITHER, Choice::Checkpoint),
        summary: "The newest checkpoint, a C2SP signed note",
        query: &[],
        takes: &[],
        gives: TEXT,
        statuses: &[200, 404],
    },
    Route {
        endpoint: Endpoint::Proof,
        method: Verb::Get,
        path: "/v1/proof/{index}",
        access: Access::Token(EITHER),
        summary: "The C2SP tlog-proof of an entry under the newest checkpoint, with its line in it",
        query: &[("wait", "seconds to wait for the checkpoint that covers it, at most 30")],
        takes: &[],
        gives: TEXT,
        statuses: &[200, 404, 422],
    },
    Route {
        endpoint: Endpoint::Consistency,
        method: Verb::Get,
        path: "/v1/consistency/{old}",
        access: Access::Token(EITHER),
        summary: "That the newest checkpoint continues the tree of the first so many entries",
        query: &[],
        takes: &[],
        gives: TEXT,
        statuses: &[200, 404, 422],
    },
    Route {
        endpoint: Endpoint::Request,
        method: Verb::Get,
        path: "/v1/approval-request/{change}",
        access: Access::Token(READ),
        summary: "What is to be decided about a change, with all that the ledger says about it",
        query: &[
            ("artifact", "digest of the artifact"),
            ("environment", "where it may run"),
            ("config", "digest of the configuration"),
            ("service", "the service"),
        ],
        takes: &[],
        gives: JSON,
        statuses: &[200, 422],
    },
    Route {
        endpoint: Endpoint::CloudEvents,
        method: Verb::Post,
        path: "/v1/cloudevents",
        access: Access::Token(APPEND),
        summary: "Import CloudEvents 1.0: structured, a batch, or binary with `ce-` headers",
        query: &[("source", "`cdevents`, for CDEvents in them; else `cloudevents`")],
        takes: &["application/cloudevents+json", "application/cloudevents-batch+json", JSON],
        gives: JSON,
        statuses: &[200, 201, 202, 422, 503],
    },
    Route {
        endpoint: Endpoint::Webhook,
        method: Verb::Post,
        path: "/webhooks/{source}",
        access: Access::Signature,
        summary: "Import what another system sends, once its signature is found to hold",
        query: &[],
        takes: &[JSON],
        gives: JSON,
        statuses: &[200, 201, 202, 422, 503],
    },
    Route {
        endpoint: Endpoint::Entry,
        method: Verb::Get,
        path: "/v1/entries/{index}",
        access: Access::Token(READ),
        summary: "The line of an entry, exactly as it stands in the log",
        query: &[],
        takes: &[],
        gives: JSON,
        statuses: &[200, 404, 422],
    },
    Route {
        endpoint: Endpoint::Entries,
        method: Verb::Get,
        path: "/v1/entries",
        access: Access::Token(READ),
        summary: "Lines of entries, exactly as they stand in the log, one on each line",
        query: &[("from", "index of the first"), ("limit", "how many, at most 1000; else 100")],
        takes: &[],
        gives: LINES,
        statuses: &[200, 422],
    },
    Route {
        endpoint: Endpoint::Query,
        method: Verb::Get,
        path: "/v1/query",
        access: Access::Token(READ),
        summary: "Entries in short that fit, as `ledger log` lists them",
        query: &[
            ("type", "only events of this type"),
            ("subject", "only events about this, REFERENCE:ID"),
            ("person", "only events that name this person, by pseudonym"),
            ("since", "only events that occurred then or later"),
            ("until", "only events that occurred before"),
            ("from", "only from this index on: the `next` of an answer before"),
            ("limit", "how many, at most 1000; else 100"),
            ("reverse", "1: the newest first"),
        ],
        takes: &[],
        gives: JSON,
        statuses: &[200, 422],
    },
    Route {
        endpoint: Endpoint::Dossier,
        method: Verb::Get,
        path: "/v1/dossier/{kind}/{*id}",
        access: Access::Token(READ),
        summary: "Everything about a deployment, change, artifact, or person by pseudonym",
        query: &[],
        takes: &[],
        gives: JSON,
        statuses: &[200, 422],
    },
    Route {
        endpoint: Endpoint::Gate,
        method: Verb::Post,
        path: "/v1/gate",
        access: Access::Token(&[Scope::Gate]),
        summary: "May exactly this be deployed now? The answer is recorded before it is given",
        query: &[],
        takes: &[JSON],
        gives: JSON,
        statuses: &[200, 403, 422, 503],
    },
    Route {
        endpoint: Endpoint::Obligations,
        method: Verb::Get,
        path: "/v1/obligations",
        access: Access::Token(READ),
        summary: "What still has to be done, and until when",
        query: &[("overdue", "1: only what is overdue")],
        takes: &[],
        gives: JSON,
        statuses: &[200],
    },
    Route {
        endpoint: Endpoint::Checkpoint,
        method: Verb::Get,
        path: "/checkpoint",
        access: Access::Choice(EITHER, Choice::Checkpoint),
        summary: "The newest checkpoint, where C2SP tlog-tiles has it",
        query: &[],
        takes: &[],
        gives: TEXT,
        statuses: &[200, 404],
    },
    Route {
        endpoint: Endpoint::Tile,
        method: Verb::Get,
        path: "/tile/{*path}",
        access: Access::Choice(READ, Choice::Tiles),
        summary: "A tile of hashes or a bundle of entries, as C2SP tlog-tiles has them",
        query: &[],
        takes: &[],
        gives: "application/octet-stream",
        statuses: &[200, 404, 422],
    },
    Route {
        endpoint: Endpoint::Metrics,
        method: Verb::Get,
        path: "/metrics",
        access: Access::Token(&[Scope::Metrics]),
        summary: "Counters, in the text format of Prometheus",
        query: &[],
        takes: &[],
        gives: "text/plain; version=0.0.4",
        statuses: &[200],
    },
    Route {
        endpoint: Endpoint::Health,
        method: Verb::Get,
        path: "/healthz",
        access: Access::Public,
        summary: "Whether the server runs",
        query: &[],
        takes: &[],
        gives: JSON,
        statuses: &[200],
    },
    Route {
        endpoint: Endpoint::Ready,
        method: Verb::Get,
        path: "/readyz",
        access: Access::Public,
        summary: "Whether the ledger can be read, and appended to",
        query: &[],
        takes: &[],
        gives: JSON,
        statuses: &[200, 503],
    },
    Route {
        endpoint: Endpoint::OpenApi,
        method: Verb::Get,
        path: "/openapi.json",
        access: Access::Public,
        summary: "This description",
        query: &[],
        takes: &[],
        gives: JSON,
        statuses: &[200],
    },
];
