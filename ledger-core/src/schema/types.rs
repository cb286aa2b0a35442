//! The table of event types, in the order of their names.

use super::Shape::{
    Boolean, Bytes32, Capability, Count, Digest, Duration, Enum, Id, List, Map, Object, Person, Sealed,
    Time,
};
use super::{EventType, Field, Need, optional, required};

const LEVELS: &[&str] = &["low", "medium", "high", "critical"];
const IMPACTS: &[&str] = &["none", "minor", "significant"];
const CLASSES: &[&str] = &["standard", "normal", "emergency"];

const ROOT: &[Field] = &[required("person", Person), required("public_key", Bytes32)];
const SCOPE: &[Field] =
    &[optional("environments", List(&Id)), optional("services", List(&Id))];
const WINDOW: &[Field] = &[required("end", Time), required("start", Time)];
const COMMIT: &[Field] = &[
    required("authors", List(&Person)),
    optional("committed_at", Time),
    required("committer", Person),
    optional("pushed_at", Time),
    required("sha", Id),
];
const COMMITS: &[Field] =
    &[optional("from", Id), optional("list", List(&Id)), optional("to", Id)];
const VERIFICATION: &[Field] = &[
    optional("key", Id),
    required("result", Enum(&["verified", "failed", "unsigned"])),
    optional("roots", Digest),
];
const APPROVED: &[Field] = &[
    optional("artifact", Digest),
    optional("config", Digest),
    optional("entitlement", Id),
    optional("environment", Id),
];
const REFERENCE: &[Field] =
    &[required("kind", Enum(&["commit", "tag", "branch"])), required("value", Id)];

/// All types this library knows, in ascending order of their names.
pub static TYPES: &[EventType] = &[
    EventType {
        name: "approval.decided",
        meaning: "a person granted, rejected, revoked, ratified or delegated an approval",
        subject: &[],
        need: Need::Approve,
        own: Some("/data/approver"),
        actor: true,
        data: &[
            required("approval", Id),
            required("approver", Person),
            optional("comment", Sealed),
            required(
                "decision",
                Enum(&["granted", "rejected", "revoked", "ratified", "delegated", "expired"]),
            ),
            optional("delegate_to", Person),
            required("for", Object(APPROVED)),
            required("method", Enum(&["key", "relay"])),
            optional("of", Id),
            optional("request", Id),
            required("role", Id),
            optional("scope", Object(SCOPE)),
            optional("valid_from", Time),
            optional("valid_until", Time),
        ],
    },
    EventType {
        name: "artifact.recorded",
        meaning: "an artifact was built, signed, verified, promoted, published or deleted",
        subject: &["artifact"],
        need: Need::Append,
        own: None,
        actor: true,
        data: &[
            required(
                "action",
                Enum(&["built", "signed", "verified", "promoted", "published", "deleted"]),
            ),
            optional("builder", Id),
            optional("commits", Object(COMMITS)),
            optional("from", Id),
            optional("provenance", Digest),
            optional("purl", Id),
            optional("sbom", Digest),
            optional("to", Id),
            optional("verification", Object(VERIFICATION)),
        ],
    },
    EventType {
        name: "change.recorded",
        meaning: "a change was opened, made ready, merged, closed or abandoned",
        subject: &["change"],
        need: Need::Append,
        own: None,
        actor: true,
        data: &[
            optional("authors", List(&Person)),
            optional("backout_plan", Sealed),
            optional("commits", List(&Object(COMMIT))),
            optional("description", Sealed),
            required("opened_at", Time),
            optional("personal_data", Enum(&["yes", "no", "unknown"])),
            optional("privacy_impact", Enum(IMPACTS)),
            optional("reason", Sealed),
            required("requester", Person),
            optional("risk", Enum(LEVELS)),
            optional("security_impact", Enum(IMPACTS)),
            required("state", Enum(&["open", "ready", "merged", "closed", "abandoned"])),
            optional("systems", List(&Id)),
            optional("test_plan", Sealed),
            optional("title", Sealed),
            optional("url", Sealed),
            optional("window", Object(WINDOW)),
        ],
    },
    EventType {
        name: "config.changed",
        meaning: "a setting of a system was created, changed, deleted or bypassed",
        subject: &["system"],
        need: Need::Append,
        own: None,
        actor: true,
        data: &[
            required("action", Enum(&["created", "changed", "deleted", "bypassed"])),
            required("after", Digest),
            optional("approver", Person),
            required("before", Digest),
            optional("change", Id),
            required("changer", Person),
            required(
                "class",
                Enum(&[
                    "pipeline", "branch_protection", "approval_policy", "deploy_secret", "iam",
                    "logging", "encryption", "tls", "mfa", "session", "network", "pseudonymisation",
                    "data_region", "third_party_endpoint", "retention", "other",
                ]),
            ),
            optional("environment", Id),
            required("item", Id),
            optional("service", Id),
            required("weakened", Enum(&["yes", "no", "unknown"])),
        ],
    },
    EventType {
        name: "deployment.finished",
        meaning: "a deployment succeeded, failed or was aborted",
        subject: &["deployment", "environment", "service"],
        need: Need::Append,
        own: None,
        actor: true,
        data: &[
            optional("artifact", Digest),
            optional("change", Id),
            optional("duration", Duration),
            required("outcome", Enum(&["succeeded", "failed", "aborted"])),
            optional("running_artifact", Digest),
        ],
    },
    EventType {
        name: "deployment.started",
        meaning: "a deployment of a service to an environment began",
        subject: &["deployment", "environment", "service"],
        need: Need::Append,
        own: None,
        actor: true,
        data: &[
            optional("approvals", List(&Id)),
            optional("artifact", Digest),
            optional("change", Id),
            optional("class", Enum(CLASSES)),
            optional("config", Digest),
            optional("incident", Id),
            required("initiator", Person),
            optional("operator_input", Enum(&["none", "declared", "free"])),
            optional("parameters", Map(&Id)),
            optional("previous", Digest),
            optional("ref", Object(REFERENCE)),
            optional("region", Id),
            optional("run", Id),
            required(
                "strategy",
                Enum(&["rolling", "canary", "blue_green", "recreate", "all_at_once", "other"]),
            ),
        ],
    },
    EventType {
        name: "gap.declared",
        meaning: "events of a stream are known to be lost",
        subject: &["stream"],
        need: Need::Append,
        own: None,
        actor: false,
        data: &[required("from", Count), required("reason_code", Id), required("to", Count)],
    },
    EventType {
        name: "key.registered",
        meaning: "a key of a person or service may sign from here on",
        subject: &["key"],
        need: Need::Admin,
        own: None,
        actor: false,
        data: &[
            required("capabilities", List(&Capability)),
            optional("holder", Person),
            required("public_key", Bytes32),
            optional("scope", Object(SCOPE)),
            optional("service", Id),
        ],
    },
    EventType {
        name: "key.revoked",
        meaning: "a key may not sign from here on",
        subject: &["key"],
        need: Need::Admin,
        own: None,
        actor: false,
        data: &[
            required("reason", Enum(&["superseded", "retired", "compromised"])),
            optional("suspect_from", Count),
        ],
    },
    EventType {
        name: "ledger.created",
        meaning: "the ledger's name, root keys and threshold: entry 0",
        subject: &[],
        need: Need::Genesis,
        own: None,
        actor: false,
        data: &[
            required("name", Id),
            required("nonce", Bytes32),
            required("roots", List(&Object(ROOT))),
            optional("solo", Boolean),
            required("threshold", Count),
        ],
    },
    EventType {
        name: "recovery.recorded",
        meaning: "bytes that no head covered were set aside, or a failed sync was mended",
        subject: &[],
        need: Need::Any,
        own: None,
        actor: false,
        data: &[
            required("digest", Digest),
            required("set_aside_bytes", Count),
            required("size", Count),
        ],
    },
    EventType {
        name: "source.conflicted",
        meaning: "a source gave another original for a record that is already here",
        subject: &["source"],
        need: Need::Append,
        own: None,
        actor: false,
        data: &[required("first_index", Count), required("source_id", Id)],
    },
    EventType {
        name: "stream.closed",
        meaning: "a producer closed its stream; the last event of it",
        subject: &["stream"],
        need: Need::Any,
        own: None,
        actor: false,
        data: &[required("length", Count)],
    },
    EventType {
        name: "stream.forked",
        meaning: "a second, different event was signed for a place in a stream",
        subject: &["stream"],
        need: Need::Any,
        own: None,
        actor: false,
        data: &[
            required("conflicting", Digest),
            required("first_index", Count),
            required("seq", Count),
        ],
    },
];
