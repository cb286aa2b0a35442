//! A word on a forked stream counts with its evidence only.

use super::*;

/// What the log keeps of the other event: signed, without what it seals.
fn kept(event: &Submission, owner: &SigningKey) -> Vec<u8> {
    let signature = ledger_core::encoding::base64(&event.signatures[0]);
    let body = std::str::from_utf8(&event.event).unwrap();
    format!(
        r#"{{"event":{body},"signatures":[{{"key":"{}","sig":"{signature}"}}]}}"#,
        owner.public().id()
    )
    .into_bytes()
}

struct Story {
    store: Memory,
    world: World,
    ledger: Ledger,
    stream: String,
    /// The entries of the stream's events.
    indexes: Vec<u64>,
    /// The second event as it was recorded, and another for the same place.
    first: Submission,
    other: Submission,
    elsewhere: Submission,
}

fn story() -> Story {
    let (store, mut world, mut ledger) = start();
    let gossip = world.register(&key("gossip"), r#""service":"gossip""#, r#"["append:a.*"]"#);
    world.offer(&mut ledger, gossip).unwrap();
    let mut producer = Producer::new(key("pipeline"), 1);
    let begun = producer.next(&mut world, false);
    let draft = world.finished("failed");
    let other = producer.here(&mut world, &draft);
    let first = producer.next(&mut world, false);
    let elsewhere = Producer::new(key("pipeline"), 2).here(&mut world, &draft);
    let mut indexes = Vec::new();
    for event in [begun, first.clone()] {
        indexes.push(world.offer(&mut ledger, event).unwrap().index);
    }
    assert_eq!(refused(&mut world, &mut ledger, other.clone()), "stream-fork");
    let name = ledger.entry(indexes[0], |entry| entry.event.stream.name.to_owned()).unwrap();
    Story { store, world, ledger, stream: name, indexes, first, other, elsewhere }
}

impl Story {
    fn claim(&mut self, by: &SigningKey, first_index: u64, bytes: &[u8]) -> Submission {
        let digest = Sha256::of(bytes).to_reference();
        let (at, stream) = (time(self.world.next()), &self.stream);
        let draft = value(&format!(
            r#"{{"type":"stream.forked","occurred_at":"{at}","subject":{{"stream":"{stream}"}},
                "data":{{"seq":1,"first_index":{first_index},"conflicting":"{digest}"}}}}"#
        ));
        self.world.sign(&draft, &[by])
    }

    fn put(&self, bytes: &[u8]) {
        ledger_core::blob::put(&self.store, bytes).unwrap();
    }
}

#[test]
fn a_made_up_fork_does_not_keep_the_real_one_out() {
    let mut story = story();
    let (owner, gossip) = (key("pipeline"), key("gossip"));
    let at = story.indexes[1];
    let mut forged = story.other.clone();
    forged.signatures = vec![signatures(&forged.event, &[&gossip])[0].bytes];
    for (bytes, first, why) in [
        (b"{}".to_vec(), at, "no signed event"),
        (b"not even JSON".to_vec(), at, "no signed event"),
        (kept(&forged, &owner), at, "own key did not sign"),
        (kept(&story.other, &gossip), at, "own key did not sign"),
        (kept(&story.elsewhere, &owner), at, "of another place"),
        (kept(&story.first, &owner), at, "contradicts none"),
        (kept(&story.other, &owner), 1, "no neighbour"),
    ] {
        story.put(&bytes);
        let claim = story.claim(&gossip, first, &bytes);
        let error = story.world.offer(&mut story.ledger, claim).unwrap_err();
        assert_eq!(error.code(), "fork-evidence", "{why}: {error}");
        assert!(error.message().contains(why), "{why}: {error}");
    }
    let bytes = kept(&story.other, &owner);
    story.store.remove(&ledger_core::blob::file(Sha256::of(&bytes))).unwrap();
    let claim = story.claim(&gossip, at, &bytes);
    assert_eq!(refused(&mut story.world, &mut story.ledger, claim), "fork-evidence");
    // the evidence beside it, anybody may say it, and once is enough
    story.put(&bytes);
    let claim = story.claim(&gossip, at, &bytes);
    let receipt = story.world.offer(&mut story.ledger, claim).unwrap();
    let again = story.claim(&owner, at, &bytes);
    assert!(story.world.offer(&mut story.ledger, again).unwrap().known);
    assert_eq!(faults(&story.store, &story.ledger), []);
    // evidence that is gone shows nothing, and is no fault; other bytes in its place are one
    let file = ledger_core::blob::file(Sha256::of(&bytes));
    story.store.remove(&file).unwrap();
    let report = verified(&story.store, story.ledger.origin(), &[]).unwrap();
    let codes: Vec<_> = report.notices.iter().map(|notice| notice.code).collect();
    assert!(report.faults.is_empty() && codes.contains(&"fork-unproven"), "{report:?}");
    story.store.write(&file, 0, b"{}").unwrap();
    let found = faults(&story.store, &story.ledger);
    assert_eq!(found, [("attachment-digest", Some(receipt.index))]);
}

#[test]
fn a_made_up_fork_that_was_planted_is_found() {
    let mut story = story();
    let gossip = key("gossip");
    let bytes = kept(&story.elsewhere, &key("pipeline"));
    story.put(&bytes);
    let claim = story.claim(&gossip, story.indexes[1], &bytes);
    let at = plant(&story.store, &claim.event, &[], &of(&claim, &[&gossip]));
    assert_eq!(faults(&story.store, &story.ledger), [("fork-evidence", Some(at))]);
}
