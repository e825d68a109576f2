//! The whole simulation, from log to result.

use super::assumptions::assumptions;
use super::fit::{Ensemble, fit};
use super::ledger::{Ledger, Played};
use super::plan::Plan;
use super::result::{FidelityFigure, NamedPolicy, PolicyRollout, SimulateOptions, Simulation};
use super::rollout::{Decider, Setting};
use super::sample::{Sample, sample};
use super::spread::Spread;
use super::state::EventMap;
use super::step_value::{distributions, step_values};
use guerdon_core::{Error, MemberSplit, NONE, Progress, Result};
use guerdon_data::history::HistoryPlan;
use guerdon_data::{LogMeta, LogReader};
use guerdon_policy::{FeatureSchema, OutcomeModel, Policy};
use rayon::prelude::*;

/// Fewer held-out members than this can't carry a simulator.
const LEAST_HELD_OUT: usize = 200;

/// The name of the logged actions in their logged shares.
const LOGGING: &str = "logging";

/// Fits an ensemble to `log`, rolls every policy out in it and sets them against `none`.
///
/// Where policies were trained on members of this very log, models are fitted to, and roll-outs start from, the members
/// that none of them was trained on, so that no policy is judged by the luck it learned from.
///
/// # Errors
/// [`Error::Config`] for options out of range; [`Error::Mismatch`] for a policy of other features or actions than the
/// log's; [`Error::Empty`] for a log without members to simulate; errors of reading and fitting.
pub fn simulate(
    log: &LogReader,
    policies: &[NamedPolicy],
    options: &SimulateOptions,
    progress: &dyn Progress,
) -> Result<Simulation> {
    let spread = Spread::new(options.ensemble, options.confidence)?;
    for (key, number) in [("horizon", options.horizon), ("members", options.members)] {
        if number == 0 {
            return Err(Error::config("simulation", key, number, "at least 1 would do"));
        }
    }
    policies.iter().try_for_each(|named| check(named, log.meta()))?;

    let meta = log.meta();
    let plan = Plan::new(meta);
    let (sample, splits) = choose(log, &plan, policies, options, progress)?;
    let include = |id: &str| held_out(&splits, id);
    let ensemble = fit(log, &plan, &sample, &include, options.ensemble, options.seed, progress)?;
    let history = HistoryPlan::new(&meta.environment, &meta.catalogue)?;
    let events = EventMap::new(&meta.environment, &plan, &history);
    let setting = Setting {
        environment: &meta.environment,
        plan: &plan,
        history: &history,
        events: &events,
        ensemble: &ensemble,
        delay_hours: &sample.delay_hours,
        members: &sample.members,
        wanted: options.members,
        horizon: options.horizon,
        seed: options.seed,
    };

    let shares = logged_shares(meta);
    let mut deciders: Vec<Decider> = policies.iter().map(|named| Decider::Policy(&named.policy)).collect();
    deciders.extend([plan.none.map_or(Decider::Shares(&shares), Decider::Always), Decider::Shares(&shares)]);
    let played = play_all(&setting, &deciders, options.ensemble, progress);
    let step_values = value_all(&setting, &deciders, meta, progress);

    let ledger =
        Ledger { economics: &meta.environment.economics, spread, stages: meta.environment.funnel.names().collect() };
    let baseline = policies.len();
    let rollout = |index: usize, name: &str, version: &str| {
        let models = &played[index];
        let (plain, resampled): (Vec<f64>, Vec<f64>) = step_values.iter().map(|model| model[index]).unzip();
        PolicyRollout {
            name: name.to_owned(),
            version: version.to_owned(),
            total: ledger.total(models),
            per_step: (0..options.horizon).map(|step| ledger.step(models, step)).collect(),
            stage_rates: ledger.stage_rates(models),
            incremental: ledger.incremental(models, &played[baseline]),
            step_value: spread.interval(&plain, &resampled),
        }
    };
    let rollouts =
        policies.iter().enumerate().map(|(index, named)| rollout(index, &named.name, named.policy.version())).collect();
    let logging = rollout(baseline + 1, LOGGING, "");
    Ok(Simulation {
        policies: rollouts,
        baseline: rollout(baseline, if plan.none.is_some() { NONE } else { LOGGING }, ""),
        references: if plan.none.is_some() { vec![logging.clone()] } else { vec![] },
        assumptions: assumptions(&plan, &sample, !splits.is_empty()),
        horizon: options.horizon,
        members: options.members,
        fitted_members: sample.members_in_all,
        ensemble: options.ensemble,
        confidence: options.confidence,
        seed: options.seed,
        fidelity: fidelity(&logging, &sample, meta, options),
    })
}

/// Refuses a policy that was made for another programme.
fn check(named: &NamedPolicy, meta: &LogMeta) -> Result<()> {
    let mismatch = |what: &str, given: String, wanted: String| Error::Mismatch {
        place: format!("policy {} and the log", named.name),
        what: what.into(),
        given,
        wanted: format!("the log has {wanted}"),
    };
    let list = |names: Vec<String>| names.join(", ");
    let features: Vec<FeatureSchema> = meta
        .environment
        .features
        .iter()
        .map(|feature| FeatureSchema { name: feature.name.clone(), r#type: feature.source.feature_type() })
        .collect();
    if !named.policy.schema().eq(features.iter()) {
        let given = list(named.policy.schema().map(|feature| feature.name.clone()).collect());
        let wanted = list(features.into_iter().map(|feature| feature.name).collect());
        return Err(mismatch("features", given, wanted));
    }
    if !named.policy.catalogue().names().eq(meta.catalogue.names()) {
        let given = list(named.policy.catalogue().names().map(str::to_owned).collect());
        return Err(mismatch("actions", given, list(meta.catalogue.names().map(str::to_owned).collect())));
    }
    Ok(())
}

/// The splits of the policies that learned from this log.
fn splits_of(policies: &[NamedPolicy], meta: &LogMeta) -> Vec<MemberSplit> {
    let learned = |policy: &Policy| !matches!(policy.parts().model, OutcomeModel::Fixed(_));
    let mut splits: Vec<MemberSplit> = vec![];
    for named in policies.iter().filter(|named| learned(&named.policy)) {
        let training = named.policy.parts().training.as_ref();
        let split = training.filter(|training| training.log_id == meta.log_id).map(|training| training.split);
        splits.extend(split.filter(|split| !splits.contains(split)));
    }
    splits
}

fn held_out(splits: &[MemberSplit], member_id: &str) -> bool {
    splits.iter().all(|split| !split.is_train(member_id))
}

/// Samples members that no policy was trained on, or, where those are too few, any; and the splits that were heeded.
fn choose(
    log: &LogReader,
    plan: &Plan,
    policies: &[NamedPolicy],
    options: &SimulateOptions,
    progress: &dyn Progress,
) -> Result<(Sample, Vec<MemberSplit>)> {
    let seed = options.seed.named("members");
    let splits = splits_of(policies, log.meta());
    if !splits.is_empty() {
        let found = sample(log, plan, &|id| held_out(&splits, id), options.members, seed, progress)?;
        if found.members_in_all >= LEAST_HELD_OUT {
            return Ok((found, splits));
        }
    }
    let found = sample(log, plan, &|_| true, options.members, seed, progress)?;
    if found.members.is_empty() {
        let what = "no member to simulate; give a log with decisions".to_owned();
        return Err(Error::Empty { place: log.path().display().to_string(), what });
    }
    Ok((found, vec![]))
}

/// Share of each action in the log.
fn logged_shares(meta: &LogMeta) -> Vec<f64> {
    let count = |action: &str| meta.summary.actions.get(action).map_or(0, |summary| summary.n) as f64;
    let all: f64 = meta.catalogue.names().map(count).sum();
    meta.catalogue.names().map(|action| count(action) / all.max(1.0)).collect()
}

/// Every decider in every model: `[deciders][models]`.
fn play_all(setting: &Setting, deciders: &[Decider], models: usize, progress: &dyn Progress) -> Vec<Vec<Played>> {
    progress.start("roll out", Some((deciders.len() * models) as u64));
    let games: Vec<Played> = (0..deciders.len() * models)
        .into_par_iter()
        .map(|game| {
            let played = setting.play(game % models, deciders[game / models]);
            progress.advance(1);
            played
        })
        .collect();
    progress.finish();
    let mut games = games.into_iter();
    (0..deciders.len()).map(|_| games.by_ref().take(models).collect()).collect()
}

/// Value of one decision on logged contexts: `[models][deciders]`, as it is and resampled.
fn value_all(setting: &Setting, deciders: &[Decider], meta: &LogMeta, progress: &dyn Progress) -> Vec<Vec<(f64, f64)>> {
    let Ensemble { models, .. } = setting.ensemble;
    progress.start("value logged contexts", Some(models.len() as u64));
    let policies: Vec<Vec<f64>> = deciders
        .par_iter()
        .map(|decider| distributions(*decider, setting.members, setting.plan.rewards.len()))
        .collect();
    let economics = &meta.environment.economics;
    let values = (0..models.len())
        .into_par_iter()
        .map(|model| {
            let values =
                step_values(setting.plan, setting.ensemble, model, setting.members, &policies, economics, setting.seed);
            progress.advance(1);
            values
        })
        .collect();
    progress.finish();
    values
}

/// The log's figures over the sampled members' last decisions, where roll-outs take them up, beside those of the logged
/// actions rolled out: earlier decisions would add what changed while the log ran.
fn fidelity(
    logging: &PolicyRollout,
    sample: &Sample,
    meta: &LogMeta,
    options: &SimulateOptions,
) -> Vec<FidelityFigure> {
    let rows: Vec<_> = sample.members.iter().filter_map(|member| member.rows.last()).collect();
    let n = (rows.len() as f64).max(1.0);
    let minor_units = meta.environment.economics.minor_units;
    let decisions = (options.members * options.horizon) as f64;
    let mut figures = vec![];
    let mut add = |figure: &str, log: f64, total: super::Interval, scale: f64| {
        let simulated =
            super::Interval { value: total.value / scale, lower: total.lower / scale, upper: total.upper / scale };
        figures.push(FidelityFigure { figure: figure.to_owned(), log, simulated });
    };
    let revenue: guerdon_core::Money = rows.iter().map(|row| row.happened.revenue).sum();
    let cost: guerdon_core::Money = rows.iter().map(|row| row.cost).sum();
    let orders: f64 = rows.iter().map(|row| f64::from(row.happened.orders)).sum();
    add("revenue per decision", revenue.to_major(minor_units) / n, logging.total.revenue, decisions);
    add("reward cost per decision", cost.to_major(minor_units) / n, logging.total.reward_cost, decisions);
    add("orders per decision", orders / n, logging.total.orders, decisions);
    for (stage, rate) in logging.stage_rates.iter().enumerate() {
        let reached = rows.iter().filter(|row| row.happened.reached_at[stage].is_some()).count() as f64;
        add(&format!("share {}", rate.stage), reached / n, rate.rate, 1.0);
    }
    figures
}
