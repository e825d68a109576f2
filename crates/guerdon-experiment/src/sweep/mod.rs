//! A search over learners' settings by what the policies are worth: member-wise cross-fitting, the experiment's headline
//! estimator, every fold's policy valued on members that it never saw.
//!
//! Settings are drawn at random, spread evenly, from each learner's search space (Bergstra & Bengio 2012); the file's own
//! are tried beside them. With K folds each trial gives K policies, each trained on the members of the other folds.
//! Together they are one target: for each decision the policy that never saw its member, with a q̂ that never saw that
//! fold either, so the decisions of all folds go into one estimate with one interval, clustered by member (Chernozhukov
//! et al. 2018). The winner is the trial with the highest lower end of that interval: of two of like value the one that
//! the log tells more of.
//!
//! The winner's own value is the best of several noisy ones, and so too high. Where anything was drawn, the sweep sees only
//! the members that the experiment's split trains on, and the winner, trained on all of these, is valued on the others.
//! Where nothing is drawn the learners are compared on all members.
//!
//! Models that are fitted elsewhere can be valued on the same terms: the sweep writes which fold each member is in, and
//! takes decisions made for each fold by a model that saw the others alone.

mod constants;
mod folder;
mod folds;
mod found;
mod given;
mod plan;
mod race;
mod space;
mod trial;
mod winner;

pub use constants::BEST_CONSTANT;
pub use folder::SweepFolder;
pub use folds::FoldResult;
pub use found::{Found, HeldOut, Members, TrialResult, Worth};
pub use plan::SweepPlan;
pub use race::Dropped;
pub use space::{Draw, SearchSpace};
pub use trial::Trial;

use crate::config::Experiment;
use crate::evaluate::{Evaluator, NamedTarget, Options, Role, fold_seed};
use crate::folder::write_json;
use crate::run::{LOGGING, Prepared, RunOptions, constant_name, hash_of, kept_or, prepare, references, world_of};
use crate::truth::true_values;
use folds::{Folds, Trainings};
use guerdon_core::{Error, MemberSplit, Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_ope::selection::{Compared, Multiplicity};
use guerdon_sim::coffeehouse::World;
use std::path::{Path, PathBuf};

/// What a sweep is asked for beyond its experiment file.
#[derive(Debug, Clone)]
pub struct SweepOptions {
    /// Data, folder, overrides and device, as for a run.
    pub run: RunOptions,
    /// Trainings side by side, each on one thread; at least 1. Results do not depend on it.
    pub jobs: usize,
    /// Decisions that other systems made, by name: Parquet files with `decision_id` and `action`, a row for each decision
    /// of the members that the folds hold.
    pub decisions: Vec<(String, PathBuf)>,
}

/// A finished sweep.
#[derive(Debug)]
pub struct Swept {
    /// Where everything lies.
    pub folder: SweepFolder,
    /// What was found.
    pub found: Found,
}

/// Draws of the joint distribution behind the intervals that hold all at once.
const DRAWS: usize = 20_000;

/// Sweeps the experiment at `file`. A sweep that was stopped takes up every fold of every trial that it had finished; one
/// that is asked for more draws takes up those of the smaller.
///
/// # Errors
/// [`Error::Config`] for a search space that the learner does not know or take, or a name given twice; what
/// [`GivenDecisions`](guerdon_data::GivenDecisions) says of decisions made elsewhere; whatever a step gives.
pub fn sweep(file: &Path, options: &SweepOptions, progress: &dyn Progress) -> Result<Swept> {
    let Prepared { experiment, environment, log_path, log } = prepare(file, &options.run, progress)?;
    let trials = trial::trials(&experiment, experiment.sweep.trials)?;
    let members = if trials.iter().all(|trial| trial.drawn.is_empty()) { Members::All } else { Members::Training };
    let id = sweep_id(&experiment, &log, members, &format!("{:?}", options.run.device))?;
    let folder = SweepFolder::create(options.run.out.join(&experiment.name).join(format!("sweep-{id}")))?;
    let refuted = kept_or(&folder.audit(), || guerdon_data::audit(&log_path, progress))?.design_refuted();
    let world = world_of(&experiment, &environment, &options.run)?;

    let split = MemberSplit { seed: experiment.seed.named("split"), train_share: experiment.split.train_share };
    let seen = match members {
        Members::All => log.clone(),
        Members::Training => log.restricted_to(move |member| split.is_train(member))?,
    };
    let given = given::targets(&options.decisions, &trials, &seen)?;
    let valuing = Options {
        estimators: vec![experiment.evaluate.headline],
        confidence: experiment.evaluate.confidence,
        folds: experiment.sweep.folds,
        seed: experiment.seed.named("sweep"),
        held_out_of: None,
        segments: vec![],
        design_refuted: Some(refuted),
    };
    let evaluator = Evaluator::new(&seen, valuing.clone(), progress)?;
    let trainings = Trainings {
        log: &seen,
        folds: Folds { seed: fold_seed(valuing.seed), count: experiment.sweep.folds },
        evaluator: &evaluator,
        folder: &folder,
        seed: valuing.seed,
        device: options.run.device,
        jobs: options.jobs,
    };
    if !folder.folds().is_file() {
        guerdon_data::write_folds(&seen, |member| trainings.folds.of(member), &folder.folds())?;
    }
    let tried = try_all(&trainings, &trials, &experiment, progress)?;
    let mut found = value_all(&trainings, (tried, given), &experiment, &valuing, world.as_ref(), progress)?;
    found.members = members;
    found.sweep = id;
    winner::take(&mut found, &trainings, &trials, &experiment, (&log, split), &valuing, progress)?;
    write_json(&folder.trials(), &found)?;
    Ok(Swept { folder, found })
}

/// Whatever can change the result of a trial on a fold, hashed: not how many trials there are, nor whether some are dropped.
fn sweep_id(experiment: &Experiment, log: &LogReader, members: Members, device: &str) -> Result<String> {
    let mut own = experiment.clone();
    own.sweep = SweepPlan { folds: experiment.sweep.folds, ..SweepPlan::default() };
    own.simulate = None;
    own.report = Default::default();
    own.learners.iter_mut().for_each(|learner| learner.against = None);
    let text = serde_json::to_string(&own).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(hash_of(&[&text, &log.meta().log_id, env!("CARGO_PKG_VERSION"), &format!("{members:?}"), device]))
}

/// A trial and what became of it; with its target where it was tried on all folds.
struct Tried {
    result: TrialResult,
    target: Option<NamedTarget>,
}

/// Trains every trial on every fold; with halving fold by fold, dropping some in between.
fn try_all(
    trainings: &Trainings<'_>,
    trials: &[Trial],
    experiment: &Experiment,
    progress: &dyn Progress,
) -> Result<Vec<Tried>> {
    let folds = trainings.folds.count;
    let mut dropped: Vec<Option<Dropped>> = vec![None; trials.len()];
    let all: Vec<usize> = (0..folds).collect();
    // Only draws can be dropped. Where none can be, all folds are one round, in which no worker waits for another.
    let halving = experiment.sweep.halving && trials.iter().any(|trial| !trial.drawn.is_empty());
    for round in all.chunks(if halving { 1 } else { folds }) {
        let places: Vec<usize> = (0..trials.len()).filter(|place| dropped[*place].is_none()).collect();
        let alive: Vec<&Trial> = places.iter().map(|place| &trials[*place]).collect();
        trainings.run(&alive, round, progress)?;
        let done = round[round.len() - 1] + 1;
        if done < folds {
            let by = (experiment.evaluate.headline, experiment.evaluate.confidence);
            for (place, why) in race::race(trainings, &alive, done, by, progress)? {
                dropped[places[place]] = Some(why);
            }
        }
    }
    let tried = trials.iter().zip(dropped).map(|(trial, dropped)| {
        let done = dropped.as_ref().map_or(folds, |dropped| dropped.after_folds);
        let results = (0..done).map(|fold| trainings.result(trial, fold)).collect::<Result<Vec<_>>>()?;
        let (target, failed) = match &dropped {
            Some(_) => (None, None),
            None => match trainings.target(trial, folds)? {
                Ok(target) => (Some(target), None),
                Err(reason) => (None, Some(reason)),
            },
        };
        let result = TrialResult {
            trial: trial.name.clone(),
            learner: trial.learner.clone(),
            settings: trial.drawn.clone(),
            against: trial.against.clone(),
            worth: None,
            dropped,
            failed,
            by_fold: TrialResult::values_of(&results),
        };
        Ok(Tried { result, target })
    });
    tried.collect()
}

/// Values all trials that were tried on all folds beside decisions made elsewhere and the policies to beat, and compares
/// them.
fn value_all(
    trainings: &Trainings<'_>,
    (mut tried, given): (Vec<Tried>, Vec<NamedTarget>),
    experiment: &Experiment,
    valuing: &Options,
    world: Option<&World>,
    progress: &dyn Progress,
) -> Result<Found> {
    let (estimator, log) = (experiment.evaluate.headline, trainings.log);
    let others = references(log)?;
    let constants: Vec<NamedTarget> = others.iter().filter(|other| other.role == Role::Constant).cloned().collect();
    let best_constants = constants::by_fold(trainings, &constants, valuing)?;
    let mut targets: Vec<NamedTarget> = tried.iter_mut().filter_map(|tried| tried.target.take()).collect();
    targets.extend(given);
    targets.extend(constants::target(trainings, &constants, &best_constants));
    targets.extend(others);
    let mut beaten = against(BEST_CONSTANT).to_vec();
    for counterpart in experiment.learners.iter().filter_map(|learner| learner.against.clone()) {
        if !beaten.contains(&counterpart) {
            beaten.push(counterpart);
        }
    }
    let mut valued = trainings.evaluator.evaluate(&targets, &beaten, progress)?;
    if let Some(world) = world {
        let truth = true_values(log, &targets, world, &|_| true, progress)?;
        valued.iter_mut().zip(truth).for_each(|(valued, truth)| valued.true_value = Some(truth));
    }
    let in_contest = |target: &NamedTarget| {
        matches!(target.role, Role::Learner | Role::Given | Role::Logging) || target.name == BEST_CONSTANT
    };
    let carried = targets.iter().zip(&valued).filter(|(target, valued)| {
        in_contest(target) && valued.estimate(estimator).is_some_and(|estimate| estimate.is_ok())
    });
    let carried: Vec<NamedTarget> = carried.map(|(target, _)| target.clone()).collect();
    let compared = compare_all(trainings, &carried, experiment, progress)?;

    let mut references = vec![];
    for valued in valued {
        let worth = Worth::of(valued, estimator)?;
        match tried.iter_mut().find(|tried| worth.role == Role::Learner && tried.result.trial == worth.name) {
            Some(tried) => tried.result.worth = Some(worth),
            None => references.push(worth),
        }
    }
    let mut results: Vec<TrialResult> = tried.into_iter().map(|tried| tried.result).collect();
    let rank = |result: &TrialResult| result.lower().unwrap_or(f64::NEG_INFINITY);
    results.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    Ok(Found {
        sweep: String::new(),
        experiment: experiment.name.clone(),
        log_id: log.meta().log_id.clone(),
        code_version: env!("CARGO_PKG_VERSION").into(),
        members: Members::All,
        folds: trainings.folds.count,
        draws: experiment.sweep.trials,
        halving: experiment.sweep.halving,
        estimator,
        confidence: experiment.evaluate.confidence,
        winner: results.iter().find(|result| result.lower().is_some()).map(|result| result.trial.clone()),
        trials: results,
        references,
        best_constants,
        compared,
        held_out: None,
        notes: vec![],
    })
}

/// Which policies every other is held against; `best` is the best constant's name.
pub(crate) fn against(best: &str) -> [String; 3] {
    [best.to_owned(), LOGGING.to_owned(), constant_name(guerdon_core::NONE)]
}

fn compare_all(
    trainings: &Trainings<'_>,
    carried: &[NamedTarget],
    experiment: &Experiment,
    progress: &dyn Progress,
) -> Result<Option<Compared>> {
    if carried.len() < 2 {
        return Ok(None);
    }
    let seed: Seed = trainings.seed.named("comparison");
    let multiplicity = Multiplicity::MaxT { draws: DRAWS, seed };
    trainings.evaluator.compare(carried, experiment.evaluate.headline, multiplicity, progress).map(Some)
}
