//! Who gets what: the allocation of a log's decisions under limits, its totals, and its prices.

use super::limits::{LimitSpec, Limits, Of};
use super::offers::{Offers, Scored};
use super::plan::Plan;
use super::price::Prices;
use guerdon_budget::{Allocation, Limit};
use guerdon_core::{Error, Progress, Result};
use guerdon_data::{AllocationRow, AllocationWriter, LogBatch, LogReader};
use guerdon_policy::Policy;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What may be spent.
#[derive(Debug, Clone, Default)]
pub struct AllocateOptions {
    /// Expected cost of rewards in all, in major units.
    pub budget: Option<f64>,
    /// Expected cost of rewards for each decision; with a budget too, the smaller of both counts.
    pub per_decision: Option<f64>,
    /// Other limits.
    pub limits: Limits,
}

/// Expected sums over all decisions. Money is in major units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Net value.
    pub value: f64,
    /// Cost of rewards.
    pub cost: f64,
    /// Points liability.
    pub liability: f64,
    /// Offers sent.
    pub sends: u64,
}

/// What one limit used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitUse {
    /// Its name.
    pub name: String,
    /// The least that it asks for.
    pub at_least: Option<f64>,
    /// The most that it allows.
    pub at_most: Option<f64>,
    /// What the allocation uses.
    pub used: f64,
    /// Net value that one more unit would bring; below 0 where a floor binds.
    pub price: f64,
}

/// An allocation, in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Allocated {
    /// The policy that said what to expect.
    pub policy: String,
    /// Decisions allocated.
    pub decisions: u64,
    /// Expected sums under the allocation.
    pub totals: Totals,
    /// Expected sums where every decision takes the policy's best action and nothing is limited.
    pub unlimited: Totals,
    /// No allocation within the limits has a higher expected value than this.
    pub bound: f64,
    /// (bound − value) / |bound|.
    pub gap: f64,
    /// Every limit.
    pub limits: Vec<LimitUse>,
    /// The prices that a policy can carry.
    pub prices: Prices,
    /// Limits that bind and whose prices no bundle can carry: of sends, of segments, and floors.
    pub not_carried: Vec<String>,
    /// Decisions by action, in the catalogue's order of names.
    pub actions: BTreeMap<String, u64>,
}

/// Gives every decision of `log` an action by what `policy` expects, so that expected net value is greatest and every
/// limit holds; writes a row a decision to `out`, if given. Prices in the bundle are set aside. Memory does not grow with
/// the log: scores of small logs are kept, of large ones made anew at each of the solver's readings.
///
/// # Errors
/// [`Error::Config`] for limits that are none, name what there is not, or can't be met; [`Error::Mismatch`] for a policy
/// and a log that do not belong together, or a policy that predicts no outcomes; [`Error::Write`]; what reading gives.
pub fn allocate(
    policy: &Policy,
    log: &LogReader,
    options: &AllocateOptions,
    out: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Allocated> {
    crate::evaluate::check_fit(policy.version(), policy, log.meta())?;
    let limits = with_budget(options, log.rows())?;
    let plan = Plan::new(&limits, policy)?;
    let offers = Offers::new(log, policy, &plan)?;
    let (decisions, of_segments) = counts(log, &plan)?;
    let given = plan.limits(decisions, &of_segments)?;
    progress.start("allocating", None);
    let best = match offers.kept()? {
        Some(batches) => Allocation::solve(&batches, &given)?,
        None => Allocation::solve(&offers, &given)?,
    };
    progress.finish();
    let mut sums = Sums::new(&offers);
    let mut writer = out.map(AllocationWriter::create).transpose()?;
    progress.start("writing the allocation", Some(log.rows()));
    offers.each(|log, scored| {
        let choices = best.batch_choices(&scored.batch, sums.decisions);
        for (row, option) in choices.into_iter().enumerate() {
            let chosen = sums.add(&offers, log, &scored, row, option as usize);
            writer.as_mut().map_or(Ok(()), |writer| writer.push(&chosen))?;
        }
        progress.advance(log.len() as u64);
        Ok(())
    })?;
    progress.finish();
    writer.map_or(Ok(()), AllocationWriter::finish)?;
    let (prices, not_carried) = carried(&limits.limits, &best);
    Ok(Allocated {
        policy: policy.version().to_owned(),
        decisions,
        totals: sums.chosen,
        unlimited: sums.unlimited,
        bound: best.bound,
        gap: best.gap(),
        limits: uses(&given, &best),
        prices,
        not_carried,
        actions: sums.actions(&offers),
    })
}

/// The limits of the file after the budget, if one was given.
fn with_budget(options: &AllocateOptions, rows: u64) -> Result<Limits> {
    let refuse = |key: &str, given: String, wanted: &str| Err(Error::config("allocate", key, given, wanted));
    for (key, amount) in [("--budget", options.budget), ("--per-decision", options.per_decision)] {
        if let Some(amount) = amount.filter(|x| !(0.0..=1e15).contains(x)) {
            return refuse(key, amount.to_string(), "give an amount of money of at least 0");
        }
    }
    let each = options.per_decision.map(|each| each * rows as f64);
    let mut limits = options.limits.clone();
    if let Some(least) = options.budget.into_iter().chain(each).reduce(f64::min) {
        limits.limits.insert(0, LimitSpec::budget(least));
    }
    if limits.limits.is_empty() {
        return refuse(
            "--budget",
            "missing".into(),
            "give --budget, --per-decision or --limits with at least one limit",
        );
    }
    Ok(limits)
}

/// Decisions in all and in each segment.
fn counts(log: &LogReader, plan: &Plan) -> Result<(u64, Vec<u64>)> {
    let mut of_segments = vec![0; plan.segments()];
    if of_segments.is_empty() {
        return Ok((log.rows(), of_segments));
    }
    let mut all = 0;
    for batch in log.batches()? {
        let batch = batch?;
        let mut context = vec![];
        for row in 0..batch.len() {
            batch.context(row, &mut context);
            let bits = plan.segments_of(&context);
            of_segments.iter_mut().enumerate().for_each(|(s, count)| *count += bits >> s & 1);
        }
        all += batch.len() as u64;
    }
    Ok((all, of_segments))
}

fn uses(given: &[Limit], best: &Allocation) -> Vec<LimitUse> {
    let of = |(limit, found): (&Limit, &guerdon_budget::Use)| LimitUse {
        name: limit.name.clone(),
        at_least: limit.at_least,
        at_most: limit.at_most,
        used: found.used,
        price: found.price,
    };
    given.iter().zip(&best.limits).map(of).collect()
}

/// λ and μ from the prices of limits over everyone, and the names of those that have a price and no place in a bundle.
fn carried(specs: &[LimitSpec], best: &Allocation) -> (Prices, Vec<String>) {
    let (mut prices, mut others) = (Prices::default(), vec![]);
    for (spec, found) in specs.iter().zip(&best.limits).filter(|(_, found)| found.price != 0.0) {
        let place = match (spec.of, &spec.segment) {
            (Of::Money, None) if found.price > 0.0 => Some(&mut prices.lambda),
            (Of::Liability, None) if found.price > 0.0 => Some(&mut prices.mu),
            _ => None,
        };
        match place {
            Some(price) => *price += found.price,
            None => others.push(spec.name()),
        }
    }
    (prices, others)
}

/// Sums of the last reading.
struct Sums {
    decisions: u64,
    chosen: Totals,
    unlimited: Totals,
    counts: Vec<u64>,
    sent: Vec<bool>,
}

impl Sums {
    fn new(offers: &Offers<'_>) -> Sums {
        let options = offers.options();
        let sent = (0..options).map(|option| offers.name(option) != guerdon_core::NONE).collect();
        let (chosen, unlimited) = (Totals::default(), Totals::default());
        Sums { decisions: 0, chosen, unlimited, counts: vec![0; options], sent }
    }

    /// Counts a decision that was given `option`, and what it would have had without limits.
    fn add<'r>(
        &mut self,
        offers: &'r Offers<'_>,
        log: &'r LogBatch,
        scored: &Scored,
        row: usize,
        option: usize,
    ) -> AllocationRow<'r> {
        let options = self.counts.len();
        let values = &scored.values[row * options..][..options];
        // The first of equals, as a greedy policy takes it.
        let best = values.iter().enumerate().fold(0, |best, (a, value)| if *value > values[best] { a } else { best });
        let expected = |option: usize| {
            let costs = &scored.costs[row * options * offers.plan.resources.len()..];
            (values[option], costs[option], costs[options + option])
        };
        for (totals, option) in [(&mut self.chosen, option), (&mut self.unlimited, best)] {
            let (value, cost, liability) = expected(option);
            totals.value += value;
            totals.cost += cost;
            totals.liability += liability;
            totals.sends += u64::from(self.sent[option]);
        }
        self.counts[option] += 1;
        self.decisions += 1;
        let (value, cost, liability) = expected(option);
        AllocationRow {
            decision_id: log.decision_id(row),
            member_id: log.member_id(row),
            action: offers.name(option),
            value,
            cost,
            liability,
            paid: if self.sent[option] { scored.paid[row * options + option] } else { 0.0 },
        }
    }

    fn actions(&self, offers: &Offers<'_>) -> BTreeMap<String, u64> {
        let mut actions = BTreeMap::new();
        for (option, count) in self.counts.iter().enumerate() {
            *actions.entry(offers.name(option).to_owned()).or_default() += count;
        }
        actions
    }
}
