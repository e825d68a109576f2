//! What policies are worth on a log: every target in one pass, with q̂ cross-fitted by member.

use crate::placement::{Offers, PlacementMass, PlacementShares};
use crate::segments::{Segment, SegmentPlan, SegmentShares};
use guerdon_core::{Error, MemberSplit, Progress, Result, Seed, Value, fold_of};
use guerdon_data::{GivenDecisions, LogBatch, LogMeta, LogReader};
use guerdon_learn::{CrossFit, request};
use guerdon_ope::selection::{Compared, Multiplicity, Selection, SelectionError};
use guerdon_ope::{Difference, Estimate, Estimator, Evaluation, Facts, Gates, PairedDifference, Row, Terms};
use guerdon_policy::{Policy, Scratch};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is valued.
#[derive(Clone)]
pub enum Target {
    /// The policy that wrote the log: its value is the mean of what happened.
    Logging,
    /// A frozen policy, by its own distribution.
    Policy(Box<Policy>),
    /// One policy a fold of members: what a learner makes of the other folds is valued on the fold that it never saw.
    Folded(Arc<Folded>),
    /// One action a decision, as another system chose it; [`GivenDecisions::check`] must have passed on the log. Each must
    /// come from a model that saw nothing of the decision's fold, which the engine can't know.
    Given(Arc<GivenDecisions>),
}

/// One frozen policy a fold.
#[derive(Debug)]
pub struct Folded {
    /// The seed of the folds, as [`fold_of`] takes it.
    pub seed: Seed,
    /// How many folds there are.
    pub folds: usize,
    /// The policy that decides for the members of each of the first folds; members of the others must be left out of the
    /// log: there the target takes no action at all, and is refused.
    pub policies: Vec<Policy>,
}

impl Target {
    /// The frozen policies in it: none for logging and for decisions made elsewhere.
    pub fn policies(&self) -> &[Policy] {
        match self {
            Target::Logging | Target::Given(_) => &[],
            Target::Policy(policy) => std::slice::from_ref(policy),
            Target::Folded(folded) => &folded.policies,
        }
    }

    /// Which of its [`policies`](Self::policies) decides for this member.
    pub fn place(&self, member: &str) -> usize {
        match self {
            Target::Folded(folded) => fold_of(folded.seed, member, folded.folds),
            Target::Logging | Target::Policy(_) | Target::Given(_) => 0,
        }
    }

    /// The action taken at decision `i` where no policy decides, and the probability that it is weighed by: logging always
    /// takes the logged action, with weight 1.
    fn taken(&self, batch: &LogBatch, i: usize) -> (Option<usize>, f64) {
        match self {
            Target::Logging => (Some(batch.action(i)), 1.0),
            Target::Given(given) => (given.action(batch.decision_id(i)), batch.propensity(i)),
            Target::Policy(_) | Target::Folded(_) => (None, 1.0),
        }
    }
}

/// The seed of the folds that q̂ is cross-fitted over, where [`Options::seed`] is `seed`: members of one fold get q̂ from
/// models that saw none of them.
pub fn fold_seed(seed: Seed) -> Seed {
    cross_fit_seed(seed).named("folds")
}

fn cross_fit_seed(seed: Seed) -> Seed {
    seed.named("cross-fit")
}

/// A target under the name that results carry.
#[derive(Clone)]
pub struct NamedTarget {
    /// The name.
    pub name: String,
    /// What role it plays.
    pub role: Role,
    /// What is valued.
    pub target: Target,
}

/// What role a policy plays in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Trained in this run.
    Learner,
    /// Decisions that another system made.
    Given,
    /// The logging policy.
    Logging,
    /// Always the same action.
    Constant,
    /// All eligible actions alike.
    Uniform,
}

/// How to value.
#[derive(Debug, Clone)]
pub struct Options {
    /// The estimators, in the order of the results.
    pub estimators: Vec<Estimator>,
    /// Nominal coverage of intervals, in (0, 1).
    pub confidence: f64,
    /// Folds over members for q̂.
    pub folds: usize,
    /// Seed of the folds.
    pub seed: Seed,
    /// Only members that this split holds out; all members without it.
    pub held_out_of: Option<MemberSplit>,
    /// Features by which chosen actions are shown; none where empty.
    pub segments: Vec<String>,
    /// Whether the audit found that actions were not drawn with the stated propensities.
    pub design_refuted: Option<bool>,
}

impl Options {
    fn includes(&self, member: &str) -> bool {
        self.held_out_of.is_none_or(|split| !split.is_train(member))
    }
}

/// What one policy is worth, and what it does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyEvaluation {
    /// The policy's name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Net value per decision, in major units, by each estimator.
    pub estimates: Vec<Estimate>,
    /// Revenue per decision, in major units (SNIPS).
    pub revenue: Estimate,
    /// Cost of rewards per decision, in major units (SNIPS).
    pub cost: Estimate,
    /// Share of decisions that reach each funnel stage (SNIPS), in order.
    pub stages: Vec<StageRate>,
    /// True net value per decision, on the same decisions; only a built-in programme's world knows it.
    #[serde(default)]
    pub true_value: Option<f64>,
    /// Paired differences in net value against other policies.
    pub differences: Vec<Against>,
    /// Expected share of each action, by name.
    pub actions: BTreeMap<String, f64>,
    /// Expected share of each action by segment.
    pub segments: Vec<Segment>,
    /// Where its rewards pay, over all decisions; absent in results of versions that did not say.
    #[serde(default)]
    pub placement: Option<PlacementShares>,
}

/// How often a stage is reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StageRate {
    /// The stage.
    pub stage: String,
    /// Share of decisions, in [0, 1].
    pub rate: Estimate,
}

/// A paired difference in net value per decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Against {
    /// The policy subtracted.
    pub policy: String,
    /// By which estimator.
    pub estimator: Estimator,
    /// Value less the other's value; absent where either is not evaluable.
    pub difference: Option<Difference>,
}

impl PolicyEvaluation {
    /// The estimate by `estimator`, if it was asked for.
    pub fn estimate(&self, estimator: Estimator) -> Option<&Estimate> {
        self.estimates.iter().find(|estimate| estimate.estimator == estimator)
    }
}

/// A log made ready for valuing: q̂ is fitted once, then any number of policies are valued on the same members.
pub struct Evaluator<'l> {
    log: &'l LogReader,
    options: Options,
    q_hat: Option<Arc<CrossFit>>,
}

impl<'l> Evaluator<'l> {
    /// Fits q̂ by cross-fitting over the members that count, if an estimator needs it.
    ///
    /// # Errors
    /// Whatever reading the log gives.
    pub fn new(log: &'l LogReader, options: Options, progress: &dyn Progress) -> Result<Self> {
        let needs_model = options.estimators.iter().any(|e| e.needs_model());
        let include = |member: &str| options.includes(member);
        let q_hat = needs_model
            .then(|| CrossFit::fit(log, &include, options.folds, cross_fit_seed(options.seed), progress).map(Arc::new))
            .transpose()?;
        Ok(Evaluator { log, options, q_hat })
    }

    /// The same valuing, by the same q̂, on another choice of the log's members.
    pub fn on<'m>(&self, log: &'m LogReader) -> Evaluator<'m> {
        Evaluator { log, options: self.options.clone(), q_hat: self.q_hat.clone() }
    }

    /// Values every target, and each against those named in `against`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for a policy whose features or actions are not the log's; [`Error::Empty`] without a decision
    /// of a held-out member; whatever reading the log gives.
    pub fn evaluate(
        &self,
        targets: &[NamedTarget],
        against: &[String],
        progress: &dyn Progress,
    ) -> Result<Vec<PolicyEvaluation>> {
        let mut pairs = Pairs::new(targets, against, &self.options.estimators);
        let (log, options) = (self.log, &self.options);
        let states = self.pass(targets, progress, &mut |rows, states| {
            pairs.push(rows, states);
            Ok(())
        })?;
        Ok(states.iter().enumerate().map(|(i, state)| state.finish(log.meta(), options, &pairs, i, &states)).collect())
    }

    /// Ranks the targets by `estimator`, with the differences of all pairs, whose intervals hold all at once. Targets that
    /// the log does not carry must be left out.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate); [`Error::Config`] for fewer than two targets or one without a finite value.
    pub fn compare(
        &self,
        targets: &[NamedTarget],
        estimator: Estimator,
        multiplicity: Multiplicity,
        progress: &dyn Progress,
    ) -> Result<Compared> {
        let wrong = |error: SelectionError| Error::config("comparison", "policies", targets.len(), error.to_string());
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        let mut selection = Selection::new(estimator, &names).map_err(wrong)?;
        let mut terms = vec![];
        self.pass(targets, progress, &mut |rows, states| {
            for (k, member) in rows.member.iter().enumerate() {
                terms.clear();
                terms.extend(states.iter().map(|state| state.terms[k]));
                selection.push(*member, &terms).map_err(wrong)?;
            }
            Ok(())
        })?;
        let comparisons = selection.comparisons().map_err(wrong)?;
        comparisons.compare(self.options.confidence, multiplicity).map_err(wrong)
    }

    /// One pass over the members that count; `each` sees every batch after all targets have.
    fn pass<'t>(
        &self,
        targets: &'t [NamedTarget],
        progress: &dyn Progress,
        each: &mut dyn FnMut(&BatchRows, &[State<'t>]) -> Result<()>,
    ) -> Result<Vec<State<'t>>> {
        let (log, options) = (self.log, &self.options);
        for NamedTarget { name, target, .. } in targets {
            target.policies().iter().try_for_each(|policy| check_fit(name, policy, log.meta()))?;
        }
        let include = |member: &str| options.includes(member);
        let plan = SegmentPlan::new(log, &options.segments, &include)?;
        let mut states: Vec<State> =
            targets.iter().map(|target| State::new(target, log.meta(), options, &plan)).collect();

        progress.start("valuing policies", Some(log.rows()));
        let mut members = MemberNumbers::default();
        for batch in log.batches()? {
            let batch = batch?;
            let rows = BatchRows::read(&batch, log.meta(), &include, &mut members, self.q_hat.as_deref(), &plan);
            states.par_iter_mut().for_each(|state| state.push(&batch, &rows));
            each(&rows, &states)?;
            progress.advance(batch.len() as u64);
        }
        progress.finish();
        if members.count == 0 {
            return Err(Error::Empty {
                place: "the log".into(),
                what:
                    "no decision of a member that training held out; train with a share below 1, or bring another log"
                        .into(),
            });
        }
        Ok(states)
    }
}

/// A policy and a log belong together if they share features and actions.
pub(crate) fn check_fit(name: &str, policy: &Policy, meta: &LogMeta) -> Result<()> {
    let mismatch = |what: &str, given: String, wanted: String| {
        Err(Error::Mismatch { place: format!("policy {name:?} and the log"), what: what.into(), given, wanted })
    };
    let theirs: Vec<&str> = policy.schema().map(|f| f.name.as_str()).collect();
    let ours: Vec<&str> = meta.environment.features.iter().map(|f| f.name.as_str()).collect();
    if theirs != ours {
        return mismatch("features", theirs.join(", "), format!("the log has {}", ours.join(", ")));
    }
    let theirs: Vec<&str> = policy.catalogue().names().collect();
    let ours: Vec<&str> = meta.catalogue.names().collect();
    if theirs != ours {
        return mismatch("catalogue", theirs.join(", "), format!("the log has {}", ours.join(", ")));
    }
    Ok(())
}

/// Numbers members in the order of the log, in which a member's decisions follow each other.
#[derive(Default)]
struct MemberNumbers {
    last: String,
    count: u64,
}

impl MemberNumbers {
    fn number(&mut self, member: &str) -> u64 {
        if self.count == 0 || self.last != member {
            self.last = member.to_owned();
            self.count += 1;
        }
        self.count - 1
    }
}

/// What all targets need of a batch, computed once. One entry per included row.
struct BatchRows {
    index: Vec<usize>,
    member: Vec<u64>,
    reward: Vec<f64>,
    q_hat: Option<Vec<f64>>,
    actions: usize,
    segments: Vec<Vec<usize>>,
}

impl BatchRows {
    fn read(
        batch: &LogBatch,
        meta: &LogMeta,
        include: &dyn Fn(&str) -> bool,
        members: &mut MemberNumbers,
        q_hat: Option<&CrossFit>,
        plan: &SegmentPlan,
    ) -> Self {
        let actions = meta.catalogue.len();
        let index: Vec<usize> = (0..batch.len()).filter(|i| include(batch.member_id(*i))).collect();
        let member = index.iter().map(|i| members.number(batch.member_id(*i))).collect();
        let reward = index.iter().map(|i| net_value(batch, *i, meta)).collect();
        let mut context: Vec<Value<'_>> = vec![];
        let mut segments = vec![];
        let mut predictions = q_hat.map(|_| vec![0.0; index.len() * actions]);
        for (k, &i) in index.iter().enumerate() {
            batch.context(i, &mut context);
            segments.push(plan.of(&context));
            if let (Some(model), Some(all)) = (q_hat, &mut predictions) {
                model.predict(batch.member_id(i), &context, &mut all[k * actions..(k + 1) * actions]);
            }
        }
        BatchRows { index, member, reward, q_hat: predictions, actions, segments }
    }

    fn q_of(&self, k: usize) -> Option<&[f64]> {
        self.q_hat.as_ref().map(|all| &all[k * self.actions..(k + 1) * self.actions])
    }
}

/// The net value of a logged decision, in major units.
pub(crate) fn net_value(batch: &LogBatch, i: usize, meta: &LogMeta) -> f64 {
    let offered = !meta.catalogue.get(batch.action(i)).is_none();
    meta.environment.economics.net_value(batch.revenue(i), batch.cost(i), offered)
}

/// Everything gathered about one target.
struct State<'t> {
    target: &'t NamedTarget,
    /// One for each of the target's policies.
    scratches: Vec<Scratch>,
    value: Evaluation,
    revenue: Evaluation,
    cost: Evaluation,
    stages: Vec<Evaluation>,
    action_mass: Vec<f64>,
    rows: u64,
    segments: SegmentShares,
    offers: Offers,
    placement: PlacementMass,
    minor_units: u32,
    /// Terms of the rows of the current batch, for paired differences.
    terms: Vec<Terms>,
}

impl<'t> State<'t> {
    fn new(target: &'t NamedTarget, meta: &LogMeta, options: &Options, plan: &SegmentPlan) -> Self {
        let actions = meta.catalogue.len();
        let offers = Offers::new(meta);
        let rate = || Evaluation::new(&[Estimator::Snips], actions);
        let value = Evaluation::new(&options.estimators, actions);
        let value = match &target.target {
            Target::Policy(_) | Target::Folded(_) | Target::Given(_) => {
                value.with_facts(facts(meta, options.design_refuted))
            }
            // What was done needs no propensities: its weights are 1.
            Target::Logging => value.with_gates(Gates { calibration_off: f64::INFINITY, ..Gates::default() }),
        };
        State {
            target,
            scratches: target.target.policies().iter().map(Policy::scratch).collect(),
            value,
            revenue: rate(),
            cost: rate(),
            stages: meta.environment.funnel.stages.iter().map(|_| rate()).collect(),
            action_mass: vec![0.0; actions],
            rows: 0,
            segments: SegmentShares::new(plan, actions, &offers),
            placement: PlacementMass::new(&offers),
            offers,
            minor_units: meta.environment.economics.minor_units,
            terms: vec![],
        }
    }

    fn push(&mut self, batch: &LogBatch, rows: &BatchRows) {
        let mut context: Vec<Value<'_>> = vec![];
        let mut taken = vec![0.0; rows.actions];
        self.terms.clear();
        for (k, &i) in rows.index.iter().enumerate() {
            let action = batch.action(i);
            let place = self.target.target.place(batch.member_id(i));
            let policy = self.target.target.policies().get(place);
            let ((target, outcomes), propensity): ((&[f64], &[f32]), f64) =
                match (policy, self.scratches.get_mut(place)) {
                    (Some(policy), Some(scratch)) => {
                        batch.context(i, &mut context);
                        let request = request(batch, i, &context);
                        (policy.probabilities_and_outcomes(&request, scratch), batch.propensity(i))
                    }
                    _ => {
                        taken.fill(0.0);
                        let (choice, propensity) = self.target.target.taken(batch, i);
                        choice.into_iter().for_each(|choice| taken[choice] = 1.0);
                        ((&taken, &[]), propensity)
                    }
                };
            let member = rows.member[k];
            let eligible = batch.eligible(i).map(<[u16]>::len);
            let (reward, q_hat) = (rows.reward[k], rows.q_of(k));
            let row = Row { reward, propensity, action, target, q_hat, eligible, logging: None };
            self.value.push(member, &row);
            self.terms.push(row.terms());
            let outcome = |reward: f64| Row { reward, q_hat: None, ..row };
            self.revenue.push(member, &outcome(batch.revenue(i).to_major(self.minor_units)));
            self.cost.push(member, &outcome(batch.cost(i).to_major(self.minor_units)));
            for (s, stage) in self.stages.iter_mut().enumerate() {
                stage.push(member, &outcome(f64::from(u8::from(batch.reached_at(i, s).is_some()))));
            }
            self.action_mass.iter_mut().zip(target).for_each(|(mass, p)| *mass += p);
            let placement = PlacementMass::one(&self.offers, target, outcomes);
            self.segments.push(&rows.segments[k], target, &placement);
            self.placement.add(&placement);
            self.rows += 1;
        }
    }

    fn finish(
        &self,
        meta: &LogMeta,
        options: &Options,
        pairs: &Pairs,
        index: usize,
        states: &[State<'_>],
    ) -> PolicyEvaluation {
        let one = |evaluation: &Evaluation| evaluation.estimates(options.confidence).remove(0);
        let ok = |state: &State<'_>| state.value.certificate().refusals(&Default::default()).is_empty();
        let differences = pairs
            .of(index)
            .map(|(other, estimator, pair)| Against {
                policy: states[other].target.name.clone(),
                estimator,
                difference: (ok(self) && ok(&states[other])).then(|| pair.difference(options.confidence)),
            })
            .collect();
        let share = |mass: f64| mass / self.rows.max(1) as f64;
        PolicyEvaluation {
            name: self.target.name.clone(),
            role: self.target.role,
            estimates: self.value.estimates(options.confidence),
            revenue: one(&self.revenue),
            cost: one(&self.cost),
            stages: meta
                .environment
                .funnel
                .names()
                .zip(&self.stages)
                .map(|(stage, evaluation)| StageRate { stage: stage.to_owned(), rate: one(evaluation) })
                .collect(),
            true_value: None,
            differences,
            actions: meta
                .catalogue
                .names()
                .zip(&self.action_mass)
                .map(|(action, mass)| (action.to_owned(), share(*mass)))
                .collect(),
            segments: self.segments.finish(meta),
            placement: Some(self.placement.shares()),
        }
    }
}

/// What the certificate must know of the log.
pub(crate) fn facts(meta: &LogMeta, design_refuted: Option<bool>) -> Facts {
    let summary = &meta.summary;
    Facts {
        propensities_estimated: Some(meta.propensity_source == guerdon_core::PropensitySource::Estimated),
        design_refuted,
        cross_fitted: Some(true),
        immature_share: Some(summary.immature as f64 / (summary.immature + summary.decisions).max(1) as f64),
        actions: meta.catalogue.names().map(str::to_owned).collect(),
    }
}

/// The paired differences asked for: each target against each named one.
struct Pairs {
    pairs: Vec<(usize, usize, Estimator, PairedDifference)>,
}

impl Pairs {
    fn new(targets: &[NamedTarget], against: &[String], estimators: &[Estimator]) -> Self {
        let mut pairs = vec![];
        for first in 0..targets.len() {
            for name in against {
                for (second, _) in targets.iter().enumerate().filter(|(i, t)| *i != first && &t.name == name) {
                    for estimator in estimators {
                        pairs.push((first, second, *estimator, PairedDifference::new(*estimator)));
                    }
                }
            }
        }
        Pairs { pairs }
    }

    fn push(&mut self, rows: &BatchRows, states: &[State<'_>]) {
        self.pairs.par_iter_mut().for_each(|(first, second, _, pair)| {
            let (ours, theirs) = (&states[*first].terms, &states[*second].terms);
            for ((member, a), b) in rows.member.iter().zip(ours).zip(theirs) {
                pair.push(*member, a, b);
            }
        });
    }

    fn of(&self, index: usize) -> impl Iterator<Item = (usize, Estimator, &PairedDifference)> {
        self.pairs.iter().filter(move |(first, ..)| *first == index).map(|(_, second, e, pair)| (*second, *e, pair))
    }
}

/// The split whose held-out members may be used to value `policy` on this log: its own, if it was trained on the same raw
/// data; none (all members) if it was trained on other data or, as a constant policy is, on no decision at all.
pub fn held_out_of(policy: &Policy, meta: &LogMeta) -> Option<MemberSplit> {
    let training = policy.parts().training.as_ref()?;
    (training.rows > 0 && training.data_sha256 == meta.data_sha256).then_some(training.split)
}
