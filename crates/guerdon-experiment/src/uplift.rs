//! How well policies rank members by an action's effect: uplift curves on a log.

use crate::evaluate::{check_fit, held_out_of};
use guerdon_core::{Error, Progress, Result, Seed, Value};
use guerdon_data::{LogBatch, LogMeta, LogReader};
use guerdon_learn::request;
use guerdon_ope::uplift::{UpliftAreas, UpliftError, UpliftOptions, UpliftRow, uplift, uplift_difference};
use guerdon_policy::{Policy, Scratch};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// The outcome whose effect is ranked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Net value.
    Net,
    /// Revenue.
    Revenue,
    /// Reaching the funnel stage of this name.
    Stage(String),
}

impl FromStr for Outcome {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match text {
            "net" => Outcome::Net,
            "revenue" => Outcome::Revenue,
            stage => Outcome::Stage(stage.to_owned()),
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Net => f.write_str("net"),
            Outcome::Revenue => f.write_str("revenue"),
            Outcome::Stage(stage) => f.write_str(stage),
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct UpliftQuestion {
    /// The actions whose effects are ranked by; all but the reference where empty.
    pub actions: Vec<String>,
    /// What they are held against.
    pub reference: String,
    /// The outcome.
    pub outcome: Outcome,
    /// Nominal coverage of intervals, in (0, 1).
    pub confidence: f64,
    /// Resamples of members.
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: Seed,
}

/// How well one policy ranks members by one action's effect.
#[derive(Debug, Clone, Serialize)]
pub struct Ranked {
    /// The policy's version.
    pub policy: String,
    /// The action.
    pub action: String,
    /// What it is held against.
    pub reference: String,
    /// `net`, `revenue` or a stage.
    pub outcome: String,
    /// Whether members that trained one of the policies were left out.
    pub held_out_members_only: bool,
    /// The areas, in the outcome's units per member (money in major units).
    pub areas: UpliftAreas,
    /// These less those of the first policy, resampled together; absent for the first.
    pub more_than_first: Option<UpliftAreas>,
}

/// Ranks the logged decisions that took an action or the reference by each policy's predicted effect on the outcome. Where
/// policies were trained on this log's data, only members that all of them held out count. Memory: 40 bytes per
/// decision, policy and action.
///
/// # Errors
/// [`Error::Mismatch`] for a policy of another programme; [`Error::UnknownAction`]; [`Error::Config`] for an outcome that is
/// no stage; [`Error::Empty`] where the log has decisions of one arm only.
pub fn rank_by_uplift(
    log: &LogReader,
    policies: &[Policy],
    question: &UpliftQuestion,
    progress: &dyn Progress,
) -> Result<Vec<Ranked>> {
    let meta = log.meta();
    policies.iter().try_for_each(|policy| check_fit(policy.version(), policy, meta))?;
    let arms = Arms::new(meta, question)?;
    let splits: Vec<_> = policies.iter().filter_map(|policy| held_out_of(policy, meta)).collect();
    let rows = arms.read(log, policies, &|member| splits.iter().all(|split| !split.is_train(member)), progress)?;
    let options = UpliftOptions { confidence: question.confidence, resamples: question.resamples, seed: question.seed };
    let mut all = vec![];
    for (place, action) in arms.actions.iter().enumerate() {
        let of = |policy: usize| &rows[policy * arms.actions.len() + place];
        for (index, policy) in policies.iter().enumerate() {
            let areas = uplift(of(index), &options).map_err(refused)?;
            let more =
                (index > 0).then(|| uplift_difference(of(index), of(0), &options).map_err(refused)).transpose()?;
            all.push(Ranked {
                policy: policy.version().to_owned(),
                action: meta.catalogue.get(*action).action.clone(),
                reference: question.reference.clone(),
                outcome: question.outcome.to_string(),
                held_out_members_only: !splits.is_empty(),
                areas,
                more_than_first: more,
            });
        }
    }
    Ok(all)
}

fn refused(error: UpliftError) -> Error {
    Error::Empty { place: "uplift".into(), what: error.to_string() }
}

/// The question in the log's numbers.
struct Arms {
    actions: Vec<usize>,
    reference: usize,
    outcome: Outcome,
    stage: usize,
}

impl Arms {
    fn new(meta: &LogMeta, question: &UpliftQuestion) -> Result<Self> {
        let index = |name: &str| {
            let found = meta.catalogue.index_of(name);
            found.ok_or_else(|| Error::unknown_action("uplift", name, meta.catalogue.names()))
        };
        let reference = index(&question.reference)?;
        let actions: Vec<usize> = if question.actions.is_empty() {
            (0..meta.catalogue.len()).filter(|action| *action != reference).collect()
        } else {
            question.actions.iter().map(|name| index(name)).collect::<Result<_>>()?
        };
        let stage = match &question.outcome {
            Outcome::Stage(name) => {
                let found = meta.environment.funnel.names().position(|stage| stage == name);
                let stages: Vec<&str> = meta.environment.funnel.names().collect();
                let wanted = || format!("net, revenue or a stage ({}) would do", stages.join(", "));
                found.ok_or_else(|| Error::config("uplift", "outcome", name, wanted()))?
            }
            _ => 0,
        };
        Ok(Arms { actions, reference, outcome: question.outcome.clone(), stage })
    }

    /// Rows per policy and action, `policy * actions + action`.
    fn read(
        &self,
        log: &LogReader,
        policies: &[Policy],
        include: &dyn Fn(&str) -> bool,
        progress: &dyn Progress,
    ) -> Result<Vec<Vec<UpliftRow>>> {
        let meta = log.meta();
        let mut rows = vec![vec![]; policies.len() * self.actions.len()];
        let mut scratches: Vec<Scratch> = policies.iter().map(Policy::scratch).collect();
        let (mut member, mut last) = (0u64, String::new());
        progress.start("ranking members", Some(log.rows()));
        for batch in log.batches()? {
            let batch = batch?;
            let mut context: Vec<Value<'_>> = vec![];
            for i in (0..batch.len()).filter(|i| include(batch.member_id(*i))) {
                if last != batch.member_id(i) {
                    member += 1;
                    batch.member_id(i).clone_into(&mut last);
                }
                let taken = batch.action(i);
                let treated = taken != self.reference;
                if treated && !self.actions.contains(&taken) {
                    continue;
                }
                batch.context(i, &mut context);
                let (outcome, propensity) = (self.outcome_of(&batch, i, meta), batch.propensity(i));
                for (p, (policy, scratch)) in policies.iter().zip(&mut scratches).enumerate() {
                    let scores = self.predicted(policy, &request(&batch, i, &context), scratch);
                    for (place, action) in self.actions.iter().enumerate() {
                        if treated && *action != taken || *action == self.reference {
                            continue;
                        }
                        let score = scores[*action] - scores[self.reference];
                        rows[p * self.actions.len() + place].push(UpliftRow {
                            member,
                            score,
                            treated,
                            propensity,
                            outcome,
                        });
                    }
                }
            }
            progress.advance(batch.len() as u64);
        }
        progress.finish();
        Ok(rows)
    }

    fn outcome_of(&self, batch: &LogBatch, i: usize, meta: &LogMeta) -> f64 {
        let economics = &meta.environment.economics;
        match self.outcome {
            Outcome::Net => {
                let offered = !meta.catalogue.get(batch.action(i)).is_none();
                economics.net_value(batch.revenue(i), batch.cost(i), offered)
            }
            Outcome::Revenue => batch.revenue(i).to_major(economics.minor_units),
            Outcome::Stage(_) => f64::from(u8::from(batch.reached_at(i, self.stage).is_some())),
        }
    }

    /// What the policy expects of the outcome for every action; its scores where it has no heads.
    fn predicted(&self, policy: &Policy, request: &guerdon_policy::Request, scratch: &mut Scratch) -> Vec<f64> {
        let actions = policy.catalogue().len();
        let head = match self.outcome {
            Outcome::Net => return policy.scores(request, scratch).to_vec(),
            Outcome::Revenue => policy.parts().stages.len() + 1,
            Outcome::Stage(_) => self.stage,
        };
        match policy.outcomes(request, scratch).get(head * actions..(head + 1) * actions) {
            Some(outcomes) => outcomes.iter().map(|value| f64::from(*value)).collect(),
            None => policy.scores(request, scratch).to_vec(),
        }
    }
}
