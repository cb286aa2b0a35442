//! The company: who works in it, what it runs, and when.

use ledger_core::encoding::hex;
use ledger_core::hash::Sha256;

pub(super) const MINUTE: u64 = 60_000_000;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;
/// 2026-07-01T00:00:00Z, a Wednesday: the quarter begins.
pub(super) const QUARTER: u64 = 1_782_864_000_000_000;
/// The company begins to keep a ledger: 2026-06-15T08:00:00Z.
pub(super) const BEGINS: u64 = QUARTER - 16 * DAY + 8 * HOUR;
/// The days of the quarter.
pub(super) const DAYS: u64 = 92;
/// How many people work there; the number of a person is from 1.
pub(super) const PEOPLE: usize = 40;
/// Those two hold the root keys and sign rules together.
pub(super) const ROOTS: [usize; 2] = [1, 2];
/// She answers for compliance.
pub(super) const COMPLIANCE: usize = 39;
/// She answers for security and privacy.
pub(super) const SECURITY: usize = 40;

/// Invented people.
const NAMES: [&str; PEOPLE] = [
    "Ada Okafor",
    "Bela Nagy",
    "Carla Brandt",
    "Dov Levin",
    "Elin Strand",
    "Farid Aziz",
    "Gita Rao",
    "Hugo Marin",
    "Ines Costa",
    "Jan Dvorak",
    "Kaja Lind",
    "Leo Rossi",
    "Mina Sato",
    "Nils Berg",
    "Olga Petrova",
    "Paul Keller",
    "Qing Wu",
    "Rosa Vidal",
    "Sami Niemi",
    "Tara Quinn",
    "Uma Das",
    "Vera Novak",
    "Will Hart",
    "Xenia Roth",
    "Yara Haddad",
    "Zeno Fabri",
    "Anna Weiss",
    "Bruno Alves",
    "Chloe Martin",
    "Dario Conti",
    "Eva Horvat",
    "Finn Olsen",
    "Greta Falk",
    "Hana Ito",
    "Ivo Jansen",
    "Julia Kowal",
    "Karl Meier",
    "Lina Sousa",
    "Maya Cohen",
    "Noor Visser",
];

/// A system, and the people who work on it.
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) region: &'static str,
    pub(super) regimes: &'static str,
    pub(super) services: [&'static str; 3],
}

pub(super) const SYSTEMS: [System; 4] = [
    System {
        name: "payments",
        region: "eu-central-1",
        regimes: r#""sox""#,
        services: ["cards", "payouts", "ledgerbook"],
    },
    System {
        name: "shop",
        region: "us-east-1",
        regimes: r#""sox","personal_data""#,
        services: ["checkout", "catalogue", "pricing"],
    },
    System {
        name: "care",
        region: "us-west-2",
        regimes: r#""sox","ephi","personal_data""#,
        services: ["portal", "records", "visits"],
    },
    System {
        name: "core",
        region: "eu-west-1",
        regimes: r#""sox","personal_data""#,
        services: ["identity", "reports", "notices"],
    },
];

/// What reads schedules, listings and heartbeats.
pub(super) const SCHEDULER: &str =
    r#"{"kind":"service","id":{"issuer":"ci","id":"scheduler"},"auth":"key"}"#;

/// The place of a service among all, from 0, as its system and name.
pub(super) fn service(place: u64) -> (usize, &'static str) {
    let place = usize::try_from(place % 12).unwrap_or(0);
    let system = place % SYSTEMS.len();
    let name = SYSTEMS.get(system).and_then(|system| system.services.get(place / SYSTEMS.len()));
    (system, name.copied().unwrap_or_default())
}

/// Owns a system, and manages who works on it.
pub(super) fn owner(system: usize) -> usize {
    3 + system
}

/// Approves releases of a system; there are two.
pub(super) fn release_manager(system: usize, turn: u64) -> usize {
    7 + 2 * system + usize::from(turn % 2 == 1)
}

/// Carries out grants of a system.
pub(super) fn access_admin(system: usize) -> usize {
    15 + system
}

/// Sets deployments of a system running.
pub(super) fn release_engineer(system: usize) -> usize {
    19 + system
}

/// Writes code of a system; there are four, and the last of them is otherwise busy.
pub(super) fn developer(system: usize, turn: u64) -> usize {
    23 + 4 * system + usize::try_from(turn % 3).unwrap_or(0)
}

/// The system that somebody works on.
pub(super) fn system_of(person: usize) -> Option<usize> {
    match person {
        3..=6 => Some(person - 3),
        7..=14 => Some((person - 7) / 2),
        15..=18 => Some(person - 15),
        19..=22 => Some(person - 19),
        23..=38 => Some((person - 23) / 4),
        _ => None,
    }
}

/// What somebody may do on their system, whether that is privileged, and what duty it is.
pub(super) fn role(person: usize) -> Option<(&'static str, bool)> {
    Some(match person {
        3..=6 => ("reader", false),
        7..=14 => ("release-manager", true),
        15..=18 => ("access-admin", true),
        19..=22 | 38 => ("deployer", true),
        23..=38 => ("committer", false),
        _ => return None,
    })
}

/// Whom somebody reports to.
pub(super) fn manager(person: usize) -> Option<usize> {
    match person {
        1 => None,
        3..=6 | 2 | COMPLIANCE | SECURITY => Some(1),
        _ => system_of(person).map(owner),
    }
}

/// A person's name.
pub(super) fn name(person: usize) -> &'static str {
    NAMES.get(person.wrapping_sub(1)).copied().unwrap_or("Nobody")
}

/// The number of a person in the personnel office.
pub(super) fn number(person: usize) -> String {
    format!("10{person:02}")
}

/// A person, as events name them.
pub(super) fn who(person: usize) -> String {
    format!(r#"{{"issuer":"hr","id":"{}"}}"#, number(person))
}

/// A person who acts.
pub(super) fn human(person: usize) -> String {
    format!(r#"{{"kind":"human","id":{},"auth":"key"}}"#, who(person))
}

/// A digest of the company, by what it is of.
pub(super) fn digest(of: &str, number: u64) -> String {
    format!("sha256:{}", hex(&hash(of, number)))
}

/// A commit of the company.
pub(super) fn commit(number: u64) -> String {
    hex(&hash("commit", number)).chars().take(40).collect()
}

fn hash(of: &str, number: u64) -> [u8; 32] {
    Sha256::of_parts(&[b"company\n", of.as_bytes(), b"\n", &number.to_be_bytes()]).0
}

/// Whether a day of the quarter, from 0, is one of work.
pub(super) fn works(day: u64) -> bool {
    // the first one is a Wednesday
    !matches!(day % 7, 3 | 4)
}

/// What a service's container is started with, as the cluster lists it.
pub(super) fn container(service: &str) -> String {
    format!(r#"{{"image":"registry.example.com/{service}","name":"main"}}"#)
}

/// The digest of that.
pub(super) fn configuration(service: &str) -> String {
    Sha256::of(container(service).as_bytes()).to_reference()
}

/// The gates that the company asks for, as its policy lists them.
pub(super) const GATES: &str = r#"{"gate":"privacy-check","kind":"privacy"}
{"gate":"security-scan","kind":"security"}
{"gate":"unit-tests","kind":"quality"}
"#;

/// The digest of that list.
pub(super) fn gates_digest() -> String {
    Sha256::of(GATES.as_bytes()).to_reference()
}
