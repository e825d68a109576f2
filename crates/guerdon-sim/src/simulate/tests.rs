//! The simulator against a log whose truth is known: that of `coffeehouse`.

use super::plan::Plan;
use super::sample::{sample, values};
use super::state::EventMap;
use super::*;
use crate::coffeehouse::{Options, World, generate};
use guerdon_core::{FeatureSource, MemberSplit, NoProgress, Seed, Value};
use guerdon_data::history::{History, HistoryPlan};
use guerdon_data::{IngestOptions, LogReader, environment, ingest};
use guerdon_learn::{ConstantConfig, LearnerConfig, TrainOptions, request, train};
use guerdon_policy::Policy;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const MEMBERS: u64 = 3_000;
const WORLD: Seed = Seed(21);
const SPLIT: MemberSplit = MemberSplit { seed: Seed(3), train_share: 0.6 };

/// A log of the world, made once for all tests.
fn log() -> &'static LogReader {
    static LOG: OnceLock<(tempfile::TempDir, LogReader)> = OnceLock::new();
    let (_, log) = LOG.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        generate(MEMBERS, WORLD, folder.path(), &Options { truth: false, ..Options::default() }, &NoProgress).unwrap();
        let programme: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments/coffeehouse");
        let programme = environment::load(&programme, &[]).unwrap();
        let path = folder.path().join("log.parquet");
        ingest(&programme, folder.path(), &path, &IngestOptions::default(), &NoProgress).unwrap();
        let log = LogReader::open(&path).unwrap();
        (folder, log)
    });
    log
}

fn named(name: &str, config: &LearnerConfig) -> NamedPolicy {
    let policy = train(log(), config, &TrainOptions::new(Seed(3), SPLIT), &NoProgress).unwrap().policy;
    NamedPolicy { name: name.into(), policy }
}

fn ridge() -> NamedPolicy {
    named("ridge", &LearnerConfig::named("ridge").unwrap())
}

fn constant(action: &str) -> NamedPolicy {
    named(action, &LearnerConfig::Constant(ConstantConfig { action: action.into() }))
}

fn options() -> SimulateOptions {
    SimulateOptions { horizon: 4, members: 800, ensemble: 5, confidence: 0.95, seed: Seed(9) }
}

/// The true value of `policy` on the logged decisions of members that it was not trained on.
fn true_value(policy: &Policy) -> f64 {
    let world = World::new(WORLD, World::default_economics(), 12).unwrap();
    let (mut sum, mut n) = (0.0, 0.0);
    let mut life = world.life(0);
    let mut scratch = policy.scratch();
    for batch in log().batches().unwrap() {
        let batch = batch.unwrap();
        let mut context = vec![];
        for row in 0..batch.len() {
            let member = batch.member_id(row);
            if SPLIT.is_train(member) {
                continue;
            }
            if life.member.id != member {
                life = world.life(World::index_of(member).unwrap());
            }
            batch.context(row, &mut context);
            let chances = policy.probabilities(&request(&batch, row, &context), &mut scratch);
            let truth = &life.choices[batch.step(row) as usize].expected;
            sum += chances.iter().zip(truth).map(|(chance, truth)| chance * truth.net).sum::<f64>();
            n += 1.0;
        }
    }
    sum / n
}

#[test]
fn the_simulator_reproduces_the_log_under_the_logged_actions() {
    // All members: of a sample, the last decisions alone differ from the log's by more than the simulator does.
    let options = SimulateOptions { members: MEMBERS as usize, ..options() };
    let simulation = simulate(log(), &[], &options, &NoProgress).unwrap();
    assert_eq!(simulation.fidelity.len(), 3 + 4);
    for figure in &simulation.fidelity {
        let gap = (figure.simulated.value - figure.log).abs();
        assert!(gap <= 0.05 * figure.log.abs(), "{figure:?}");
    }
}

#[test]
fn its_value_of_one_decision_is_near_the_truth_that_the_world_knows() {
    let policies = [ridge(), constant("gift_4"), constant("none")];
    let simulation = simulate(log(), &policies, &options(), &NoProgress).unwrap();
    for (named, rollout) in policies.iter().zip(&simulation.policies) {
        let truth = true_value(&named.policy);
        let value = rollout.step_value;
        let slack = 0.02 * truth.abs();
        assert!(value.lower - slack <= truth && truth <= value.upper + slack, "{}: {truth} {value:?}", named.name);
    }
    let [best, gift, none] = &simulation.policies[..] else { panic!("three policies were given") };
    assert!(best.step_value.value > gift.step_value.value && best.step_value.value > none.step_value.value);
    assert!(best.incremental.net_value.lower > 0.0 && best.incremental.roi.unwrap().value > 0.0, "{best:?}");
}

/// The true mean net value of one decision when every member gets `action` at each of `steps` weeks after their last
/// logged one, with the fatigue that builds up.
fn true_roll_out(action: usize, steps: u32) -> f64 {
    let world = World::new(WORLD, World::default_economics(), 12).unwrap();
    let mut sum = 0.0;
    for index in 0..MEMBERS {
        let life = world.life(index);
        // The last decision is immature: the log doesn't hold it, and roll-outs begin in its place.
        let first = life.choices.last().unwrap();
        let mut fatigue = first.fatigue;
        for step in 0..steps {
            let at = first.at.plus_hours(168.0 * f64::from(step));
            sum += world.expected(&life.member, fatigue, at, action).net;
            fatigue = world.tired(fatigue, action);
        }
    }
    sum / (MEMBERS as f64 * f64::from(steps))
}

#[test]
fn its_roll_outs_are_near_the_truth_that_the_world_knows() {
    let names = ["none", "gift_4", "streak_300"];
    let policies = names.map(constant);
    let options = SimulateOptions { members: MEMBERS as usize, horizon: 6, ..options() };
    let simulation = simulate(log(), &policies, &options, &NoProgress).unwrap();
    for (name, rollout) in names.iter().zip(&simulation.policies) {
        let action = log().meta().catalogue.index_of(name).unwrap();
        let truth = true_roll_out(action, 6);
        let decisions = (options.members * options.horizon) as f64;
        let value = rollout.total.net_value.value / decisions;
        assert!((value - truth).abs() <= 0.10 * truth, "{name}: {truth} against {value}");
    }
}

#[test]
fn offering_nothing_is_the_baseline_to_the_cent() {
    let simulation = simulate(log(), &[constant("none")], &options(), &NoProgress).unwrap();
    let none = &simulation.policies[0];
    assert_eq!(none.total, simulation.baseline.total);
    assert_eq!(none.incremental.revenue, Interval::default());
    assert_eq!(none.incremental.roi, None);
    assert_eq!(none.total.offers.value, 0.0);
}

#[test]
fn steps_add_up_to_the_total_and_costs_to_the_net_value() {
    let simulation = simulate(log(), &[constant("streak_300")], &options(), &NoProgress).unwrap();
    let rollout = &simulation.policies[0];
    let sum: f64 = rollout.per_step.iter().map(|step| step.revenue.value).sum();
    assert!((sum - rollout.total.revenue.value).abs() < 1e-6 * sum);
    let total = rollout.total;
    let net = 0.65 * total.revenue.value - total.reward_cost.value - total.contact_cost.value;
    assert!((net - total.net_value.value).abs() < 1e-6 * net.abs());
    assert!((total.offers.value - 3_200.0).abs() < 1e-9 && (total.contact_cost.value - 64.0).abs() < 1e-9);
    assert!((total.liability.value - total.reward_cost.value).abs() < 1e-6 * total.liability.value);
}

#[test]
fn the_same_seed_gives_the_same_simulation_on_one_and_on_two_threads() {
    let policies = [ridge()];
    let options = SimulateOptions { members: 200, ensemble: 3, ..options() };
    let [one, two] = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let simulation = pool.install(|| simulate(log(), &policies, &options, &NoProgress)).unwrap();
        serde_json::to_string(&simulation).unwrap()
    });
    assert_eq!(one, two);
}

#[test]
fn more_members_than_the_log_has_are_played_several_times_with_other_luck() {
    let options = SimulateOptions { members: 2 * MEMBERS as usize, horizon: 1, ensemble: 2, ..options() };
    let simulation = simulate(log(), &[], &options, &NoProgress).unwrap();
    let twice = simulation.baseline.total.orders.value;
    let once = simulate(log(), &[], &SimulateOptions { members: MEMBERS as usize, ..options }, &NoProgress).unwrap();
    let once = once.baseline.total.orders.value;
    assert!((twice / once - 2.0).abs() < 0.1 && twice != 2.0 * once, "{twice} {once}");
}

#[test]
fn a_warmed_up_history_tells_the_logged_features() {
    let log = log();
    let meta = log.meta();
    let plan = Plan::new(meta);
    let history_plan = HistoryPlan::new(&meta.environment, &meta.catalogue).unwrap();
    let map = EventMap::new(&meta.environment, &plan, &history_plan);
    let found = sample(log, &plan, &|_| true, 50, Seed(1), &NoProgress).unwrap();
    assert_eq!(found.members.len(), 50);
    let (mut history, mut events, mut compared) = (History::new(&history_plan), vec![], 0);
    for member in &found.members {
        history.reset(member.joined_at);
        for (index, row) in member.rows.iter().enumerate() {
            let mut told = vec![];
            history.features(row.at, &row.stage, &[], &[], &mut told);
            for ((feature, told), logged) in meta.environment.features.iter().zip(&told).zip(values(&row.context)) {
                // What reaches back no further than the logged decisions, and doesn't ask for exact times.
                let exact = match &feature.source {
                    FeatureSource::Offers { .. } | FeatureSource::SinceOffer | FeatureSource::StageRate { .. } => true,
                    FeatureSource::Tenure | FeatureSource::Weekday | FeatureSource::Slot => true,
                    FeatureSource::Count { hours: Some(hours), .. } | FeatureSource::Sum { hours: Some(hours), .. } => {
                        index as f64 >= hours / 168.0 && feature.name != "points_redeemed_month"
                    }
                    _ => false,
                };
                if exact {
                    compared += 1;
                    match (told, logged) {
                        (Value::Number(told), Value::Number(logged)) => {
                            assert!((told - logged).abs() < 1e-6, "{}: {told} {logged}", feature.name);
                        }
                        _ => assert_eq!(*told, logged, "{}", feature.name),
                    }
                }
            }
            let next = member.rows.get(index + 1).map(|next| next.at);
            map.feed(&mut history, row.at, Some(row.action), &row.happened, next, &mut events);
        }
    }
    assert!(compared > 5_000, "{compared}");
}

#[test]
fn impossible_options_and_foreign_policies_are_refused() {
    for (options, key) in [
        (SimulateOptions { horizon: 0, ..options() }, "horizon is 0"),
        (SimulateOptions { members: 0, ..options() }, "members is 0"),
        (SimulateOptions { ensemble: 1, ..options() }, "ensemble is 1"),
        (SimulateOptions { confidence: 1.0, ..options() }, "confidence is 1"),
    ] {
        let error = simulate(log(), &[], &options, &NoProgress).unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
    let mut parts = constant("none").policy.parts().clone();
    parts.encoder = guerdon_policy::Encoder::new(vec![]).unwrap();
    let foreign = NamedPolicy { name: "foreign".into(), policy: Policy::new(parts).unwrap() };
    let error = simulate(log(), &[foreign], &options(), &NoProgress).unwrap_err();
    assert!(error.to_string().contains("policy foreign and the log: features"), "{error}");
}
