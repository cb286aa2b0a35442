//! Value: what the members of a metric come to, for all services together and for each.

use std::collections::BTreeMap;

use super::arithmetic::{hundredths, median, percent, quantile, wilson};
use super::definition::{Aggregation, Definition, Unit};
use super::member::{Adds, Member};
use crate::check::span;

/// What was measured, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The middle.
    pub median: u64,
    /// What nine in ten do not exceed.
    pub p90: u64,
    /// What nineteen in twenty do not exceed.
    pub p95: u64,
    /// The greatest.
    pub greatest: u64,
}

/// What a metric comes to for one service, or all, on one line, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// The service; none for all together.
    pub service: Option<String>,
    /// The line; none for all together.
    pub line: Option<String>,
    /// How many members count.
    pub n: u64,
    /// The numerator; for what is measured how many members were measured.
    pub numerator: u64,
    /// The denominator; for what is measured how many members there are, with those that cannot be told.
    pub denominator: u64,
    /// What was measured; none where it is counted, or of nothing.
    pub spread: Option<Spread>,
    /// The Wilson interval of 95 %, in ten-thousandths, where the metric asks for it.
    pub interval: Option<(u64, u64)>,
    /// Whether enough members count for the value to mean something.
    pub meaningful: bool,
    /// Members of which evidence is missing, by reason.
    pub unknown: BTreeMap<&'static str, u64>,
    /// Members that the metric is not about, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// What has to be known beside it.
    pub beside: BTreeMap<&'static str, u64>,
    /// The value in a word, where the metric has one.
    pub word: Option<&'static str>,
}

/// What is gathered for one value.
#[derive(Default)]
struct Sum {
    value: Value,
    measured: Vec<u64>,
}

impl Sum {
    fn take(&mut self, member: &Member) {
        self.add(&member.adds);
        for what in &member.beside {
            *self.value.beside.entry(what).or_default() += 1;
        }
    }

    fn add(&mut self, adds: &Adds) {
        let value = &mut self.value;
        match adds {
            Adds::Share { numerator, denominator } => {
                value.n += 1;
                value.numerator = value.numerator.saturating_add(*numerator);
                value.denominator = value.denominator.saturating_add(*denominator);
            }
            Adds::Measured(micros) => {
                value.n += 1;
                self.measured.push(*micros);
            }
            Adds::Unknown(why) => *value.unknown.entry(why).or_default() += 1,
            Adds::LeftOut(why) => *value.left_out.entry(why).or_default() += 1,
        }
    }
}

/// All values of a metric, while they are gathered: by service and line.
#[derive(Default)]
pub(super) struct Tally<'t> {
    sums: BTreeMap<(Option<&'t str>, Option<&'t str>), Sum>,
}

impl<'t> Tally<'t> {
    /// Shows a service even where it has no member.
    pub(super) fn show(&mut self, service: &'t str) {
        self.sums.entry((Some(service), None)).or_default();
    }

    /// Takes a member in: for all, for each of its services, and on its line.
    pub(super) fn take(&mut self, member: &'t Member) {
        let own = member.services.iter().map(|service| Some(service.as_str()));
        for service in [None].into_iter().chain(own) {
            self.put(service, member.line.as_deref(), &mut |sum| sum.take(member));
        }
    }

    /// Takes in something of which there are too many for a member each.
    pub(super) fn add(&mut self, service: Option<&'t str>, line: &'t str, adds: &Adds) {
        for service in [None].into_iter().chain(service.map(Some)) {
            self.put(service, Some(line), &mut |sum| sum.add(adds));
        }
    }

    fn put(
        &mut self,
        service: Option<&'t str>,
        line: Option<&'t str>,
        to: &mut dyn FnMut(&mut Sum),
    ) {
        to(self.sums.entry((service, None)).or_default());
        if line.is_some() {
            to(self.sums.entry((service, line)).or_default());
        }
    }

    /// The values: first for all, then by service; each first as a whole, then by line.
    pub(super) fn values(
        mut self,
        definition: &Definition,
        minimum: u64,
        interval: bool,
    ) -> Vec<Value> {
        self.sums.entry((None, None)).or_default();
        let mut values: Vec<Value> = Vec::with_capacity(self.sums.len());
        let mut whole = 0;
        for ((service, line), sum) in self.sums {
            let mut value = finished(definition, minimum, sum);
            value.service = service.map(str::to_owned);
            value.line = line.map(str::to_owned);
            if line.is_none() {
                whole = value.denominator;
            } else if definition.aggregation == Aggregation::Count {
                value.denominator = whole;
            }
            if interval {
                value.interval = wilson(value.numerator, value.denominator);
            }
            values.push(value);
        }
        values
    }
}

fn finished(definition: &Definition, minimum: u64, sum: Sum) -> Value {
    let Sum { mut value, mut measured } = sum;
    if definition.aggregation.measures() {
        measured.sort_unstable();
        value.numerator = value.n;
        value.denominator = value.n + value.unknown.values().sum::<u64>();
        let ends = (median(&measured), quantile(&measured, 90), quantile(&measured, 95));
        if let ((Some(median), Some(p90), Some(p95)), Some(greatest)) = (ends, measured.last()) {
            value.spread = Some(Spread { median, p90, p95, greatest: *greatest });
        }
    }
    if definition.unit == Unit::PerDay {
        value.n = value.denominator;
    }
    // a count is what it is, however small
    value.meaningful = definition.aggregation == Aggregation::Count || value.n >= minimum;
    value
}

impl Value {
    /// The value in the words of a report, without its two numbers.
    pub fn words(&self, definition: &Definition) -> String {
        let (count, of) = (self.numerator, self.denominator);
        let told = match (definition.aggregation, definition.unit) {
            (Aggregation::Count, _) => Some(count.to_string()),
            (Aggregation::Ratio, Unit::Share) => percent(count, of),
            (Aggregation::Ratio, _) => hundredths(count, of),
            (Aggregation::Median, _) => self.spread.map(|spread| span(spread.median)),
            (Aggregation::P90, _) => self.spread.map(|spread| span(spread.p90)),
            (Aggregation::P95, _) => self.spread.map(|spread| span(spread.p95)),
        };
        match told {
            None => "nothing to measure".to_owned(),
            Some(_) if !self.meaningful => "not meaningful".to_owned(),
            Some(told) => told,
        }
    }

    /// The two numbers, as they stand beside every value: `3/8`.
    pub fn pair(&self) -> String {
        format!("{}/{}", self.numerator, self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn definition(unit: Unit, aggregation: Aggregation) -> Definition {
        let text = || "x".to_owned();
        Definition {
            id: text(),
            title: text(),
            numerator: text(),
            denominator: text(),
            unit,
            aggregation,
            version: text(),
            notes: String::new(),
        }
    }

    fn member(adds: Adds, services: &[&str]) -> Member {
        Member::new("i", Timestamp::from_micros(1).unwrap(), adds).of(services.iter().copied())
    }

    #[test]
    fn what_cannot_be_told_is_counted_apart() {
        let members = [
            member(Adds::one(true), &["a", "b"]),
            member(Adds::one(false), &["a"]),
            member(Adds::Unknown("no end"), &["a"]),
            member(Adds::LeftOut("elsewhere"), &[]),
        ];
        let share = definition(Unit::Share, Aggregation::Ratio);
        let mut tally = Tally::default();
        tally.show("idle");
        for member in &members {
            tally.take(member);
        }
        let values = tally.values(&share, 2, false);
        let told: Vec<(Option<&str>, String, String)> =
            values.iter().map(|v| (v.service.as_deref(), v.pair(), v.words(&share))).collect();
        assert_eq!(
            told,
            [
                (None, "1/2".to_owned(), "50.0 %".to_owned()),
                (Some("a"), "1/2".to_owned(), "50.0 %".to_owned()),
                (Some("b"), "1/1".to_owned(), "not meaningful".to_owned()),
                (Some("idle"), "0/0".to_owned(), "nothing to measure".to_owned()),
            ]
        );
        assert_eq!(values[0].unknown, BTreeMap::from([("no end", 1)]));
        assert_eq!(values[0].left_out, BTreeMap::from([("elsewhere", 1)]));
        assert_eq!(values[2].unknown, BTreeMap::new());
    }

    #[test]
    fn what_is_measured_says_of_how_many() {
        let spans = definition(Unit::Seconds, Aggregation::Median);
        let mut members: Vec<Member> =
            (1..=5).map(|n| member(Adds::Measured(n * 1_000_000), &[])).collect();
        members.push(member(Adds::Unknown("no start"), &[]));
        let mut tally = Tally::default();
        for member in &members {
            tally.take(member);
        }
        let values = tally.values(&spans, 5, false);
        let spread = values[0].spread.unwrap();
        assert_eq!((spread.median, spread.p90, spread.greatest), (3_000_000, 5_000_000, 5_000_000));
        assert_eq!(
            (values[0].pair(), values[0].words(&spans)),
            ("5/6".to_owned(), "3 s".to_owned())
        );
    }
}
