//! One reading of a log that values many policies at once, their net value and their cost.

use super::arms::Arms;
use super::trace::Trace;
use crate::evaluate::{facts, net_value};
use guerdon_core::{Error, Progress, Result, Value};
use guerdon_data::{LogBatch, LogReader};
use guerdon_learn::{CrossFit, request};
use guerdon_ope::{Estimate, Estimator, Evaluation, Row, Terms};
use guerdon_policy::{Policy, Scratch};
use rayon::prelude::*;

/// A policy to be valued: one an arm, or one for all.
pub(super) struct Priced(Vec<Policy>);

impl Priced {
    /// At least one policy.
    pub(super) fn new(policies: Vec<Policy>) -> Priced {
        Priced(policies)
    }

    fn of(&self, arm: usize) -> &Policy {
        &self.0[arm.min(self.0.len() - 1)]
    }
}

/// What was read.
pub(super) struct Read {
    pub(super) trace: Trace,
    states: Vec<State>,
}

impl Read {
    /// (value, cost) of every policy by DR; refused where the log does not carry it.
    pub(super) fn estimates(&self, confidence: f64) -> Vec<(Estimate, Estimate)> {
        let one = |evaluation: &Evaluation| evaluation.estimates(confidence).remove(0);
        self.states.iter().map(|state| (one(&state.value), one(&state.cost))).collect()
    }
}

/// The decisions of a batch that count, with what all policies need of them.
#[derive(Default)]
struct Rows {
    index: Vec<usize>,
    arm: Vec<usize>,
    member: Vec<u64>,
    value: Vec<f64>,
    cost: Vec<f64>,
    /// `[rows][actions]`, of value and of cost.
    value_hat: Vec<f64>,
    cost_hat: Vec<f64>,
}

/// One policy's sums.
struct State {
    policy: Priced,
    scratch: Scratch,
    value: Evaluation,
    cost: Evaluation,
    /// DR terms of the current batch.
    terms: Vec<(f64, f64)>,
}

impl State {
    fn push(&mut self, batch: &LogBatch, rows: &Rows, actions: usize) {
        let mut context: Vec<Value<'_>> = vec![];
        self.terms.clear();
        for (k, &i) in rows.index.iter().enumerate() {
            batch.context(i, &mut context);
            let policy = self.policy.of(rows.arm[k]);
            let target = policy.probabilities(&request(batch, i, &context), &mut self.scratch);
            let eligible = batch.eligible(i).map(<[u16]>::len);
            let (action, propensity) = (batch.action(i), batch.propensity(i));
            let (value_hat, cost_hat) =
                (&rows.value_hat[k * actions..][..actions], &rows.cost_hat[k * actions..][..actions]);
            let q_hat = Some(value_hat);
            let value = Row { reward: rows.value[k], propensity, action, target, q_hat, eligible, logging: None };
            let cost = Row { reward: rows.cost[k], q_hat: Some(cost_hat), ..value };
            self.terms.push((doubly_robust(&value.terms()), doubly_robust(&cost.terms())));
            self.value.push(rows.member[k], &value);
            self.cost.push(rows.member[k], &cost);
        }
    }
}

/// v̂ + w (r − q̂).
fn doubly_robust(terms: &Terms) -> f64 {
    terms.v_target + terms.weight * (terms.reward - terms.q_logged)
}

/// Values `policies` on the decisions that `arms` may be valued on, in one reading.
///
/// # Errors
/// [`Error::Empty`] where there is no such decision; what reading gives.
pub(super) fn read(
    log: &LogReader,
    arms: &Arms,
    policies: Vec<Priced>,
    q_hat: &CrossFit,
    design_refuted: Option<bool>,
    progress: &dyn Progress,
) -> Result<Read> {
    let actions = log.meta().catalogue.len();
    let known = facts(log.meta(), design_refuted);
    let one = || Evaluation::new(&[Estimator::Dr], actions).with_facts(known.clone());
    let state =
        |policy: Priced| State { scratch: policy.of(0).scratch(), policy, value: one(), cost: one(), terms: vec![] };
    let mut states: Vec<State> = policies.into_iter().map(state).collect();
    let mut trace = Trace::new(states.len());
    let mut members = (String::new(), 0u64);
    progress.start("valuing prices", Some(log.rows()));
    for batch in log.batches()? {
        let batch = batch?;
        let rows = rows(&batch, log, arms, q_hat, &mut members);
        states.par_iter_mut().for_each(|state| state.push(&batch, &rows, actions));
        for (k, member) in rows.member.iter().enumerate() {
            trace.push(*member, states.iter().map(|state| state.terms[k]));
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    if trace.decisions() == 0 {
        let what = "no decision of a member that training held out; train with a share below 1, or bring another log";
        return Err(Error::Empty { place: "the log".into(), what: what.into() });
    }
    Ok(Read { trace, states })
}

fn rows(batch: &LogBatch, log: &LogReader, arms: &Arms, q_hat: &CrossFit, members: &mut (String, u64)) -> Rows {
    let meta = log.meta();
    let (actions, minor) = (meta.catalogue.len(), meta.environment.economics.minor_units);
    let when_paid: Vec<f64> = meta.catalogue.rewards().iter().map(|r| r.cost_when_paid().to_major(minor)).collect();
    let mut rows = Rows::default();
    let mut context: Vec<Value<'_>> = vec![];
    let mut scratch = Scratch::default();
    for i in 0..batch.len() {
        let id = batch.member_id(i);
        let Some(arm) = (arms.values)(id) else { continue };
        // A member's decisions follow each other in a log.
        if members.1 == 0 || members.0 != id {
            *members = (id.to_owned(), members.1 + 1);
        }
        batch.context(i, &mut context);
        let at = rows.value_hat.len();
        rows.value_hat.resize(at + actions, 0.0);
        q_hat.predict(id, &context, &mut rows.value_hat[at..]);
        let outcomes = arms.policies[arm].outcomes(&request(batch, i, &context), &mut scratch);
        let paid = &outcomes[outcomes.len() - 2 * actions..];
        rows.cost_hat.extend(when_paid.iter().zip(paid).map(|(cost, p)| cost * f64::from(*p)));
        rows.value.push(net_value(batch, i, meta));
        rows.cost.push(batch.cost(i).to_major(minor));
        rows.index.push(i);
        rows.arm.push(arm);
        rows.member.push(members.1);
    }
    rows
}
