//! Kubernetes API audit events, `audit.k8s.io/v1`: single, in an `EventList`, or one on each line.
//!
//! One request has an event for each stage: the identity is audit id and stage. A change happened
//! when its response is complete; a session into a pod begins when its response has started.

use super::Source;
use super::audit::{
    self, Entitlement, Fact, NO_ACTOR, NOT_DONE, NOT_FINAL, READ_ONLY, Record, UNMAPPED, Who, at,
    text,
};
use super::json::Json;
use super::split::Framing;

pub(super) const SOURCE: Source = Source {
    name: "kubernetes-audit",
    reads: "Kubernetes API audit events, audit.k8s.io/v1 and v1beta1",
    version: 2,
    framing: Framing::Json(&["items"]),
    map: |record| audit::drafts(&SOURCE, record, read),
};

/// Reads one event; none if it is not one.
fn read(value: &Json<'_>) -> Option<Record> {
    let verb = text(value, &["verb"])?;
    if text(value, &["kind"]).is_some_and(|kind| kind != "Event") {
        return None;
    }
    let stage = text(value, &["stage"]);
    let system =
        match text(value, &["annotations", "cluster"]).or_else(|| text(value, &["cluster"])) {
            Some(cluster) => format!("kubernetes/{cluster}"),
            None => "kubernetes".to_owned(),
        };
    let actor = actor(value);
    let resource = path(value);
    let request = Request { value, verb, stage, actor: actor.as_ref(), resource: &resource };
    let facts = request.facts();
    let id = text(value, &["auditID"]);
    Some(Record {
        id: id.map(|id| format!("{id}/{}", stage.unwrap_or("ResponseComplete"))),
        native: if resource.is_empty() { verb.to_owned() } else { format!("{verb}/{resource}") },
        when: audit::when(value, &["stageTimestamp", "requestReceivedTimestamp", "timestamp"]),
        actor,
        system,
        facts,
    })
}

/// `pods/exec`, `rbac.authorization.k8s.io/roles`.
fn path(value: &Json<'_>) -> String {
    let part = |name| text(value, &["objectRef", name]);
    let names = [part("apiGroup"), part("resource"), part("subresource")];
    names.into_iter().flatten().collect::<Vec<_>>().join("/")
}

/// Who is impersonated does not hide who does it.
fn actor(value: &Json<'_>) -> Option<Who> {
    let user = text(value, &["user", "username"]);
    let kind = match user? {
        name if name.starts_with("system:serviceaccount:") => "service",
        name if name.starts_with("system:") => "system",
        _ => "unknown",
    };
    Who::new(kind, "kubernetes", user)
}

struct Request<'a> {
    value: &'a Json<'a>,
    verb: &'a str,
    stage: Option<&'a str>,
    actor: Option<&'a Who>,
    resource: &'a str,
}

/// What a setting governs, by its resource.
const CLASSES: &[(&str, &str)] = &[
    ("networkpolicies", "network"),
    ("ingresses", "network"),
    ("services", "network"),
    ("endpoints", "network"),
    ("secrets", "deploy_secret"),
    ("roles", "iam"),
    ("clusterroles", "iam"),
    ("rolebindings", "iam"),
    ("clusterrolebindings", "iam"),
    ("podsecuritypolicies", "iam"),
    ("certificatesigningrequests", "tls"),
];

/// Resources that a cluster writes for itself all the time: they set nothing.
const NOISE: &[&str] = &[
    "events",
    "leases",
    "tokenreviews",
    "subjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "localsubjectaccessreviews",
    "endpointslices",
    "bindings",
    "selfsubjectreviews",
];

impl<'a> Request<'a> {
    fn facts(&self) -> Result<Vec<Fact>, &'static str> {
        let (resource, subresource) = (self.part("resource"), self.part("subresource"));
        let code = at(self.value, &["responseStatus", "code"]).and_then(Json::count);
        let status = text(self.value, &["responseStatus", "status"]);
        let forbidden = text(self.value, &["annotations", "authorization.k8s.io/decision"]);
        if code.is_some_and(|code| code >= 400)
            || status == Some("Failure")
            || forbidden == Some("forbid")
            || self.stage == Some("Panic")
        {
            return Err(NOT_DONE);
        }
        let (Some(resource), false) = (resource, self.stage == Some("RequestReceived")) else {
            return Err(if resource.is_none() { UNMAPPED } else { NOT_FINAL });
        };
        if matches!((resource, subresource), ("pods", Some("exec" | "attach" | "portforward")))
            || matches!((resource, subresource), ("nodes" | "services" | "pods", Some("proxy")))
        {
            return self.session();
        }
        if matches!(self.verb, "get" | "list" | "watch" | "head" | "options") {
            return Err(READ_ONLY);
        }
        if self.stage.is_some_and(|stage| stage != "ResponseComplete") {
            return Err(NOT_FINAL);
        }
        if NOISE.contains(&resource) || subresource == Some("status") {
            return Err(UNMAPPED);
        }
        match (resource, subresource) {
            ("serviceaccounts", Some("token")) => self.account("token", "created"),
            ("serviceaccounts", None) => match self.verb {
                "create" => self.account("account", "created"),
                "delete" => self.account("account", "deleted"),
                _ => self.account("account", "modified"),
            },
            ("rolebindings" | "clusterrolebindings", None) => self.binding(),
            ("deployments" | "statefulsets" | "daemonsets", None)
                if matches!(self.verb, "create" | "update" | "patch") =>
            {
                self.deployment(resource)
            }
            _ => self.config(resource),
        }
    }

    fn part(&self, name: &str) -> Option<&'a str> {
        text(self.value, &["objectRef", name])
    }

    /// The object as asked for, or as it became.
    fn object(&self) -> Option<&'a Json<'a>> {
        ["requestObject", "responseObject"]
            .iter()
            .map(|name| self.value.get(name))
            .find(|object| !object.members().is_empty())
    }

    fn name(&self) -> &'a str {
        self.part("name")
            .or_else(|| text(self.object()?, &["metadata", "name"]))
            .unwrap_or("unnamed")
    }

    fn scope(&self) -> &'a str {
        self.part("namespace").unwrap_or("cluster")
    }

    fn session(&self) -> Result<Vec<Fact>, &'static str> {
        let principal = self.actor.ok_or(NO_ACTOR)?.clone();
        // a record without an id is still somebody in a pod: its content names the session
        let own = || audit::digest(self.value).replace("sha256:", "record-");
        let id = text(self.value, &["auditID"]).map_or_else(own, str::to_owned);
        let phase = match self.stage {
            Some("ResponseComplete") => "closed",
            _ => "opened",
        };
        Ok(vec![Fact::Session { phase, session: format!("kubernetes/{id}"), principal }])
    }

    fn account(
        &self,
        object: &'static str,
        action: &'static str,
    ) -> Result<Vec<Fact>, &'static str> {
        let id = format!("system:serviceaccount:{}:{}", self.scope(), self.name());
        let principal = Who::new("service", "kubernetes", Some(&id)).ok_or(UNMAPPED)?;
        Ok(vec![Fact::Access {
            object,
            action,
            principal,
            account: id,
            item: None,
            entitlement: None,
        }])
    }

    /// A fact for each subject; without the object only the binding is known, which is a setting.
    fn binding(&self) -> Result<Vec<Fact>, &'static str> {
        let action = match self.verb {
            "create" => "granted",
            "delete" | "deletecollection" => "revoked",
            _ => "modified",
        };
        let object = self.object();
        let role = object.and_then(|object| {
            let kind = text(object, &["roleRef", "kind"])?;
            Some((kind, text(object, &["roleRef", "name"])?))
        });
        let subjects = object.and_then(|object| at(object, &["subjects"])).map(Json::items);
        let (Some((kind, role)), Some(subjects)) = (role, subjects) else {
            return self.config(self.part("resource").unwrap_or_default());
        };
        let facts = subjects.iter().filter_map(|subject| {
            let principal = subject_of(subject)?;
            Some(Fact::Access {
                object: "entitlement",
                action,
                account: principal.id.clone(),
                principal,
                item: Some(format!("{}/{}", self.scope(), self.name())),
                entitlement: privileged(role).map(|privileged| Entitlement {
                    privileged,
                    role: format!("{kind}/{role}"),
                    scope: self.scope().to_owned(),
                }),
            })
        });
        let facts: Vec<Fact> = facts.collect();
        if facts.len() != subjects.len() || facts.is_empty() {
            return self.config(self.part("resource").unwrap_or_default());
        }
        Ok(facts)
    }

    fn deployment(&self, resource: &str) -> Result<Vec<Fact>, &'static str> {
        let template = self.object().and_then(|object| at(object, &["spec", "template", "spec"]));
        let containers = template.and_then(|spec| at(spec, &["containers"])).map(Json::items);
        // a patch of labels or of the scale deploys nothing
        let Some(containers) =
            containers.filter(|list| list.iter().any(|c| c.get("image").is_some()))
        else {
            return self.config(resource);
        };
        let images: Vec<&str> = containers.iter().filter_map(|c| text(c, &["image"])).collect();
        let strategy = self.object().and_then(|object| text(object, &["spec", "strategy", "type"]));
        Ok(vec![Fact::Deployment {
            deployment: text(self.value, &["auditID"]).ok_or(UNMAPPED)?.to_owned(),
            service: self.name().to_owned(),
            environment: self.scope().to_owned(),
            // of several images none is the service's own
            artifact: match images.as_slice() {
                [image] => image.split_once('@').map(|(_, digest)| digest.to_owned()),
                _ => None,
            },
            strategy: match strategy {
                Some("RollingUpdate") => "rolling",
                Some("Recreate") => "recreate",
                _ => "other",
            },
        }])
    }

    fn config(&self, resource: &str) -> Result<Vec<Fact>, &'static str> {
        let action = match self.verb {
            "create" => "created",
            "delete" | "deletecollection" => "deleted",
            "update" | "patch" | "apply" => "changed",
            _ => return Err(UNMAPPED),
        };
        let class = CLASSES.iter().find(|(name, _)| *name == resource);
        // the content of a secret leaves no trace here, not even its digest
        let object = self.object().filter(|_| resource != "secrets" && action != "deleted");
        Ok(vec![Fact::Config {
            class: class.map_or("other", |(_, class)| class),
            action,
            item: format!("{}/{}/{}", self.scope(), self.resource, self.name()),
            before: None,
            after: object.map(audit::digest),
            weakened: match (resource, action) {
                (
                    "networkpolicies" | "podsecuritypolicies" | "validatingwebhookconfigurations",
                    "deleted",
                ) => "yes",
                _ => "unknown",
            },
        }])
    }
}

fn subject_of(subject: &Json<'_>) -> Option<Who> {
    let name = text(subject, &["name"])?;
    match text(subject, &["kind"])? {
        "ServiceAccount" => {
            let space = text(subject, &["namespace"]).unwrap_or("default");
            let id = format!("system:serviceaccount:{space}:{name}");
            Who::new("service", "kubernetes", Some(&id))
        }
        "Group" => Who::new("unknown", "kubernetes/group", Some(name)),
        _ => Who::new("unknown", "kubernetes", Some(name)),
    }
}

/// Whether a role that Kubernetes itself brings is privileged; none for anybody else's.
fn privileged(role: &str) -> Option<bool> {
    match role {
        "cluster-admin" | "admin" | "edit" | "system:masters" => Some(true),
        "view" | "system:discovery" | "system:basic-user" | "system:public-info-viewer" => {
            Some(false)
        }
        _ => None,
    }
}
