//! AWS CloudTrail records: `{"Records":[…]}`, a bare array, or one record on each line.
//!
//! Identity is the event id together with the account that received it: copies of one event go to
//! several accounts. A record with an error code changed nothing.

mod digest;

use ledger_core::hash::Sha256;

use super::Source;
use super::audit::{
    self, Entitlement, Fact, NO_ACTOR, NO_PRINCIPAL, NOT_DONE, READ_ONLY, Record, UNMAPPED, Who,
    at, scalar, text,
};
use super::json::Json;
use super::split::Framing;

pub(crate) use digest::Trail;

pub(super) const SOURCE: Source = Source {
    name: "aws-cloudtrail",
    reads: "AWS CloudTrail records, and digest files (verified with --roots)",
    version: 2,
    framing: Framing::Json(&["Records"]),
    map: |record| {
        if digest::is_one(record.bytes) {
            digest::drafts(record)
        } else {
            audit::drafts(&SOURCE, record, read)
        }
    },
};

/// Reads one record; none if it is not one.
fn read(value: &Json<'_>) -> Option<Record> {
    let name = text(value, &["eventName"])?;
    let source = text(value, &["eventSource"])?;
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let account = scalar(value, &["recipientAccountId"])
        .or_else(|| scalar(value, &["userIdentity", "accountId"]));
    let system = format!("aws/{}", account.as_deref().unwrap_or("unknown"));
    let actor = actor(value);
    let event = Event { value, service, name, system: &system, actor: actor.as_ref() };
    let facts = event.facts();
    let id = scalar(value, &["eventID"]).map(|id| match &account {
        Some(account) => format!("{account}/{id}"),
        None => id,
    });
    Some(Record {
        id,
        native: format!("{service}/{name}"),
        when: audit::when(value, &["eventTime"]),
        facts,
        system,
        actor,
    })
}

/// The principal id of a session ends in the session's name; what stands before is stable.
fn actor(value: &Json<'_>) -> Option<Who> {
    let who = at(value, &["userIdentity"])?;
    let issuer = match text(who, &["arn"]).and_then(|arn| arn.split(':').nth(1)) {
        Some(partition) if !partition.is_empty() => partition,
        _ => "aws",
    };
    let kind = text(who, &["type"]).unwrap_or_default();
    let id = match kind {
        "AWSService" => text(who, &["invokedBy"]),
        "AWSAccount" => text(who, &["principalId"]).or_else(|| text(who, &["accountId"])),
        _ => text(who, &["arn"])
            .or_else(|| text(who, &["principalId"]))
            .or_else(|| text(who, &["userName"]))
            .or_else(|| text(who, &["accountId"])),
    };
    let kind = match kind {
        "IAMUser" | "Root" | "FederatedUser" | "SAMLUser" | "WebIdentityUser"
        | "IdentityCenterUser" => "human",
        "AWSService" => "service",
        _ => "unknown",
    };
    let mut actor = Who::new(kind, issuer, id)?;
    actor.name = text(who, &["userName"])
        .or_else(|| text(who, &["sessionContext", "sessionIssuer", "userName"]))
        .map(str::to_owned);
    Some(actor)
}

struct Event<'a> {
    value: &'a Json<'a>,
    service: &'a str,
    name: &'a str,
    system: &'a str,
    actor: Option<&'a Who>,
}

/// Whose access a request is about: the member of its parameters.
const PRINCIPALS: &[&str] = &[
    "userName",
    "roleName",
    "groupName",
    "userId",
    "memberId",
    "principalId",
    "instanceProfileName",
];

/// Operations on accounts and entitlements: service, name without versions, object, action.
const ACCESS: &[(&str, &str, &str, &str)] = &[
    ("iam", "CreateUser", "account", "created"),
    ("iam", "UpdateUser", "account", "modified"),
    ("iam", "DeleteUser", "account", "deleted"),
    ("iam", "CreateRole", "account", "created"),
    ("iam", "DeleteRole", "account", "deleted"),
    ("iam", "UpdateAssumeRolePolicy", "entitlement", "modified"),
    ("iam", "CreateLoginProfile", "key", "created"),
    ("iam", "UpdateLoginProfile", "key", "modified"),
    ("iam", "DeleteLoginProfile", "key", "deleted"),
    ("iam", "ChangePassword", "key", "modified"),
    ("signin", "PasswordUpdated", "key", "modified"),
    ("iam", "CreateAccessKey", "key", "created"),
    ("iam", "UpdateAccessKey", "key", "modified"),
    ("iam", "DeleteAccessKey", "key", "deleted"),
    ("iam", "UploadSSHPublicKey", "key", "created"),
    ("iam", "DeleteSSHPublicKey", "key", "deleted"),
    ("iam", "UploadSigningCertificate", "key", "created"),
    ("iam", "DeleteSigningCertificate", "key", "deleted"),
    ("iam", "CreateServiceSpecificCredential", "token", "created"),
    ("iam", "DeleteServiceSpecificCredential", "token", "deleted"),
    ("iam", "EnableMFADevice", "key", "created"),
    ("iam", "DeactivateMFADevice", "key", "disabled"),
    ("iam", "AttachUserPolicy", "entitlement", "granted"),
    ("iam", "AttachRolePolicy", "entitlement", "granted"),
    ("iam", "AttachGroupPolicy", "entitlement", "granted"),
    ("iam", "PutUserPolicy", "entitlement", "granted"),
    ("iam", "PutRolePolicy", "entitlement", "granted"),
    ("iam", "PutGroupPolicy", "entitlement", "granted"),
    ("iam", "AddUserToGroup", "entitlement", "granted"),
    ("iam", "AddRoleToInstanceProfile", "entitlement", "granted"),
    ("iam", "DetachUserPolicy", "entitlement", "revoked"),
    ("iam", "DetachRolePolicy", "entitlement", "revoked"),
    ("iam", "DetachGroupPolicy", "entitlement", "revoked"),
    ("iam", "DeleteUserPolicy", "entitlement", "revoked"),
    ("iam", "DeleteRolePolicy", "entitlement", "revoked"),
    ("iam", "DeleteGroupPolicy", "entitlement", "revoked"),
    ("iam", "RemoveUserFromGroup", "entitlement", "revoked"),
    ("iam", "RemoveRoleFromInstanceProfile", "entitlement", "revoked"),
    ("sso", "CreateAccountAssignment", "entitlement", "granted"),
    ("sso", "DeleteAccountAssignment", "entitlement", "revoked"),
    ("identitystore", "CreateUser", "account", "created"),
    ("identitystore", "UpdateUser", "account", "modified"),
    ("identitystore", "DeleteUser", "account", "deleted"),
    ("identitystore", "CreateGroupMembership", "entitlement", "granted"),
    ("identitystore", "DeleteGroupMembership", "entitlement", "revoked"),
    ("sso-directory", "CreateUser", "account", "created"),
    ("sso-directory", "DeleteUser", "account", "deleted"),
    ("sso-directory", "DisableUser", "account", "disabled"),
    ("sso-directory", "AddMemberToGroup", "entitlement", "granted"),
    ("sso-directory", "RemoveMemberFromGroup", "entitlement", "revoked"),
];

/// What a setting governs: by a word of the operation's name, then by its service.
const CLASSES: &[(&str, &str)] = &[
    ("MFA", "mfa"),
    ("PasswordPolicy", "iam"),
    ("Encryption", "encryption"),
    ("Logging", "logging"),
    ("FlowLogs", "logging"),
    ("QueryLog", "logging"),
    ("ActivityStream", "logging"),
    ("BucketPolicy", "iam"),
    ("ResourcePolicy", "iam"),
    ("RepositoryPolicy", "iam"),
    ("BucketAcl", "iam"),
    ("PublicAccessBlock", "iam"),
    ("SnapshotAttribute", "iam"),
    ("ImageAttribute", "iam"),
    ("Lifecycle", "retention"),
    ("Retention", "retention"),
    ("Versioning", "retention"),
    ("Backup", "retention"),
    ("SecurityGroup", "network"),
    ("NetworkAcl", "network"),
    ("Route", "network"),
    ("Vpc", "network"),
    ("Subnet", "network"),
    ("Gateway", "network"),
    ("TrafficMirror", "network"),
];
const SERVICES: &[(&str, &str)] = &[
    ("iam", "iam"),
    ("sso", "iam"),
    ("organizations", "iam"),
    ("identitystore", "iam"),
    ("sso-directory", "iam"),
    ("cloudtrail", "logging"),
    ("logs", "logging"),
    ("config", "logging"),
    ("guardduty", "logging"),
    ("macie2", "logging"),
    ("securityhub", "logging"),
    ("kms", "encryption"),
    ("acm", "tls"),
    ("waf", "network"),
    ("waf-regional", "network"),
    ("wafv2", "network"),
    ("route53", "network"),
    ("route53resolver", "network"),
    ("codepipeline", "pipeline"),
    ("codebuild", "pipeline"),
    ("secretsmanager", "deploy_secret"),
];

/// Operations that take a protection away.
const WEAKENING: &[&str] = &[
    "DeleteTrail",
    "StopLogging",
    "DeleteFlowLogs",
    "DeleteBucketEncryption",
    "DeleteAccountPasswordPolicy",
    "DeletePublicAccessBlock",
    "DeleteAccountPublicAccessBlock",
    "DeleteDetector",
    "DeleteConfigurationRecorder",
    "StopConfigurationRecorder",
    "DeleteDeliveryChannel",
    "DeleteResolverQueryLogConfig",
    "DeleteLoggingConfiguration",
    "DeleteModelInvocationLoggingConfiguration",
    "DisableKey",
    "ScheduleKeyDeletion",
    "LeaveOrganization",
    "DeleteVirtualMFADevice",
    "DeleteBucketReplication",
    "DeleteBucketLifecycle",
];

impl<'a> Event<'a> {
    fn facts(&self) -> Result<Vec<Fact>, &'static str> {
        if self.service == "signin" && self.name == "ConsoleLogin" {
            return self.login();
        }
        if text(self.value, &["errorCode"]).is_some()
            || text(self.value, &["errorMessage"]).is_some()
        {
            return Err(NOT_DONE);
        }
        // settings are settings whoever changed them; a session is somebody's
        let actor = self.actor.ok_or(NO_ACTOR);
        if let Some((_, _, object, action)) =
            ACCESS.iter().find(|row| row.0 == self.service && row.1 == self.name)
        {
            return self.access(object, action, actor);
        }
        match (self.service, self.name) {
            ("sts", name) if name.starts_with("AssumeRole") || name == "GetFederationToken" => {
                Ok(self.session_token(actor?))
            }
            ("sts", "GetSessionToken") => Ok(self.session_token(actor?)),
            ("ssm", "StartSession" | "ResumeSession" | "SendCommand" | "TerminateSession")
            | ("ecs", "ExecuteCommand") => self.shell(actor?),
            ("ec2-instance-connect", "SendSSHPublicKey" | "SendSerialConsoleSSHPublicKey") => {
                Ok(vec![self.changed("key", "created", actor?.clone(), self.request("instanceId"))])
            }
            ("codedeploy", "CreateDeployment") | ("ecs", "UpdateService" | "CreateService") => {
                self.deployment()
            }
            ("lambda", name) if name.starts_with("UpdateFunctionCode") => self.deployment(),
            _ => self.config(),
        }
    }

    fn request(&self, name: &str) -> Option<&'a str> {
        text(self.value, &["requestParameters", name])
    }

    fn answer(&self, path: &[&str]) -> Option<&'a str> {
        text(self.value.get("responseElements"), path)
    }

    fn login(&self) -> Result<Vec<Fact>, &'static str> {
        if self.answer(&["ConsoleLogin"]) != Some("Success") {
            return Err(NOT_DONE);
        }
        let principal = self.actor.ok_or(NO_ACTOR)?.clone();
        let account = principal.id.clone();
        Ok(vec![Fact::Used { principal, account }])
    }

    fn access(
        &self,
        object: &'static str,
        action: &'static str,
        actor: Result<&Who, &'static str>,
    ) -> Result<Vec<Fact>, &'static str> {
        let named = PRINCIPALS.iter().find_map(|name| self.request(name));
        // a request about one's own credentials names nobody
        let own = named.is_none() && matches!(object, "key" | "token");
        let principal = match named {
            None if own => actor?.clone(),
            named => Who::new("unknown", self.system, named).ok_or(NO_PRINCIPAL)?,
        };
        let action = match self.request("status") {
            Some("Inactive") if self.name == "UpdateAccessKey" => "disabled",
            _ => action,
        };
        let item = ["policyArn", "policyName", "permissionSetArn", "groupName", "groupId"]
            .iter()
            .find_map(|name| self.request(name).filter(|value| *value != principal.id));
        Ok(vec![self.changed(object, action, principal, item)])
    }

    fn changed(
        &self,
        object: &'static str,
        action: &'static str,
        principal: Who,
        item: Option<&str>,
    ) -> Fact {
        let entitlement = item.and_then(|item| {
            Some(Entitlement {
                privileged: privileged(item)?,
                role: item.to_owned(),
                scope: self.system.to_owned(),
            })
        });
        let account = principal.id.clone();
        let item = item.map(str::to_owned);
        Fact::Access { object, action, principal, account, item, entitlement }
    }

    fn session_token(&self, actor: &Who) -> Vec<Fact> {
        let account = self
            .answer(&["assumedRoleUser", "arn"])
            .or_else(|| self.answer(&["federatedUser", "arn"]))
            .or_else(|| self.request("roleArn"))
            .unwrap_or(&actor.id);
        vec![Fact::Access {
            object: "session",
            action: "created",
            principal: actor.clone(),
            account: account.to_owned(),
            item: self.request("roleArn").map(str::to_owned),
            entitlement: None,
        }]
    }

    /// A shell on a machine. The ids of such sessions begin with a login: their digest stands here.
    fn shell(&self, actor: &Who) -> Result<Vec<Fact>, &'static str> {
        let session = self
            .answer(&["sessionId"])
            .or_else(|| self.answer(&["session", "sessionId"]))
            .or_else(|| self.answer(&["command", "commandId"]))
            .or_else(|| self.request("sessionId"))
            .or_else(|| text(self.value, &["eventID"]))
            .ok_or(UNMAPPED)?;
        Ok(vec![Fact::Session {
            phase: if self.name == "TerminateSession" { "closed" } else { "opened" },
            session: audit::digest_of(session.as_bytes()).replace("sha256:", "aws-"),
            principal: actor.clone(),
        }])
    }

    fn deployment(&self) -> Result<Vec<Fact>, &'static str> {
        let (service, environment) = match self.service {
            "codedeploy" => (self.request("applicationName"), self.request("deploymentGroupName")),
            "ecs" => (
                self.request("service").or_else(|| self.request("serviceName")),
                Some(self.request("cluster").unwrap_or("default")),
            ),
            _ => (self.request("functionName"), text(self.value, &["awsRegion"])),
        };
        let deployment = self.answer(&["deploymentId"]).or_else(|| text(self.value, &["eventID"]));
        let (Some(service), Some(environment), Some(deployment)) =
            (service, environment, deployment)
        else {
            return self.config();
        };
        let code = self.answer(&["codeSha256"]);
        let code = code.and_then(|code| ledger_core::encoding::from_base64(code.as_bytes()).ok());
        Ok(vec![Fact::Deployment {
            deployment: deployment.to_owned(),
            service: service.to_owned(),
            environment: format!("{}/{environment}", self.system),
            artifact: code.map(|code| Sha256(code).to_reference()),
            strategy: "other",
        }])
    }

    /// Whatever writes to the management plane changes a setting.
    fn config(&self) -> Result<Vec<Fact>, &'static str> {
        if self.value.get("readOnly").truth() == Some(true) {
            return Err(READ_ONLY);
        }
        let data = text(self.value, &["eventCategory"]) == Some("Data")
            || self.value.get("managementEvent").truth() == Some(false);
        // objects of a bucket are its content
        let content =
            self.service == "s3" && self.name.contains("Object") && !self.name.contains("Lock");
        let Some(action) = audit::verb(self.name).filter(|_| !data && !content) else {
            return Err(UNMAPPED);
        };
        let class = CLASSES
            .iter()
            .find(|(word, _)| self.name.contains(word))
            .or_else(|| SERVICES.iter().find(|(service, _)| *service == self.service))
            .map_or("other", |(_, class)| class);
        let request = at(self.value, &["requestParameters"]);
        Ok(vec![Fact::Config {
            class,
            action,
            item: self.item(),
            before: None,
            after: request.filter(|_| action != "deleted").map(audit::digest),
            weakened: if WEAKENING.contains(&self.name) { "yes" } else { "unknown" },
        }])
    }

    /// The setting: the service and the first name that the request gives.
    fn item(&self) -> String {
        const NAMES: &[&str] = &[
            "bucketName",
            "policyArn",
            "policyName",
            "groupId",
            "trailName",
            "name",
            "functionName",
            "keyId",
            "resourceArn",
            "dBInstanceIdentifier",
            "dBClusterIdentifier",
            "repositoryName",
            "networkAclId",
            "routeTableId",
            "vpcId",
            "sAMLProviderArn",
            "secretId",
            "roleName",
        ];
        let name = NAMES.iter().find_map(|name| self.request(name));
        let resource = || {
            let list = self.value.get("resources").items();
            list.iter().find_map(|item| text(item, &["ARN"]).or_else(|| text(item, &["arn"])))
        };
        let region = text(self.value, &["awsRegion"]).unwrap_or("global");
        match name.or_else(resource) {
            Some(name) => format!("{}/{name}", self.service),
            None => format!("{}/{region}/{}", self.service, self.name),
        }
    }
}

/// Whether a policy that AWS itself manages is privileged; none for anybody else's.
fn privileged(policy: &str) -> Option<bool> {
    let name = policy.rsplit('/').next().unwrap_or(policy);
    let managed = policy.starts_with("arn:aws") && policy.contains(":iam::aws:policy/");
    if matches!(name, "AdministratorAccess" | "PowerUserAccess" | "IAMFullAccess") {
        return Some(true);
    }
    (managed && name.ends_with("ReadOnlyAccess")).then_some(false)
}
