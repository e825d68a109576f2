//! Every decision of a log with what a policy expects of each action that guardrails and eligibility leave.

use super::plan::Plan;
use super::price::{Prices, priced};
use guerdon_budget::{Batch, Members};
use guerdon_core::{Error, Result, Value};
use guerdon_data::{LogBatch, LogReader};
use guerdon_learn::request;
use guerdon_policy::{Exploration, FixedScores, OutcomeModel, Policy, heads};
use rayon::prelude::*;
use std::borrow::Cow;

/// Batches of a log held at once for each thread.
const AHEAD: usize = 4;
/// Scores are kept in memory up to this many bytes; beyond it they are made anew at each reading.
const KEPT_BYTES: u64 = 256 << 20;

/// Whether a policy predicts what actions bring and cost, so that prices mean something to it; constant and uniform policies,
/// and learned scores, do not.
///
/// # Errors
/// What reading the log gives.
pub fn predicts_outcomes(policy: &Policy, log: &LogReader) -> Result<bool> {
    let wanted = heads(policy.parts().stages.len()) * policy.catalogue().len();
    for batch in log.batches()? {
        let batch = batch?;
        let mut context = vec![];
        if !batch.is_empty() {
            batch.context(0, &mut context);
            let mut scratch = policy.scratch();
            return Ok(policy.outcomes(&request(&batch, 0, &context), &mut scratch).len() == wanted);
        }
    }
    Ok(false)
}

/// What one action uses of a resource: when it is sent, and what more when it is paid.
type Uses = (f64, f64);

/// A log, scored by a policy whose prices are set aside (λ = μ = 0).
pub(super) struct Offers<'a> {
    pub(super) log: &'a LogReader,
    pub(super) plan: &'a Plan,
    policy: Policy,
    /// The same guardrails, and every action that they leave taken alike: tells which ones those are.
    gate: Policy,
    /// One a resource, one an action.
    uses: Vec<Vec<Uses>>,
    none: Option<usize>,
}

/// One batch of decisions with all that is expected of it.
pub(super) struct Scored {
    /// As the solver takes it.
    pub(super) batch: Batch,
    /// Expected net value, `[rows][options]`; −∞ where an option is not to be had.
    pub(super) values: Vec<f64>,
    /// What is used of each resource, `[rows][resources][options]`.
    pub(super) costs: Vec<f64>,
    /// Chance of being paid, `[rows][options]`.
    pub(super) paid: Vec<f64>,
    /// Segments of each decision.
    pub(super) segments: Vec<u64>,
}

impl<'a> Offers<'a> {
    /// # Errors
    /// [`Error::Mismatch`] where the policy predicts no outcomes, so that nothing is known of cost.
    pub(super) fn new(log: &'a LogReader, policy: &Policy, plan: &'a Plan) -> Result<Self> {
        let policy = priced(policy, Prices::default())?;
        let parts = policy.parts();
        // What is to be had depends on the model only where placement asks it for chances.
        let model = match parts.objective.placement {
            Some(_) => parts.model.clone(),
            None => OutcomeModel::Fixed(FixedScores { scores: vec![0.0; policy.catalogue().len()] }),
        };
        let gate = Policy::new(guerdon_policy::PolicyParts {
            model,
            exploration: Exploration::EpsilonGreedy { epsilon: 1.0 },
            ..parts.clone()
        })?;
        let (points, minor) = (parts.objective.point_value, parts.minor_units);
        let uses = plan.resources.iter().map(|resource| {
            policy.catalogue().rewards().iter().map(|reward| resource.uses(reward, points, minor)).collect()
        });
        let offers = Offers { log, plan, uses: uses.collect(), none: policy.catalogue().none(), gate, policy };
        if predicts_outcomes(&offers.policy, log)? {
            return Ok(offers);
        }
        Err(Error::Mismatch {
            place: format!("policy {}", offers.policy.version()),
            what: "what it predicts".into(),
            given: format!("{} scores, no chance of being paid", offers.policy.parts().model.kind()),
            wanted: "a budget needs the expected cost of every action; bring a policy that learned outcomes, such as \
                     ridge or neural"
                .into(),
        })
    }

    /// Options of every decision: the catalogue's actions, and one more for "nothing" where the catalogue has no `none`.
    pub(super) fn options(&self) -> usize {
        self.policy.catalogue().len() + usize::from(self.none.is_none())
    }

    /// The name of an option.
    pub(super) fn name(&self, option: usize) -> &str {
        self.policy.action_name(Some(option))
    }

    /// Scores a batch.
    ///
    /// # Errors
    /// Amounts that no programme can have.
    pub(super) fn score(&self, log: &LogBatch) -> Result<Scored> {
        let (rows, options, resources) = (log.len(), self.options(), self.uses.len());
        let mut scored = Scored {
            batch: Batch::new(options, resources, rows),
            values: Vec::with_capacity(rows * options),
            costs: Vec::with_capacity(rows * options * resources),
            paid: Vec::with_capacity(rows * options),
            segments: Vec::with_capacity(rows),
        };
        let (mut scratch, mut gate) = (self.policy.scratch(), self.gate.scratch());
        let mut context: Vec<Value<'_>> = vec![];
        for row in 0..rows {
            log.context(row, &mut context);
            let asked = request(log, row, &context);
            let at = scored.values.len();
            scored.values.extend_from_slice(self.policy.scores(&asked, &mut scratch));
            scored.paid.extend(self.paid(self.policy.outcomes(&asked, &mut scratch)));
            let none = self.none.map_or(0.0, |none| scored.values[at + none]);
            let left = self.gate.probabilities(&asked, &mut gate);
            self.mask(left, &mut scored.values[at..]);
            self.add_nothing(&mut scored, at, none);
            for uses in &self.uses {
                let paid = &scored.paid[at..];
                scored.costs.extend(uses.iter().zip(paid).map(|((sent, more), p)| sent + more * p));
                scored.costs.extend((uses.len()..options).map(|_| 0.0));
            }
            scored.segments.push(self.plan.segments_of(&context));
            let costs = at * resources;
            scored.batch.push(&scored.values[at..], &scored.costs[costs..], scored.segments[row])?;
        }
        Ok(scored)
    }

    /// The chances of being paid among the outcomes; the last head but one.
    fn paid<'o>(&self, outcomes: &'o [f32]) -> impl Iterator<Item = f64> + 'o {
        let actions = self.policy.catalogue().len();
        let at = outcomes.len().saturating_sub(2 * actions);
        outcomes[at..outcomes.len() - actions].iter().map(|p| f64::from(*p).clamp(0.0, 1.0))
    }

    /// Takes out what is not left. As when deciding, a score that is not finite leaves no offer at all.
    fn mask(&self, left: &[f64], values: &mut [f64]) {
        let broken = values.iter().zip(left).any(|(value, p)| *p > 0.0 && !value.is_finite());
        for (value, p) in values.iter_mut().zip(left) {
            if *p <= 0.0 || broken {
                *value = f64::NEG_INFINITY;
            }
        }
    }

    /// Where nothing was left the member gets nothing, worth what `none` is worth where the model says that, else 0.
    fn add_nothing(&self, scored: &mut Scored, at: usize, worth: f64) {
        let nothing = scored.values[at..].iter().all(|value| *value == f64::NEG_INFINITY);
        match self.none {
            Some(none) if nothing => scored.values[at + none] = if worth.is_finite() { worth } else { 0.0 },
            Some(_) => {}
            None => {
                scored.values.push(if nothing { 0.0 } else { f64::NEG_INFINITY });
                scored.paid.push(0.0);
            }
        }
    }

    /// All batches if they are small enough to be kept.
    ///
    /// # Errors
    /// What reading and scoring give.
    pub(super) fn kept(&self) -> Result<Option<Vec<Batch>>> {
        let each = 8 * self.options() as u64 * (1 + self.uses.len() as u64);
        if self.log.rows().saturating_mul(each) > KEPT_BYTES {
            return Ok(None);
        }
        let mut all = vec![];
        self.each(|_, scored| {
            all.push(scored.batch);
            Ok(())
        })?;
        Ok(Some(all))
    }

    /// Reads and scores the log on all cores, and hands batch after batch to `take`, in order.
    ///
    /// # Errors
    /// What reading, scoring or `take` give.
    pub(super) fn each(&self, mut take: impl FnMut(&LogBatch, Scored) -> Result<()>) -> Result<()> {
        let mut batches = self.log.batches()?;
        loop {
            let ahead = AHEAD * rayon::current_num_threads();
            let window = batches.by_ref().take(ahead).collect::<Result<Vec<_>>>()?;
            if window.is_empty() {
                return Ok(());
            }
            let scored = window.par_iter().map(|batch| self.score(batch)).collect::<Result<Vec<_>>>()?;
            window.iter().zip(scored).try_for_each(|(batch, scored)| take(batch, scored))?;
        }
    }
}

/// Scored anew at each reading.
impl Members for Offers<'_> {
    type Part = LogBatch;

    fn parts(&self) -> impl Iterator<Item = Result<LogBatch>> {
        let (batches, failed) = match self.log.batches() {
            Ok(batches) => (Some(batches), None),
            Err(error) => (None, Some(Err(error))),
        };
        failed.into_iter().chain(batches.into_iter().flatten())
    }

    fn batch(&self, part: LogBatch) -> Result<Cow<'_, Batch>> {
        self.score(&part).map(|scored| Cow::Owned(scored.batch))
    }
}
