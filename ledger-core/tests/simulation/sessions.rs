//! Long seeded sessions of two processes, compared with a plain list of events.

use super::*;

/// What a long session should have made: events in the order of their entries.
struct Model {
    world: World,
    disk: SimulatedDisk,
    ledgers: Vec<Ledger>,
    entries: Vec<Vec<u8>>,
    receipts: Receipts,
    sent: Vec<Submission>,
    streams: Vec<Growing>,
    /// source id → original → event.
    imports: Vec<(u64, u64)>,
    memory: Option<signer::Memory>,
}

/// A stream, all events signed for it, and which of them were delivered.
struct Growing {
    producer: Producer,
    places: Vec<Position>,
    events: Vec<(Submission, bool)>,
    ended: bool,
}

impl Model {
    fn new() -> Self {
        let disk = SimulatedDisk::new();
        let (mut world, mut ledger) = World::create(Arc::new(disk.clone())).unwrap();
        let relay =
            world.register(&key("relay"), r#""service":"connector""#, r#"["relay:github"]"#);
        world.offer(&mut ledger, relay).unwrap();
        let entries = world::events_of(&ledger).unwrap();
        let second = Ledger::open(Arc::new(disk.clone())).unwrap();
        Self {
            world,
            disk,
            ledgers: vec![ledger, second],
            entries,
            receipts: Receipts::new(),
            sent: Vec::new(),
            streams: Vec::new(),
            imports: Vec::new(),
            memory: None,
        }
    }

    /// Delivers events; each must be new and come next, or be known by its first receipt.
    fn accepted(&mut self, who: usize, events: Vec<Submission>) {
        let receipts = self.world.append(&mut self.ledgers[who], events.clone()).unwrap();
        for (event, receipt) in events.into_iter().zip(receipts) {
            let receipt = receipt.unwrap();
            let seen = (receipt.index, receipt.hash);
            if let Some(first) = self.receipts.get(&Blake3::of(&event.event)) {
                assert_eq!((*first, true), (seen, receipt.known));
            } else {
                assert_eq!((receipt.index, receipt.known), (self.entries.len() as u64, false));
                self.entries.push(event.event.clone());
                self.receipts.insert(Blake3::of(&event.event), seen);
                self.sent.push(event);
            }
        }
    }

    fn refused(&mut self, who: usize, event: Submission, code: &str) {
        let refused = self.world.offer(&mut self.ledgers[who], event).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
    }

    fn reopen(&mut self) {
        let opened = (0..2).map(|_| Ledger::open(Arc::new(self.disk.clone())).unwrap());
        self.ledgers = opened.collect();
    }

    fn step(&mut self, dice: &mut Dice) -> &'static str {
        let who = usize::try_from(dice.below(2)).unwrap();
        match dice.below(13) {
            0 => self.one_shots(who, dice),
            1 | 2 => self.grow(who, dice),
            3 => self.gap(who, dice),
            4 => self.late(who, dice),
            5 => self.again(who, dice),
            6 => self.fork(who, dice),
            7 => self.import(who, dice),
            8 => {
                self.ledgers[who].catch_up(1, 64).unwrap();
                "catch up"
            }
            9 => {
                if dice.once_in(3) {
                    for file in self.disk.list("index").unwrap() {
                        self.disk.remove(&format!("index/{file}")).unwrap();
                    }
                }
                self.reopen();
                "reopen"
            }
            10 => {
                self.disk = self.disk.crash(dice.below(1 << 40));
                self.reopen();
                self.ledgers[who].recover().unwrap();
                "power cut"
            }
            11 => {
                checkpoint(
                    &{ Ledger::open(Arc::new(self.disk.clone())).unwrap() },
                    &mut self.memory,
                )
                .unwrap();
                "checkpoint"
            }
            _ => self.fail_a_sync(who, dice),
        }
    }

    fn one_shots(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let events = (0..=dice.below(3)).map(|_| self.world.deployment()).collect();
        self.accepted(who, events);
        "one-shots"
    }

    /// Signs the next events of a stream, and remembers them as not delivered.
    fn sign_more(&mut self, dice: &mut Dice, count: u64, may_end: bool) -> usize {
        let open: Vec<usize> =
            (0..self.streams.len()).filter(|at| !self.streams[*at].ended).collect();
        let number = if open.is_empty() || (open.len() < 4 && dice.once_in(3)) {
            let producer = Producer::new(key("pipeline"), 100 + self.streams.len() as u64);
            self.streams.push(Growing {
                producer,
                places: Vec::new(),
                events: Vec::new(),
                ended: false,
            });
            self.streams.len() - 1
        } else {
            open[usize::try_from(dice.below(open.len() as u64)).unwrap()]
        };
        let stream = &mut self.streams[number];
        for _ in 0..count {
            let is_final = may_end && !stream.ended && dice.once_in(12);
            if stream.ended {
                break;
            }
            stream.places.push(stream.producer.position.clone());
            let event = stream.producer.next(&mut self.world, is_final);
            stream.events.push((event, false));
            stream.ended = is_final;
        }
        number
    }

    fn grow(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let count = 1 + dice.below(3);
        let number = self.sign_more(dice, count, true);
        let all: Vec<Submission> = self.streams[number]
            .events
            .iter_mut()
            .filter(|(_, delivered)| !*delivered)
            .map(|(event, delivered)| {
                *delivered = true;
                event.clone()
            })
            .collect();
        self.accepted(who, all);
        "grow"
    }

    fn gap(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let number = self.sign_more(dice, 3, false);
        let Some((event, delivered)) = self.streams[number].events.last_mut() else {
            return "gap of none";
        };
        *delivered = true;
        let event = event.clone();
        self.accepted(who, vec![event]);
        "gap"
    }

    fn late(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let missing: Vec<(usize, usize)> = self
            .streams
            .iter()
            .enumerate()
            .flat_map(|(number, stream)| {
                let open =
                    stream.events.iter().enumerate().filter(|(_, (_, delivered))| !delivered);
                open.map(move |(at, _)| (number, at))
            })
            .collect();
        if missing.is_empty() {
            return "late: none";
        }
        let (number, at) = missing[usize::try_from(dice.below(missing.len() as u64)).unwrap()];
        // another event for the open place does not fit between its neighbours
        let stream = &self.streams[number];
        let follows = stream.events.get(at + 1).is_some_and(|(_, delivered)| *delivered);
        let draft = self.world.finished("aborted");
        let producer = Producer { key: key("pipeline"), position: stream.places[at].clone() };
        let other = producer.here(&mut self.world, &draft);
        if follows {
            self.refused(who, other, "stream-fork");
        }
        let (event, delivered) = &mut self.streams[number].events[at];
        *delivered = true;
        let event = event.clone();
        self.accepted(who, vec![event]);
        "late"
    }

    fn again(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        if self.sent.is_empty() {
            return "again: none";
        }
        let mut pick =
            || self.sent[usize::try_from(dice.below(self.sent.len() as u64)).unwrap()].clone();
        let events = vec![pick(), pick()];
        self.accepted(who, events);
        "again"
    }

    fn fork(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let draft = self.world.finished("failed");
        let Some(stream) = self.streams.get(usize::try_from(dice.below(4)).unwrap()) else {
            return "fork: none";
        };
        let taken: Vec<usize> =
            (0..stream.events.len()).filter(|at| stream.events[*at].1).collect();
        if taken.is_empty() {
            return "fork: none";
        }
        let at = taken[usize::try_from(dice.below(taken.len() as u64)).unwrap()];
        let producer = Producer { key: key("pipeline"), position: stream.places[at].clone() };
        let after_end =
            stream.ended && stream.events.last().is_some_and(|(_, delivered)| *delivered);
        let beyond = Producer { key: key("pipeline"), position: stream.producer.position.clone() };
        let fork = producer.here(&mut self.world, &draft);
        self.refused(who, fork, "stream-fork");
        if after_end {
            let mut beyond = beyond;
            beyond.position.is_final = false;
            let event = beyond.here(&mut self.world, &draft);
            self.refused(who, event, "stream-ended");
        }
        "fork"
    }

    /// A record of the source, by its number and the version of its original.
    fn imported(&mut self, id: u64, original: u64) -> Submission {
        let mut draft = self.world.finished("succeeded");
        let Value::Object(members) = &mut draft else { unreachable!() };
        members.insert("source".to_owned(), Value::text("github"));
        members.insert("source_id".to_owned(), Value::text(format!("run-{id}")));
        members.insert("ordinal".to_owned(), Value::count(0));
        members.insert("adapter".to_owned(), Value::text("github-actions"));
        let original = ledger_core::encoding::base64(&seed("original", id * 1000 + original));
        members.insert("original".to_owned(), Value::text(original));
        self.world.sign(&draft, &[&key("relay")])
    }

    fn import(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let known = usize::try_from(dice.below(self.imports.len() as u64 + 1)).unwrap();
        let Some((index, original)) = self.imports.get(known).copied() else {
            let id = self.imports.len() as u64;
            self.imports.push((self.entries.len() as u64, 0));
            let event = self.imported(id, 0);
            self.accepted(who, vec![event]);
            return "import";
        };
        let again = self.imported(known as u64, original);
        let receipt = self.world.offer(&mut self.ledgers[who], again).unwrap();
        assert_eq!(
            (receipt.index, receipt.known),
            (index, true),
            "the same record, imported again"
        );
        let other = self.imported(known as u64, original + 1);
        self.refused(who, other, "source-conflict");
        "import again"
    }

    fn fail_a_sync(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let event = self.world.deployment();
        self.disk.fail_sync(dice.below(5));
        let outcome = self.world.append(&mut self.ledgers[who], vec![event.clone()]);
        let failed = outcome.is_err();
        if let Ok(receipts) = outcome {
            // enough syncs succeeded: the failing one is still to come, in another step
            let receipt = receipts.into_iter().next().unwrap().unwrap();
            self.entries.push(event.event.clone());
            self.receipts.insert(Blake3::of(&event.event), (receipt.index, receipt.hash));
            self.sent.push(event.clone());
        }
        // no coming sync fails
        self.disk.fail_sync(u64::MAX / 2);
        if failed {
            let other = 1 - who;
            let more = self.world.deployment();
            self.refused(other, more, "poisoned");
            let again = self.world.deployment();
            self.refused(who, again, "poisoned");
            if dice.once_in(2) {
                self.disk = self.disk.crash(dice.below(1 << 40));
                self.reopen();
            }
            self.ledgers[other].recover().unwrap();
            self.ledgers[who].recover().unwrap();
            // it may be there or not; delivered again, it is there once
            self.ledgers[who].refresh().unwrap();
            if self.ledgers[who].size() > self.entries.len() as u64 {
                let at = self.entries.len() as u64;
                let line = self.ledgers[who].line(at).unwrap();
                self.receipts.insert(Blake3::of(&event.event), (at, Blake3::of(&line)));
                self.entries.push(event.event.clone());
                self.sent.push(event.clone());
            }
            self.accepted(who, vec![event]);
            return "failed sync";
        }
        "slow sync"
    }

    fn check(&mut self) -> Finding {
        sound(self.ledgers[0].origin(), &self.disk, &self.receipts, "verify")?;
        for ledger in &mut self.ledgers {
            ledger.refresh().map_err(said("refresh"))?;
            let events = world::events_of(ledger).map_err(said("read"))?;
            if events != self.entries {
                return Err(format!(
                    "{} entries, {} expected, or others",
                    events.len(),
                    self.entries.len()
                ));
            }
        }
        Ok(())
    }
}

#[test]
fn long_sessions_of_two_processes_are_what_the_model_says() {
    for seed in seeds("sessions", 0..6) {
        let mut dice = Dice(seed);
        let mut model = Model::new();
        let mut steps = Vec::new();
        for number in 0..90 {
            let step =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model.step(&mut dice)));
            let Ok(step) = step else { panic!("seed {seed}, step {number}, after {steps:?}") };
            steps.push(step);
            if let Err(finding) = model.check() {
                panic!("seed {seed}, step {number}: {finding}\nafter {steps:?}");
            }
        }
        println!("seed {seed}: {} entries", model.entries.len());
    }
}
