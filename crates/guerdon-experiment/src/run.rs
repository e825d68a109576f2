//! The main job: data, decision log, audit, policies, values, roll-out, page. A run that was stopped resumes where it stood.

use crate::account::account;
use crate::budget::{Arms, Frontier, FrontierOptions, frontier_of, predicts_outcomes};
use crate::built_in;
use crate::config::{Budget, Experiment};
use crate::evaluate::{Evaluator, NamedTarget, Options, PolicyEvaluation, Role, Target};
use crate::folder::{RunFolder, make, read_json, write, write_json};
use crate::machine::Machine;
use crate::page;
use crate::truth::true_values;
use guerdon_core::{Error, MemberSplit, Progress, Result, Seed};
use guerdon_data::{AuditReport, IngestOptions, LoadedEnvironment, LogReader};
use guerdon_learn::{Device, Metric, Reference, TrainOptions, reference_policy};
use guerdon_policy::Policy;
use guerdon_sim::coffeehouse::World;
use guerdon_sim::{NamedPolicy, SimulateOptions, Simulation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// What a run is asked for beyond its experiment file.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The raw data; without it the built-in programme's is made.
    pub data: Option<PathBuf>,
    /// The folder for runs and cached logs.
    pub out: PathBuf,
    /// Overrides of the experiment file; those that begin with `environment.` go to the environment's file.
    pub sets: Vec<(String, String)>,
    /// Where neural learners train.
    pub device: Device,
    /// Threads for reading and sorting.
    pub threads: usize,
}

/// What a finished run was: written last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The run's id, made of the experiment, the environment and the data.
    pub run: String,
    /// The experiment as it was run, overrides applied.
    pub experiment: Experiment,
    /// SHA-256 of the experiment as it was run.
    pub experiment_sha256: String,
    /// SHA-256 of the raw data.
    pub data_sha256: String,
    /// Identifies the decision log: data, environment, views, format.
    pub log_id: String,
    /// The engine's version.
    pub code_version: String,
    /// What it ran on.
    pub machine: Machine,
    /// The policies' versions, by file.
    pub policies: Vec<ManifestPolicy>,
}

/// One exported policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManifestPolicy {
    /// The learner's name.
    pub name: String,
    /// `name@hash`.
    pub version: String,
    /// Path within the run folder.
    pub file: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A finished run.
#[derive(Debug)]
pub struct Finished {
    /// Where everything lies.
    pub folder: RunFolder,
    /// What was run.
    pub manifest: Manifest,
    /// What each policy is worth.
    pub evaluations: Vec<PolicyEvaluation>,
    /// The roll-out, if asked for.
    pub simulation: Option<Simulation>,
    /// What the audit found.
    pub audit: AuditReport,
}

/// Runs the experiment at `file`.
///
/// # Errors
/// Whatever a step gives; what earlier steps wrote stays and is taken up again.
pub fn run(file: &Path, options: &RunOptions, progress: &dyn Progress) -> Result<Finished> {
    let Prepared { experiment, environment, log_path, log } = prepare(file, options, progress)?;
    let experiment = experiment.without_search();
    let (run, experiment_sha256) = run_id(&experiment, &log, options.device)?;
    let folder = RunFolder::create(options.out.join(&experiment.name).join(&run))?;

    let audit = kept_or(&folder.audit(), || guerdon_data::audit(&log_path, progress))?;
    let split = MemberSplit { seed: experiment.seed.named("split"), train_share: experiment.split.train_share };
    let policies = train_all(&experiment, &log, &folder, split, options.device, progress)?;
    let world = world_of(&experiment, &environment, options)?;
    let evaluations = kept_or(&folder.estimates(), || {
        let refuted = audit.design_refuted();
        value_all(&experiment, &log, &policies, (split, refuted), world.as_ref(), progress)
    })?;
    let simulation = match experiment.simulate {
        None => None,
        Some(simulate) => Some(kept_or(&folder.simulation(), || {
            let named: Vec<NamedPolicy> = policies
                .iter()
                .map(|(name, policy)| NamedPolicy { name: name.clone(), policy: policy.clone() })
                .collect();
            let options = SimulateOptions {
                horizon: simulate.horizon,
                members: simulate.members,
                ensemble: simulate.ensemble,
                confidence: experiment.evaluate.confidence,
                seed: experiment.seed.named("simulate"),
            };
            guerdon_sim::simulate(&log, &named, &options, progress)
        })?),
    };
    let frontiers = match experiment.budget {
        None => vec![],
        Some(budget) => kept_or(&folder.frontiers(), || {
            frontiers(&experiment, budget, &log, &policies, audit.design_refuted(), progress)
        })?,
    };

    let manifest = Manifest {
        run,
        experiment_sha256,
        data_sha256: log.meta().data_sha256.clone(),
        log_id: log.meta().log_id.clone(),
        code_version: env!("CARGO_PKG_VERSION").into(),
        machine: Machine::this(),
        policies: manifest_policies(&policies, &folder)?,
        experiment,
    };
    let booked = account(&log, split, progress)?;
    let mut report = page::report(&manifest, log.meta(), &audit, booked, &evaluations, simulation.as_ref());
    report.budget = crate::budget::section(&frontiers, manifest.experiment.budget.and_then(|b| b.per_decision));
    write(&folder.report(), guerdon_report::html(&report).as_bytes())?;
    write_json(&folder.manifest(), &manifest)?;
    Ok(Finished { folder, manifest, evaluations, simulation, audit })
}

/// An experiment with its decision log.
pub(crate) struct Prepared {
    pub(crate) experiment: Experiment,
    pub(crate) environment: LoadedEnvironment,
    pub(crate) log_path: PathBuf,
    pub(crate) log: LogReader,
}

/// Reads the experiment at `file`, and makes its raw data and its decision log unless they are there.
pub(crate) fn prepare(file: &Path, options: &RunOptions, progress: &dyn Progress) -> Result<Prepared> {
    let (environment_sets, own_sets) = part_sets(&options.sets);
    let experiment = Experiment::load(file, &own_sets)?;
    let environment = guerdon_data::environment::load(&experiment.environment_dir(file), &environment_sets)?;
    let cache = options.out.join("cache");
    make(&cache)?;
    let data = raw_data(&experiment, &environment, options, &cache, progress)?;
    let log_path = decision_log(&environment, &data, &cache, options, progress)?;
    let log = LogReader::open(&log_path)?;
    Ok(Prepared { experiment, environment, log_path, log })
}

type Sets = Vec<(String, String)>;

/// Overrides that begin with `environment.` are the environment file's, the others the experiment's.
fn part_sets(sets: &[(String, String)]) -> (Sets, Sets) {
    let (environment, own): (Sets, Sets) = sets.iter().cloned().partition(|(key, _)| key.starts_with("environment."));
    let strip = |(key, value): (String, String)| (key["environment.".len()..].to_owned(), value);
    (environment.into_iter().map(strip).collect(), own)
}

/// The folder or file of raw data: the one given, or the built-in programme's, made once.
fn raw_data(
    experiment: &Experiment,
    environment: &LoadedEnvironment,
    options: &RunOptions,
    cache: &Path,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    if let Some(data) = &options.data {
        return Ok(data.clone());
    }
    let Some(generate) = experiment.generate else {
        return Err(Error::config(
            &experiment.name,
            "--data",
            "not given",
            "name the folder with the programme's raw files (only experiments with [generate] can do without)",
        ));
    };
    let seed = generate_seed(experiment);
    let folder = cache.join(format!("raw-{}-{}-{:016x}", environment.spec.name, generate.members, seed.0));
    if !folder.is_dir() {
        built_in::generate(&environment.spec, generate.members, seed, &folder, progress)?;
    }
    Ok(folder)
}

/// The seed of the built-in programme's world.
/// The world behind the raw data, where this engine made them.
pub(crate) fn world_of(
    experiment: &Experiment,
    environment: &LoadedEnvironment,
    options: &RunOptions,
) -> Result<Option<World>> {
    match (&options.data, experiment.generate) {
        (None, Some(_)) => built_in::world(&environment.spec, generate_seed(experiment)),
        _ => Ok(None),
    }
}

fn generate_seed(experiment: &Experiment) -> Seed {
    experiment.seed.named("generate")
}

/// The decision log of this data under this environment, ingested unless it is in the cache.
fn decision_log(
    environment: &LoadedEnvironment,
    data: &Path,
    cache: &Path,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let log_id = guerdon_data::log_id(environment, data)?;
    let path = cache.join(format!("log-{}.parquet", &log_id[..16]));
    if !path.is_file() {
        let ingest = IngestOptions { threads: options.threads, ..IngestOptions::default() };
        guerdon_data::ingest(environment, data, &path, &ingest, progress)?;
    }
    Ok(path)
}

/// The run's id: whatever can change its results, hashed.
fn run_id(experiment: &Experiment, log: &LogReader, device: Device) -> Result<(String, String)> {
    let text = serde_json::to_string(experiment).map_err(|e| Error::Internal(e.to_string()))?;
    let experiment_sha256 = hex(&Sha256::digest(text.as_bytes()));
    let parts = [&experiment_sha256, &log.meta().log_id, env!("CARGO_PKG_VERSION"), &format!("{device:?}")];
    Ok((hash_of(&parts), experiment_sha256))
}

/// Twelve digits of the hash of `parts`.
pub(crate) fn hash_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())[..12].to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The result in `path` if an earlier try of this run left it there, else made now and kept.
pub(crate) fn kept_or<T: Serialize + serde::de::DeserializeOwned>(
    path: &Path,
    make: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if path.is_file() {
        return read_json(path);
    }
    let made = make()?;
    write_json(path, &made)?;
    Ok(made)
}

/// Trains every learner, or loads what an earlier try of this run trained.
fn train_all(
    experiment: &Experiment,
    log: &LogReader,
    folder: &RunFolder,
    split: MemberSplit,
    device: Device,
    progress: &dyn Progress,
) -> Result<Vec<(String, Policy)>> {
    let mut policies = vec![];
    for learner in &experiment.learners {
        let path = folder.policy(&learner.name);
        if path.is_file() {
            policies.push((learner.name.clone(), Policy::load(&path)?));
            continue;
        }
        let checkpoint = folder.checkpoint(&learner.name);
        let options = TrainOptions {
            device,
            checkpoint: Some(checkpoint.clone()),
            name: Some(learner.name.clone()),
            ..TrainOptions::new(experiment.seed.named("train").named(&learner.name), split)
        };
        let trained = guerdon_learn::train(log, &learner.config, &options, progress)?;
        append_metrics(&folder.metrics(), &learner.name, &trained.metrics)?;
        let policy = placed(trained.policy, learner.reach)?;
        policy.save(&path)?;
        guerdon_learn::forget_checkpoint(&checkpoint)?;
        policies.push((learner.name.clone(), policy));
    }
    Ok(policies)
}

/// The policy as the experiment wants its rewards placed.
///
/// # Errors
/// [`Error::Config`] for a policy that predicts no chances.
pub(crate) fn placed(policy: Policy, reach: Option<f64>) -> Result<Policy> {
    match reach {
        None => Ok(policy),
        Some(reach) => policy.placed(reach),
    }
}

/// Adds one line a metric, each with its learner's name; lines of an earlier try of the same learner give way.
fn append_metrics(path: &Path, learner: &str, metrics: &[Metric]) -> Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        learner: &'a str,
        #[serde(flatten)]
        metric: &'a Metric,
    }
    let prefix = format!("{{\"learner\":{},", serde_json::to_string(learner).unwrap_or_default());
    let mut text = String::new();
    if path.is_file() {
        let before = std::fs::read_to_string(path).map_err(|e| Error::not_found(path, "file", e))?;
        before.lines().filter(|line| !line.starts_with(&prefix)).for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
    }
    for metric in metrics {
        let line = serde_json::to_string(&Line { learner, metric }).map_err(|e| Error::Internal(e.to_string()))?;
        text.push_str(&line);
        text.push('\n');
    }
    write(path, text.as_bytes())
}

/// Values the trained policies beside logging, uniform and every constant action, on the members held out.
fn value_all(
    experiment: &Experiment,
    log: &LogReader,
    policies: &[(String, Policy)],
    (split, design_refuted): (MemberSplit, bool),
    world: Option<&World>,
    progress: &dyn Progress,
) -> Result<Vec<PolicyEvaluation>> {
    let mut targets: Vec<NamedTarget> = policies
        .iter()
        .map(|(name, policy)| NamedTarget {
            name: name.clone(),
            role: Role::Learner,
            target: Target::Policy(Box::new(policy.clone())),
        })
        .collect();
    targets.extend(references(log)?);
    let options = Options {
        estimators: experiment.evaluate.estimators.clone(),
        confidence: experiment.evaluate.confidence,
        folds: experiment.evaluate.folds,
        seed: experiment.seed.named("evaluate"),
        held_out_of: Some(split),
        segments: experiment.report.segments.clone(),
        design_refuted: Some(design_refuted),
    };
    let evaluator = Evaluator::new(log, options, progress)?;
    // Which constant is best is known only after a first look at the constants.
    let constants: Vec<NamedTarget> = targets.iter().filter(|t| t.role == Role::Constant).cloned().collect();
    let first = evaluator.evaluate(&constants, &[], progress)?;
    let mut against = vec![LOGGING.to_owned(), constant_name(guerdon_core::NONE), UNIFORM.to_owned()];
    against.extend(best_constant(&first, experiment.evaluate.headline).map(|best| best.name.clone()));
    let mut valued = evaluator.evaluate(&targets, &against, progress)?;
    if let Some(world) = world {
        let truth = true_values(log, &targets, world, &|member| !split.is_train(member), progress)?;
        valued.iter_mut().zip(truth).for_each(|(valued, truth)| valued.true_value = Some(truth));
    }
    Ok(valued)
}

/// Value against budget of every learner that predicts outcomes (the others have no cost to price), on the members held out.
fn frontiers(
    experiment: &Experiment,
    budget: Budget,
    log: &LogReader,
    policies: &[(String, Policy)],
    design_refuted: bool,
    progress: &dyn Progress,
) -> Result<Vec<Frontier>> {
    let options = FrontierOptions {
        points: budget.points,
        per_decision: budget.per_decision,
        confidence: experiment.evaluate.confidence,
        folds: experiment.evaluate.folds,
        seed: experiment.seed.named("evaluate"),
        design_refuted: Some(design_refuted),
    };
    let mut all = vec![];
    for (name, policy) in policies {
        if predicts_outcomes(policy, log)? {
            all.push(frontier_of(log, &Arms::held_out(name, policy.clone(), log.meta()), &options, progress)?);
        }
    }
    Ok(all)
}

/// The name of the logging policy in results.
pub const LOGGING: &str = "logging";

/// The name in results of the policy that takes all eligible actions alike.
pub(crate) const UNIFORM: &str = "uniform";

/// The name in results of the policy that always takes `action`.
pub fn constant_name(action: &str) -> String {
    format!("always {action}")
}

/// Logging, uniform, and each action always.
pub fn references(log: &LogReader) -> Result<Vec<NamedTarget>> {
    let policy = |name: String, role, reference| -> Result<NamedTarget> {
        let target = Target::Policy(Box::new(reference_policy(log.meta(), &reference, Seed(0))?));
        Ok(NamedTarget { name, role, target })
    };
    let mut all = vec![
        NamedTarget { name: LOGGING.into(), role: Role::Logging, target: Target::Logging },
        policy(UNIFORM.into(), Role::Uniform, Reference::Uniform)?,
    ];
    for action in log.meta().catalogue.names() {
        all.push(policy(constant_name(action), Role::Constant, Reference::Constant(action.to_owned()))?);
    }
    Ok(all)
}

/// The constant policy with the highest value by `headline`, other than `none`, among those that can be valued.
pub fn best_constant(evaluations: &[PolicyEvaluation], headline: guerdon_ope::Estimator) -> Option<&PolicyEvaluation> {
    let value = |e: &PolicyEvaluation| e.estimate(headline).and_then(|estimate| estimate.value);
    evaluations
        .iter()
        .filter(|e| e.role == Role::Constant && e.name != constant_name(guerdon_core::NONE) && value(e).is_some())
        .max_by(|a, b| value(a).unwrap_or(f64::NEG_INFINITY).total_cmp(&value(b).unwrap_or(f64::NEG_INFINITY)))
}

fn manifest_policies(policies: &[(String, Policy)], folder: &RunFolder) -> Result<Vec<ManifestPolicy>> {
    policies
        .iter()
        .map(|(name, policy)| {
            let path = folder.policy(name);
            let bytes = std::fs::metadata(&path).map_err(|e| Error::not_found(&path, "file", e))?.len();
            let file = format!("policies/{name}.safetensors");
            Ok(ManifestPolicy { name: name.clone(), version: policy.version().to_owned(), file, bytes })
        })
        .collect()
}
