//! Records of other systems, to measure `ledger import` with: `records KIND COUNT` writes a file of
//! the source's documented shape to standard output, the same bytes in every run.

use std::io::{BufWriter, Write};

use ledger_core::error::{Error, Result};

use crate::workload::{seed, time};

/// Steps between two records: one a second.
const SECOND: u64 = 1_000;

/// Writes so many records of a kind.
pub(crate) fn run(kind: &str, count: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let done = match kind {
        "cloudtrail" => cloudtrail(&mut out, count),
        "github-audit" => github_audit(&mut out, count),
        _ => {
            let message = format!("there are no records of `{kind}`");
            return Err(Error::malformed("records-kind", message)
                .hint("write `cloudtrail` or `github-audit`"));
        }
    };
    done.and_then(|()| out.flush())
        .map_err(|error| Error::unavailable("io", format!("cannot write: {error}")))
}

/// `{"Records":[…]}`, about 1,250 bytes a record: grants, settings, sign-ins, and what only looked.
fn cloudtrail(out: &mut impl Write, count: u64) -> std::io::Result<()> {
    const CALLS: &[(&str, &str, &str, bool)] = &[
        (
            "iam",
            "AttachUserPolicy",
            r#""policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess","userName":"deployer""#,
            false,
        ),
        (
            "s3",
            "PutBucketEncryption",
            r#""bucketName":"release-artifacts","ServerSideEncryptionConfiguration":{"Rule":{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms"}}}"#,
            false,
        ),
        (
            "sts",
            "AssumeRole",
            r#""roleArn":"arn:aws:iam::123456789012:role/deploy","roleSessionName":"pipeline","durationSeconds":3600"#,
            false,
        ),
        (
            "ec2",
            "AuthorizeSecurityGroupIngress",
            r#""groupId":"sg-0a1b2c3d","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443}]}"#,
            false,
        ),
        ("ec2", "DescribeInstances", r#""instancesSet":{},"filterSet":{}"#, true),
    ];
    write!(out, "{{\"Records\":[")?;
    for (number, (service, name, parameters, reads)) in (0..count).zip(CALLS.iter().cycle()) {
        let comma = if number == 0 { "" } else { "," };
        let (id, at) = (uuid("record", number), second(number));
        let request = uuid("request", number);
        let user = number % 200;
        write!(
            out,
            r#"{comma}{{"eventVersion":"1.09","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLE{user:09}","arn":"arn:aws:iam::123456789012:user/operator-{user}","accountId":"123456789012","accessKeyId":"AKIAEXAMPLE{user:09}","userName":"operator-{user}","sessionContext":{{"attributes":{{"creationDate":"{at}","mfaAuthenticated":"true"}}}}}},"eventTime":"{at}","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"eu-central-1","sourceIPAddress":"203.0.113.{octet}","userAgent":"aws-cli/2.17.0 md/awscrt#0.20.11 ua/2.0 os/linux#6.8 md/arch#x86_64 lang/python#3.12 md/pyimpl#CPython","requestParameters":{{{parameters}}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","bytesTransferredOut":0}},"requestID":"{request}","eventID":"{id}","readOnly":{reads},"resources":[{{"accountId":"123456789012","type":"AWS::IAM::User","ARN":"arn:aws:iam::123456789012:user/operator-{user}"}}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.eu-central-1.amazonaws.com"}}}}"#,
            octet = number % 250,
        )?;
    }
    writeln!(out, "]}}")
}

/// One record on each line, about 520 bytes: members, teams, protected branches, secrets, workflows.
fn github_audit(out: &mut impl Write, count: u64) -> std::io::Result<()> {
    const ACTIONS: &[(&str, &str)] = &[
        ("team.add_member", r#""team":"octo/deployers","user":"hubot""#),
        ("repo.add_member", r#""repo":"octo/shop","user":"hubot","permission":"write""#),
        ("protected_branch.update_admin_enforced", r#""repo":"octo/shop","name":"main""#),
        ("org.update_member", r#""user":"hubot","permission":"admin","old_permission":"read""#),
        (
            "workflows.completed_workflow_run",
            r#""repo":"octo/shop","event":"push","conclusion":"success","workflow_run_id":8123456789"#,
        ),
    ];
    for (number, (action, more)) in (0..count).zip(ACTIONS.iter().cycle()) {
        let id = uuid("github", number);
        let at = time(number * SECOND).micros() / 1000;
        let user = number % 200;
        writeln!(
            out,
            r#"{{"@timestamp":{at},"_document_id":"{id}","action":"{action}","actor":"octocat-{user}","actor_id":{actor},"actor_ip":"203.0.113.7","actor_location":{{"country_code":"DE"}},"business":"octo","business_id":7,"created_at":{at},"operation_type":"modify","org":"octo","org_id":583231,"request_id":"{request}","user_agent":"Mozilla/5.0 (X11; Linux x86_64)",{more}}}"#,
            actor = 1_000_000 + user,
            request = uuid("request", number),
        )?;
    }
    Ok(())
}

fn second(number: u64) -> String {
    let mut text = time(number * SECOND).to_string();
    text.truncate(19);
    text.push('Z');
    text
}

fn uuid(name: &str, number: u64) -> String {
    let hex = ledger_core::encoding::hex(&seed(name, number));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
