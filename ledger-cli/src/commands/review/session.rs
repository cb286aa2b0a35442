//! Session: items one after the other in a terminal: what is known of each, and what is decided.

use std::io::{BufRead, Write};

use ledger_core::fact::snapshot::ReviewItem;
use ledger_core::review::ruling::{Bench, Draft, Ruled, Ruling, is_override, owes_comment};
use ledger_core::review::standing::Standing;
use ledger_core::schema::review::CertifyDecision;

use crate::clock;
use crate::failure::{Failure, Result};

/// Asks about each item that waits, until there is none or the reviewer stops. What was decided by then
/// is signed.
pub(super) fn ask(standing: &Standing<'_>, bench: &mut Bench<'_, '_>) -> Result<Vec<Ruled>> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stderr();
    talk(standing, bench, &mut input, &mut output)
}

fn talk(
    standing: &Standing<'_>,
    bench: &mut Bench<'_, '_>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Vec<Ruled>> {
    let failed = |error: std::io::Error| Failure::new("io", format!("cannot ask: {error}"));
    let waiting = bench.waiting();
    let mut ruled = Vec::new();
    'items: for (number, (id, _)) in waiting.iter().enumerate() {
        let Some(item) = standing.item(id) else { continue };
        let text = shown(standing, item, number + 1, waiting.len());
        output.write_all(text.as_bytes()).map_err(failed)?;
        loop {
            write!(output, "certify, revoke, modify, skip or end [c/r/m/s/e]? ").map_err(failed)?;
            let Some(word) = line(input).map_err(failed)? else { break 'items };
            let decision = match word.as_str() {
                "c" | "certify" => CertifyDecision::Certify,
                "r" | "revoke" => CertifyDecision::Revoke,
                "m" | "modify" => CertifyDecision::Modify,
                "s" | "skip" => continue 'items,
                "e" | "end" => break 'items,
                _ => continue,
            };
            let against = is_override(decision, standing.recommendation(id));
            let mut comment = None;
            if owes_comment(decision, item.privileged == Some(true), against) {
                write!(output, "why? ").map_err(failed)?;
                let Some(words) = line(input).map_err(failed)? else { break 'items };
                comment = Some(words).filter(|words| !words.is_empty());
            }
            let now = clock::now()?;
            let draft = Draft { item: (*id).to_owned(), decision, comment, at: now };
            match bench.rule(draft, now) {
                Ok(Ruling::Counts(one)) => ruled.push(one),
                Ok(Ruling::Known) => {}
                Err(error) => {
                    writeln!(output, "{error}").map_err(failed)?;
                    continue;
                }
            }
            break;
        }
    }
    Ok(ruled)
}

fn line(input: &mut dyn BufRead) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    Ok((input.read_line(&mut text)? > 0).then(|| text.trim().to_owned()))
}

/// What is known of an item, line by line.
fn shown(standing: &Standing<'_>, item: &ReviewItem, number: usize, of: usize) -> String {
    let mut text = format!("\n{number} of {of}  {}\n", item.item);
    let mut line = |name: &str, words: &str| {
        if !words.is_empty() {
            let _ = std::fmt::Write::write_fmt(&mut text, format_args!("  {name:<14} {words}\n"));
        }
    };
    line("system", &item.system);
    line("account", &item.account);
    line("person", &item.person.map(|who| who.to_string()).unwrap_or_default());
    line("entitlement", item.entitlement.as_deref().unwrap_or("the account itself"));
    line("scope", item.scope.as_deref().unwrap_or_default());
    line("privileged", if item.privileged == Some(true) { "yes" } else { "" });
    if let Some(known) = standing.evidence(&item.item) {
        let time = |at: Option<ledger_core::time::Timestamp>| {
            at.map_or("never seen".to_owned(), |at| at.to_string())
        };
        line("last used", &time(known.usage.last_used));
        line("last deployed", &time(known.usage.last_deployed));
        line("deployments", &known.usage.deployments.to_string());
        line("since the last", known.since.as_str());
        for hint in &known.hints {
            line(&format!("▲ {}", hint.name), &hint.ground());
        }
        line("suggested", known.recommendation.as_str());
    }
    text
}
