//! The templates of `docs/hooks`: the script part of each runs with the variables of its system.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Ended, PIPELINE, World};

/// The lines between `# script` and `# end`.
fn script(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hooks").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let part = text.split("# script\n").nth(1).unwrap().split("# end").next().unwrap();
    let indent = part.len() - part.trim_start().len();
    part.lines().map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect()
}

fn run(world: &World, file: &str, variables: &[(&str, &str)]) -> Ended {
    let folder = Path::new(env!("CARGO_BIN_EXE_ledger")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let mut command = Command::new("sh");
    command.arg("-c").arg(script(file)).current_dir(world.path(".")).env_clear();
    command.env("PATH", path).env("LEDGER_DIR", "d/ledger").env("LEDGER_STATE", "d/state");
    command.env("LEDGER_KEY", PIPELINE).envs(variables.iter().copied());
    Ended::from(command.output().unwrap())
}

fn recorded(file: &str, label: &str, outcome: &str, variables: &[(&str, &str)]) {
    recorded_in(&World::new(), file, &format!("{label}/"), outcome, variables);
}

/// `label` is how the label of the stream begins.
fn recorded_in(world: &World, file: &str, label: &str, outcome: &str, variables: &[(&str, &str)]) {
    let said = run(world, file, variables).good();
    assert_eq!(said.lines().count(), 2, "{file}: {said}");
    let event = world.run(&["show", "64", "--raw"]).good();
    assert!(event.contains(&format!(r#""outcome":"{outcome}""#)), "{file}: {event}");
    assert!(event.contains(&format!("/{label}")), "{file}: {event}");
    assert!(event.contains(r#""on_behalf_of""#), "{file}: {event}");
    let closed = world.run(&["show", "65", "--raw"]).good();
    assert!(closed.contains(r#""type":"stream.closed""#), "{file}: {closed}");
    let report = world.run(&["verify"]).good();
    assert!(report.contains("no gap in any stream"), "{report}");
}

#[test]
fn github() {
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_RUN_ID", "8841"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_JOB", "deploy"),
        ("GITHUB_SHA", "9b2f0c41d7a85e63f1c09a7be24d8830f6a1c5de"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_ACTOR", "octocat"),
        ("GITHUB_ACTOR_ID", "583231"),
        ("GITHUB_REPOSITORY_ID", "1296269"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("DEPLOYMENT", "d-118"),
        ("SERVICE", "payments"),
        ("ENVIRONMENT", "production"),
        ("OUTCOME", "succeeded"),
    ];
    recorded("action.yml", "github.8841.2", "succeeded", &variables);
}

#[test]
fn gitlab() {
    let variables = [
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_ID", "551"),
        ("CI_JOB_ID", "90012"),
        ("CI_COMMIT_SHA", "9b2f0c41d7a85e63f1c09a7be24d8830f6a1c5de"),
        ("CI_PROJECT_ID", "42"),
        ("CI_SERVER_HOST", "gitlab.example.com"),
        ("GITLAB_USER_ID", "7"),
        ("CI_JOB_STATUS", "failed"),
        ("CI_ENVIRONMENT_NAME", "production"),
        ("SERVICE", "payments"),
    ];
    recorded("gitlab-ci.yml", "gitlab.551", "failed", &variables);
}

#[test]
fn jenkins() {
    let variables = [
        ("JENKINS_URL", "https://jenkins.example.com/"),
        ("BUILD_NUMBER", "118"),
        ("JOB_NAME", "shop/Ada Lovelace"),
        ("BUILD_USER_ID", "u-7"),
        ("RESULT", "ABORTED"),
        ("SERVICE", "payments"),
        ("ENVIRONMENT", "production"),
    ];
    recorded("Jenkinsfile", "jenkins.118", "aborted", &variables);
}

#[test]
fn azure() {
    let variables = [
        ("TF_BUILD", "True"),
        ("BUILD_BUILDID", "3021"),
        ("SYSTEM_JOBATTEMPT", "1"),
        ("SYSTEM_JOBID", "12f1170f-54f2-53f3-20dd-22fc7dff55f9"),
        ("SYSTEM_DEFINITIONID", "14"),
        ("BUILD_REQUESTEDFORID", "6c2a3e1f-0000-4000-8000-000000000001"),
        ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/example/"),
        ("AGENT_JOBSTATUS", "Succeeded"),
        ("SERVICE", "payments"),
        ("ENVIRONMENT", "production"),
    ];
    recorded("azure-pipelines.yml", "azure.3021.1", "succeeded", &variables);
}

#[test]
fn bitbucket() {
    let world = World::new();
    let mut encode = Command::new("base64");
    let encoded = encode.arg("-w").arg("0").arg(world.path(PIPELINE)).output().unwrap();
    let encoded = String::from_utf8(encoded.stdout).unwrap();
    let clone = world.path(".").display().to_string();
    let variables = [
        ("BITBUCKET_BUILD_NUMBER", "77"),
        ("BITBUCKET_PIPELINE_UUID", "{3f2b1c9e-0c1d-4f63-9d53-0d8a1d1f7a10}"),
        ("BITBUCKET_STEP_UUID", "{8c1f7a10-2222-4f63-9d53-0d8a1d1f7a10}"),
        ("BITBUCKET_STEP_RUN_NUMBER", "1"),
        ("BITBUCKET_COMMIT", "9b2f0c41d7a85e63f1c09a7be24d8830f6a1c5de"),
        ("BITBUCKET_BRANCH", "main"),
        ("BITBUCKET_REPO_UUID", "{5d1f7a10-3333-4f63-9d53-0d8a1d1f7a10}"),
        ("BITBUCKET_REPO_FULL_NAME", "example/payments"),
        ("BITBUCKET_STEP_TRIGGERER_UUID", "{6e1f7a10-4444-4f63-9d53-0d8a1d1f7a10}"),
        ("BITBUCKET_CLONE_DIR", &clone),
        ("BITBUCKET_DEPLOYMENT_ENVIRONMENT", "production"),
        ("BITBUCKET_EXIT_CODE", "0"),
        ("LEDGER_KEY_BASE64", &encoded),
        ("SERVICE", "payments"),
    ];
    recorded_in(&world, "bitbucket-pipelines.yml", "bitbucket.", "succeeded", &variables);
    // the name of the repository is no part of what is read
    let event = world.run(&["show", "64", "--raw"]).good();
    assert!(event.contains(r#""run":"bitbucket:3f2b1c9e-0c1d-4f63-9d53-0d8a1d1f7a10""#), "{event}");
    assert!(!event.contains("example/payments"), "{event}");
}

#[test]
fn a_trap_records_what_went_wrong_and_keeps_the_status() {
    let world = World::new();
    let variables = [
        ("DEPLOYMENT", "d-1"),
        ("SERVICE", "payments"),
        ("ENVIRONMENT", "production"),
        ("ACTOR", "ci:runner-1"),
    ];
    // there is no command `deploy`: the shell's own status for that is 127
    assert_eq!(run(&world, "trap.sh", &variables).status, 127);
    assert!(world.run(&["show", "64", "--raw"]).good().contains(r#""outcome":"failed""#));
}
