//! What a pipeline says about itself: from the variables listed here and from `.git`, and from
//! nothing else. Each value keeps where it came from.

use std::path::{Path, PathBuf};

use ledger_core::encoding::hex;
use ledger_core::event::is_id;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use crate::environment::listed;

/// One value and the variable, or the file, it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) value: String,
    pub(crate) origin: &'static str,
}

/// The run that a command is part of.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    /// `github`, `gitlab`, `jenkins`, `azure`, `bitbucket`, or `git`.
    pub(crate) system: &'static str,
    pub(crate) issuer: Option<Found>,
    pub(crate) run: Option<Found>,
    pub(crate) attempt: Option<Found>,
    pub(crate) job: Option<Found>,
    pub(crate) commit: Option<Found>,
    pub(crate) reference: Option<Found>,
    /// The pipeline itself, as its issuer knows it.
    pub(crate) service: Option<Found>,
    /// Whoever set the run going.
    pub(crate) person: Option<Found>,
    pub(crate) workspace: Option<Found>,
}

/// A system and the variables that are read under it. The first that is set counts.
struct System {
    name: &'static str,
    /// Set where a run of this system is.
    mark: &'static str,
    /// The issuer where no variable names it.
    issuer: &'static str,
    issuers: &'static [&'static str],
    run: &'static [&'static str],
    attempt: &'static [&'static str],
    job: &'static [&'static str],
    commit: &'static [&'static str],
    reference: &'static [&'static str],
    service: &'static [&'static str],
    person: &'static [&'static str],
    workspace: &'static [&'static str],
}

/// The whole list: no other variable of a pipeline is read.
const SYSTEMS: &[System] = &[
    System {
        name: "github",
        mark: "GITHUB_ACTIONS",
        issuer: "github",
        issuers: &["GITHUB_SERVER_URL"],
        run: &["GITHUB_RUN_ID"],
        attempt: &["GITHUB_RUN_ATTEMPT"],
        job: &["GITHUB_JOB"],
        commit: &["GITHUB_SHA"],
        reference: &["GITHUB_REF"],
        service: &["GITHUB_REPOSITORY_ID"],
        person: &["GITHUB_ACTOR_ID"],
        workspace: &["GITHUB_WORKSPACE"],
    },
    System {
        name: "gitlab",
        mark: "GITLAB_CI",
        issuer: "gitlab",
        issuers: &["CI_SERVER_HOST"],
        run: &["CI_PIPELINE_ID"],
        attempt: &[],
        // a job that is run again has another id
        job: &["CI_JOB_ID"],
        commit: &["CI_COMMIT_SHA"],
        reference: &["CI_COMMIT_REF_NAME"],
        service: &["CI_PROJECT_ID"],
        person: &["GITLAB_USER_ID"],
        workspace: &["CI_PROJECT_DIR"],
    },
    System {
        name: "jenkins",
        mark: "JENKINS_URL",
        issuer: "jenkins",
        issuers: &["JENKINS_URL"],
        run: &["BUILD_NUMBER"],
        attempt: &[],
        job: &["JOB_NAME"],
        commit: &["GIT_COMMIT"],
        reference: &["GIT_BRANCH"],
        service: &["JOB_NAME"],
        person: &["BUILD_USER_ID"],
        workspace: &["WORKSPACE"],
    },
    System {
        name: "azure",
        mark: "TF_BUILD",
        issuer: "azure-devops",
        issuers: &["SYSTEM_COLLECTIONURI"],
        run: &["BUILD_BUILDID"],
        attempt: &["SYSTEM_JOBATTEMPT"],
        job: &["SYSTEM_JOBID"],
        commit: &["BUILD_SOURCEVERSION"],
        reference: &["BUILD_SOURCEBRANCH"],
        service: &["SYSTEM_DEFINITIONID"],
        person: &["BUILD_REQUESTEDFORID"],
        workspace: &["BUILD_SOURCESDIRECTORY"],
    },
    System {
        name: "bitbucket",
        mark: "BITBUCKET_BUILD_NUMBER",
        issuer: "bitbucket",
        issuers: &[],
        run: &["BITBUCKET_PIPELINE_UUID", "BITBUCKET_BUILD_NUMBER"],
        attempt: &["BITBUCKET_STEP_RUN_NUMBER"],
        job: &["BITBUCKET_STEP_UUID"],
        commit: &["BITBUCKET_COMMIT"],
        reference: &["BITBUCKET_TAG", "BITBUCKET_BRANCH"],
        service: &["BITBUCKET_REPO_UUID"],
        person: &["BITBUCKET_STEP_TRIGGERER_UUID"],
        workspace: &["BITBUCKET_CLONE_DIR"],
    },
];

/// Looks at the variables of the list, then at `.git` for what they leave open.
pub(crate) fn look(from: &Path) -> Pipeline {
    let system = SYSTEMS.iter().find(|system| listed(system.mark).is_some());
    let mut found = system.map(System::read).unwrap_or_default();
    let git = git_folder(from);
    if found.commit.is_none()
        && let Some((commit, reference)) = git.as_deref().and_then(head)
    {
        found.commit = Some(Found { value: commit, origin: ".git" });
        found.reference =
            found.reference.or(reference.map(|value| Found { value, origin: ".git" }));
    }
    if found.system.is_empty() {
        found.system = "git";
    }
    found
}

impl System {
    fn read(&self) -> Pipeline {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| listed(name).map(|value| Found { value, origin: name }))
        };
        // identifiers of Bitbucket stand in braces
        let bare = |names: &[&'static str]| {
            first(names).map(|mut found| {
                found.value = found.value.trim_matches(['{', '}']).to_owned();
                found
            })
        };
        let issuer = first(self.issuers)
            .map(|found| Found { value: host(&found.value), ..found })
            .filter(|found| found.value != "github.com")
            .unwrap_or(Found { value: self.issuer.to_owned(), origin: self.mark });
        Pipeline {
            system: self.name,
            issuer: Some(issuer),
            run: bare(self.run),
            attempt: first(self.attempt),
            job: bare(self.job),
            commit: first(self.commit),
            reference: first(self.reference),
            service: bare(self.service),
            person: bare(self.person),
            workspace: first(self.workspace),
        }
    }
}

/// The host of an address; the text itself where it is no address.
fn host(text: &str) -> String {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.trim_end_matches('/').to_owned()
}

impl Pipeline {
    /// The reference of the run, like `github:8841`.
    pub(crate) fn run_id(&self) -> Option<Found> {
        let run = self.run.as_ref()?;
        let name = match (self.system, &self.job) {
            // a number of Jenkins counts within its job
            ("jenkins", Some(job)) => format!("{}:{}#{}", self.system, job.value, run.value),
            _ => format!("{}:{}", self.system, run.value),
        };
        let value = if is_id(&name) { name } else { format!("{}:{}", self.system, short(&name)) };
        Some(Found { value, origin: run.origin })
    }

    /// The label of the run's streams: numbers and hashes only, so that no name can stand in it.
    pub(crate) fn label(&self) -> String {
        let part = |found: &Found| {
            let plain =
                found.value.len() <= 20 && found.value.bytes().all(|byte| byte.is_ascii_digit());
            if plain { found.value.clone() } else { short(&found.value) }
        };
        let mut label = self.system.to_owned();
        for found in [&self.run, &self.attempt].into_iter().flatten() {
            label.push('.');
            label.push_str(&part(found));
        }
        label
    }

    /// What tells this job of this run from every other, re-runs too.
    pub(crate) fn job_key(&self) -> String {
        let value = |found: &Option<Found>| {
            found.as_ref().map_or(Value::Bool(false), |found| Value::text(&found.value))
        };
        let parts = [&self.issuer, &self.service, &self.run, &self.attempt, &self.job];
        let mut list = vec![Value::text(self.system)];
        list.extend(parts.into_iter().map(value));
        Value::List(list).to_canonical()
    }

    /// The pipeline, on behalf of whoever set it going; none where nothing is known.
    pub(crate) fn actor(&self) -> Option<Value> {
        let issuer = Value::text(&self.issuer.as_ref()?.value);
        let identity = |id: &Found| {
            Value::object([("issuer", issuer.clone()), ("id", Value::text(&id.value))])
        };
        let service = self.service.as_ref()?;
        let mut members = vec![("kind", Value::text("service")), ("id", identity(service))];
        members.extend(self.person.as_ref().map(|person| ("on_behalf_of", identity(person))));
        Some(Value::object(members))
    }

    /// Whoever set the run going.
    pub(crate) fn initiator(&self) -> Option<Value> {
        let issuer = Value::text(&self.issuer.as_ref()?.value);
        let person = self.person.as_ref()?;
        Some(Value::object([("issuer", issuer), ("id", Value::text(&person.value))]))
    }

    /// All that was found, by name.
    pub(crate) fn all(&self) -> Vec<(&'static str, &Found)> {
        [
            ("attempt", &self.attempt),
            ("commit", &self.commit),
            ("issuer", &self.issuer),
            ("job", &self.job),
            ("person", &self.person),
            ("ref", &self.reference),
            ("run", &self.run),
            ("service", &self.service),
            ("workspace", &self.workspace),
        ]
        .into_iter()
        .filter_map(|(name, found)| found.as_ref().map(|found| (name, found)))
        .collect()
    }

    /// The folder of the pipeline's files; else that of the work tree; else where we are.
    pub(crate) fn workspace(&self, from: &Path) -> PathBuf {
        let named = self.workspace.as_ref().map(|found| PathBuf::from(&found.value));
        named
            .filter(|path| path.is_dir())
            .or_else(|| {
                from.ancestors().find(|path| path.join(".git").exists()).map(Path::to_owned)
            })
            .unwrap_or_else(|| from.to_owned())
    }
}

fn short(text: &str) -> String {
    hex(&Sha256::of(text.as_bytes()).0).chars().take(12).collect()
}

fn git_folder(from: &Path) -> Option<PathBuf> {
    let git = from.ancestors().map(|path| path.join(".git")).find(|path| path.exists())?;
    if git.is_dir() {
        return Some(git);
    }
    // a further work tree: the file says where its folder is
    let text = std::fs::read_to_string(&git).ok()?;
    let folder = text.trim().strip_prefix("gitdir: ")?.to_owned();
    Some(git.parent()?.join(folder))
}

/// The commit that is checked out, and the branch if one is.
fn head(git: &Path) -> Option<(String, Option<String>)> {
    let text = |path: &Path| std::fs::read_to_string(path).ok();
    let head = text(&git.join("HEAD"))?;
    let common =
        text(&git.join("commondir")).map_or_else(|| git.to_owned(), |to| git.join(to.trim()));
    let (commit, reference) = match head.trim().strip_prefix("ref: ") {
        None => (head.trim().to_owned(), None),
        Some(name) => {
            let loose = text(&common.join(name)).map(|text| text.trim().to_owned());
            let packed = || {
                text(&common.join("packed-refs"))?.lines().find_map(|line| {
                    line.split_once(' ')
                        .filter(|(_, found)| *found == name)
                        .map(|(id, _)| id.to_owned())
                })
            };
            (loose.or_else(packed)?, Some(name.to_owned()))
        }
    };
    let plain = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then_some((commit, reference))
}
