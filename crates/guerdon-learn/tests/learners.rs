//! What the learners learn, that they learn it from training members only, and that serving sees what was trained.

mod common;

use common::{Row, log_of, options, rows};
use guerdon_core::{MemberSplit, NoProgress, Seed, Timestamp, Value};
use guerdon_learn::{ConstantConfig, LearnerConfig, NeuralConfig, Reference, TrainOptions, parity};
use guerdon_learn::{reference_policy, train};
use guerdon_policy::{Exploration, Policy, Request};

fn small_neural() -> NeuralConfig {
    NeuralConfig { hidden: vec![16, 16], epochs: 6, batch: 64, rate: 0.01, ..NeuralConfig::default() }
}

fn each_learner() -> Vec<LearnerConfig> {
    let linear = [
        "learner = \"ridge\"",
        "learner = \"ridge\"\nactions = \"hybrid\"",
        "learner = \"ridge\"\nactions = \"disjoint\"",
        "learner = \"bayes_linear\"",
        "learner = \"bayes_linear\"\ndraws = 7\npessimism = 1.5\nexploration = { kind = \"greedy\" }",
        "learner = \"logistic\"",
        "learner = \"logistic\"\ndraws = 6\npessimism = 0.5",
        "learner = \"ridge\"\nrandom_features = { count = 12 }",
        "learner = \"logistic\"\nrandom_features = { count = 12, at_once = 1 }",
    ];
    let mut all: Vec<_> = linear.iter().map(|text| LearnerConfig::from_toml(text, "test").unwrap()).collect();
    all.push(LearnerConfig::Neural(small_neural()));
    all
}

fn outcomes(policy: &Policy, x: f64, code: &str) -> Vec<f32> {
    let context = [Value::Number(x), Value::Category(code)];
    let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
    policy.outcomes(&request, &mut policy.scratch()).to_vec()
}

/// Head `head` of `action`: offered, bought, paid, revenue.
fn head(policy: &Policy, x: f64, code: &str, head: usize, action: usize) -> f64 {
    f64::from(outcomes(policy, x, code)[head * 3 + action])
}

#[test]
fn every_learner_finds_the_chances_and_the_spend_that_made_the_log() {
    let log = log_of(&rows(6000, 1));
    for config in ["ridge", "bayes_linear", "logistic", "neural"].map(|name| LearnerConfig::named(name).unwrap()) {
        let name = config.name();
        let policy = train(&log.reader, &config, &options(3), &NoProgress).unwrap().policy;
        for x in [-0.7, 0.0, 0.7] {
            for (action, chance) in [0.3, 0.5 + 0.3 * x, 0.5 - 0.3 * x].into_iter().enumerate() {
                let bought = head(&policy, x, "b", 1, action);
                assert!(
                    (bought - chance).abs() < 0.06,
                    "{name}: P(bought) {bought} of {action} at {x}, truth {chance}"
                );
                let paid = if action == 0 { 0.0 } else { chance };
                let found = head(&policy, x, "b", 2, action);
                assert!((found - paid).abs() < 0.06, "{name}: P(paid) {found} of {action} at {x}, truth {paid}");
            }
        }
        let revenue = head(&policy, 0.0, "b", 3, 1) - head(&policy, 0.0, "a", 3, 1);
        assert!((revenue - 20.0).abs() < 3.0, "{name}: code b brings {revenue} more; truth 20");
    }
}

#[test]
fn the_exported_policy_scores_as_the_trained_model_does() {
    let log = log_of(&rows(2600, 2));
    for config in each_learner() {
        let trained = train(&log.reader, &config, &options(4), &NoProgress).unwrap();
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 10_000).unwrap();
        assert_eq!(found.rows, 10_000);
        assert!(found.largest_difference < 1e-4, "{}: {found:?}", config.name());
        assert_eq!(found.different_choices, 0, "{}: {found:?}", config.name());
    }
}

#[test]
fn what_happens_to_held_out_members_changes_nothing_that_is_learned() {
    let original = rows(800, 5);
    let options = options(6);
    let changed: Vec<Row> = original
        .iter()
        .map(|row| {
            let mut row = row.clone();
            if !options.split.is_train(&row.member) {
                (row.x, row.code, row.spend) = (99.0, "z".into(), 5000.0);
            }
            row
        })
        .collect();
    let (first, second) = (log_of(&original), log_of(&changed));
    for config in each_learner() {
        let parts = |log: &common::Log| {
            let policy = train(&log.reader, &config, &options, &NoProgress).unwrap().policy;
            (policy.parts().encoder.clone(), policy.parts().model.clone())
        };
        assert!(parts(&first) == parts(&second), "{} saw held-out members", config.name());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_and_on_many() {
    let log = log_of(&rows(500, 7));
    for config in each_learner() {
        let bytes = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let options = options(seed);
            pool.install(|| train(&log.reader, &config, &options, &NoProgress).unwrap().policy.to_bytes())
        };
        assert!(bytes(1, 8) == bytes(3, 8), "{}", config.name());
        assert!(bytes(1, 8) != bytes(1, 9), "{}", config.name());
    }
}

#[test]
fn a_neural_run_that_was_stopped_twice_ends_in_the_same_bytes_as_one_that_was_not() {
    let log = log_of(&rows(500, 10));
    let config = LearnerConfig::Neural(small_neural());
    let whole = train(&log.reader, &config, &options(11), &NoProgress).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let resumed = TrainOptions {
        checkpoint: Some(folder.path().join("run/neural.safetensors")),
        session_epochs: Some(10),
        ..options(11)
    };
    // Six epochs, five times over: the log is short.
    for done in [10, 20] {
        let error = train(&log.reader, &config, &resumed, &NoProgress).unwrap_err();
        assert!(error.to_string().contains(&format!("paused after {done} of 30 epochs")), "{error}");
    }
    let end = train(&log.reader, &config, &resumed, &NoProgress).unwrap();
    assert!(end.policy.to_bytes() == whole.policy.to_bytes());
    assert_eq!(end.metrics, whole.metrics);
    assert_eq!(end.metrics.len(), 30);
    // Asked once more, the finished run is read back without training.
    let again = train(&log.reader, &config, &resumed, &NoProgress).unwrap();
    assert!(again.policy.to_bytes() == whole.policy.to_bytes());
}

#[test]
fn a_checkpoint_of_another_run_is_not_gone_on_from() {
    let log = log_of(&rows(60, 12));
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = Some(folder.path().join("neural.safetensors"));
    let config = LearnerConfig::Neural(NeuralConfig { epochs: 1, ..small_neural() });
    train(&log.reader, &config, &TrainOptions { checkpoint: checkpoint.clone(), ..options(1) }, &NoProgress).unwrap();
    let other = TrainOptions { checkpoint, ..options(2) };
    let error = train(&log.reader, &config, &other, &NoProgress).unwrap_err();
    assert_eq!(error.exit_code(), 25, "{error}");
}

#[test]
fn constant_and_uniform_learners_give_ordinary_policies() {
    let log = log_of(&rows(60, 15));
    let constant = LearnerConfig::Constant(ConstantConfig { action: "ten".into() });
    let context = [Value::Missing, Value::Missing];
    let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
    let policy = train(&log.reader, &constant, &options(1), &NoProgress).unwrap().policy;
    assert_eq!(policy.probabilities(&request, &mut policy.scratch()), [0.0, 0.0, 1.0]);
    let uniform = LearnerConfig::named("uniform").unwrap();
    let policy = train(&log.reader, &uniform, &options(1), &NoProgress).unwrap().policy;
    for probability in policy.probabilities(&request, &mut policy.scratch()) {
        assert!((probability - 1.0 / 3.0).abs() < 1e-15);
    }
    let none = reference_policy(log.reader.meta(), &Reference::None, Seed(1)).unwrap();
    assert_eq!(none.probabilities(&request, &mut none.scratch()), [1.0, 0.0, 0.0]);
    let nowhere = LearnerConfig::Constant(ConstantConfig { action: "twenty".into() });
    let error = train(&log.reader, &nowhere, &options(1), &NoProgress).unwrap_err();
    assert!(error.to_string().contains("twenty") && error.exit_code() == 16, "{error}");
}

#[test]
fn exploration_is_part_of_the_policy_and_options_override_it() {
    let log = log_of(&rows(60, 16));
    let softmax = Exploration::Softmax { temperature: 2.0, floor: 0.0 };
    let options = TrainOptions { exploration: Some(softmax), name: Some("spring".into()), ..options(1) };
    let policy = train(&log.reader, &LearnerConfig::named("ridge").unwrap(), &options, &NoProgress).unwrap().policy;
    assert_eq!(policy.parts().exploration, softmax);
    assert!(policy.version().starts_with("spring@"));
    let training = policy.parts().training.clone().unwrap();
    assert_eq!((training.learner.as_str(), training.device.as_str()), ("ridge", "cpu"));
    assert!(training.rows > 0 && training.rows < 240 && training.rows == 4 * training.members);
}

#[test]
fn a_split_that_trains_on_nobody_is_refused() {
    let log = log_of(&rows(20, 17));
    let mut options = options(1);
    options.split.train_share = 0.0;
    for config in each_learner() {
        let error = train(&log.reader, &config, &options, &NoProgress).unwrap_err();
        assert_eq!(error.exit_code(), 18, "{error}");
    }
}

#[test]
fn a_few_very_large_purchases_do_not_decide() {
    let mut rows = rows(3000, 41);
    // Four of "ten", where "five" is better by far.
    let places = rows.iter_mut().filter(|row| row.action == 2 && row.x > 0.8 && row.spend > 0.0);
    places.take(4).for_each(|row| row.spend = 30_000.0);
    let log = log_of(&rows);
    let choice = |text: &str| {
        let config = LearnerConfig::from_toml(text, "test").unwrap();
        let policy = train(&log.reader, &config, &everybody(), &NoProgress).unwrap().policy;
        let context = [Value::Number(0.9), Value::Category("b")];
        let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
        policy.decide(&request, &mut policy.scratch()).action
    };
    for name in ["ridge", "logistic", "trees", "effects", "neural"] {
        assert_eq!(choice(&format!("learner = \"{name}\"")), Some(1), "{name}");
        assert_eq!(choice(&format!("learner = \"{name}\"\nwinsorize = 1.0")), Some(2), "{name}, as it is");
    }
}

/// All members are trained on.
fn everybody() -> TrainOptions {
    let split = MemberSplit { seed: Seed(4), train_share: 1.0 };
    TrainOptions::new(Seed(5), split)
}
