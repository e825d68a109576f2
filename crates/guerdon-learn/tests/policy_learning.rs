//! The policy learner: that each method finds what is best, keeps its floor and its masks, and serves what it trained.

mod common;

use common::{Row, log_of, options, rows};
use guerdon_core::{NoProgress, Timestamp, Value};
use guerdon_learn::{LearnerConfig, PolicyConfig, PolicyMethod as Method, Start, TrainOptions, parity, train};
use guerdon_policy::{Exploration, Policy, Request};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const METHODS: [Method; 7] =
    [Method::Ips, Method::Dr, Method::Snips, Method::Ls, Method::Awr, Method::Wll, Method::Pessimistic];

/// Two cells and three actions: in cell "a" the reward "five" brings 60 of spend, in cell "b" "ten" brings 80, each with
/// probability 0.8; all else brings 20 with probability one half.
fn toy(members: usize, seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = vec![];
    for member in 0..members {
        let cell = member % 2;
        for step in 0..4u32 {
            let action = rng.random_range(0..3usize);
            let (chance, spend) = if action == cell + 1 { (0.8, [60.0, 80.0][cell]) } else { (0.5, 20.0) };
            let spend = if rng.random::<f64>() < chance { spend } else { 0.0 };
            let code = ["a", "b"][cell].to_owned();
            all.push(Row { member: format!("m{member:05}"), hour: step * 10, action, x: 0.0, code, spend });
        }
    }
    all
}

fn config(method: Method, start: Start, hidden: Vec<usize>) -> LearnerConfig {
    let rate = if start == Start::Ridge { 0.005 } else { 0.05 };
    LearnerConfig::Policy(PolicyConfig { method, start, hidden, rate, batch: 64, ..PolicyConfig::default() })
}

fn probabilities(policy: &Policy, x: f64, code: &str, eligible: Option<&[u16]>) -> Vec<f64> {
    let context = [Value::Number(x), Value::Category(code)];
    let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible };
    policy.probabilities(&request, &mut policy.scratch()).to_vec()
}

fn best(probabilities: &[f64]) -> usize {
    (0..probabilities.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).unwrap()
}

#[test]
fn every_method_finds_the_best_action_of_every_cell_from_any_start() {
    let log = log_of(&toy(600, 1));
    for method in METHODS {
        for (start, hidden) in [(Start::Zero, vec![]), (Start::Ridge, vec![4]), (Start::Value, vec![8])] {
            let config = config(method, start, hidden.clone());
            let policy = train(&log.reader, &config, &options(1), &NoProgress).unwrap().policy;
            for (code, action) in [("a", 1), ("b", 2)] {
                let found = probabilities(&policy, 0.0, code, None);
                assert_eq!(best(&found), action, "{method:?} from {start:?}, {hidden:?}: {found:?}");
                let enough = if method == Method::Wll { 0.45 } else { 0.6 };
                assert!(found[action] > enough, "{method:?} from {start:?}, {hidden:?}: {found:?}");
            }
        }
    }
}

#[test]
fn the_floor_holds_and_what_is_not_eligible_gets_nothing() {
    let log = log_of(&toy(200, 2));
    for method in METHODS {
        let LearnerConfig::Policy(config) = config(method, Start::Ridge, vec![]) else { unreachable!() };
        let config = LearnerConfig::Policy(PolicyConfig { floor: 0.2, ..config });
        let policy = train(&log.reader, &config, &options(2), &NoProgress).unwrap().policy;
        for (eligible, count) in [(None, 3), (Some([0, 1].as_slice()), 2), (Some([2].as_slice()), 1)] {
            let found = probabilities(&policy, 0.3, "b", eligible);
            for (action, p) in found.iter().enumerate() {
                let left = eligible.is_none_or(|eligible| eligible.contains(&(action as u16)));
                let floor = 0.2 / f64::from(count);
                assert!(if left { *p >= floor - 1e-12 } else { *p == 0.0 }, "{method:?}: {found:?}");
            }
            assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn what_is_served_is_the_softmax_of_the_scores_with_the_floor_that_training_assumed() {
    let log = log_of(&toy(60, 7));
    let policy =
        train(&log.reader, &config(Method::Dr, Start::Ridge, vec![]), &options(7), &NoProgress).unwrap().policy;
    let context = [Value::Number(0.4), Value::Category("b")];
    let eligible = Some([0, 2].as_slice());
    let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible };
    let mut scratch = policy.scratch();
    let scores = policy.scores(&request, &mut scratch).to_vec();
    let odds = (scores[2] - scores[0]).exp();
    let found = policy.probabilities(&request, &mut scratch).to_vec();
    for (found, expected) in found.iter().zip([0.025 + 0.95 / (1.0 + odds), 0.0, 0.025 + 0.95 * odds / (1.0 + odds)]) {
        assert!((found - expected).abs() < 1e-9, "{found} against {expected}");
    }
    let decision = policy.decide(&request, &mut scratch);
    assert_eq!(decision.propensity.get(), found[decision.action.unwrap()]);
}

#[test]
fn the_exported_policy_scores_as_the_trained_model_does() {
    let log = log_of(&rows(1500, 3));
    for config in [
        config(Method::Dr, Start::Ridge, vec![]),
        config(Method::Ips, Start::Ridge, vec![8, 6]),
        config(Method::Pessimistic, Start::Zero, vec![]),
    ] {
        let trained = train(&log.reader, &config, &options(3), &NoProgress).unwrap();
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 5000).unwrap();
        assert_eq!(found.rows, 5000);
        assert!(found.largest_difference < 1e-4, "{config:?}: {found:?}");
        assert_eq!(found.different_choices, 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_and_on_many_and_held_out_members_change_nothing() {
    let original = toy(200, 4);
    let options = options(4);
    let mut changed = original.clone();
    changed.iter_mut().filter(|row| !options.split.is_train(&row.member)).for_each(|row| row.spend = 5000.0);
    let (log, other) = (log_of(&original), log_of(&changed));
    for config in [config(Method::Dr, Start::Value, vec![6]), config(Method::Pessimistic, Start::Zero, vec![])] {
        let learned = |log: &common::Log, threads: usize, options: &TrainOptions| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&log.reader, &config, options, &NoProgress).unwrap().policy)
        };
        let first = learned(&log, 1, &options);
        assert!(first.to_bytes() == learned(&log, 3, &options).to_bytes());
        assert!(first.parts().model == learned(&other, 2, &options).parts().model, "it saw held-out members");
    }
}

#[test]
fn the_start_is_a_candidate_so_that_judges_never_like_the_result_less() {
    let log = log_of(&rows(600, 5));
    let trained = train(&log.reader, &config(Method::Ips, Start::Ridge, vec![]), &options(5), &NoProgress).unwrap();
    let start = trained.metrics.iter().find(|metric| metric.step == 0).unwrap();
    let least = trained.metrics.iter().filter(|metric| metric.best).filter_map(|metric| metric.validation_loss);
    assert!(least.fold(f64::INFINITY, f64::min) <= start.validation_loss.unwrap());
}

#[test]
fn what_is_out_of_range_is_refused_by_name() {
    for (line, word) in [
        ("floor = 1.0", "floor is 1"),
        ("method = \"poem\"", "poem"),
        ("smoothing = [0.0]", "smoothing is [0.0]"),
        ("variance = []", "variance is []"),
        ("temperature = 0.0", "temperature is 0"),
        ("clip = -1.0", "clip is -1"),
        ("folds = 1", "folds is 1"),
    ] {
        let error = LearnerConfig::from_toml(&format!("learner = \"policy\"\n{line}"), "p.toml").unwrap_err();
        assert_eq!(error.exit_code(), 12, "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn the_floor_is_part_of_the_bundle() {
    let log = log_of(&toy(60, 6));
    let policy = train(&log.reader, &config(Method::Dr, Start::Zero, vec![]), &options(6), &NoProgress).unwrap().policy;
    assert_eq!(policy.parts().exploration, Exploration::Softmax { temperature: 1.0, floor: 0.05 });
}
