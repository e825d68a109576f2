//! Boosted trees and effect learners: what they find where the truth is known, and what they may not see.

mod common;

use common::{Row, log_of, masked_log_of, options, real_data, real_log, rows};
use guerdon_core::{NoProgress, Seed, Timestamp, Value};
use guerdon_learn::{LearnerConfig, Trained, parity, train};
use guerdon_policy::{OutcomeModel, Policy, Request};

fn learner(text: &str) -> LearnerConfig {
    LearnerConfig::from_toml(text, "test").unwrap()
}

fn small_trees() -> LearnerConfig {
    learner("learner = \"trees\"\nrounds = 150\ndepth = 3\nmin_child_weight = 20.0\nl2 = 1.0\ncolumns = 1.0")
}

fn all_effects() -> Vec<LearnerConfig> {
    let of = |method: &str, base: &str| {
        learner(&format!(
            "learner = \"effects\"\nmethod = \"{method}\"\nbase = \"{base}\"\n[trees]\nrounds = 30\ndepth = 3\nl2 = 1.0"
        ))
    };
    vec![of("r", "ridge"), of("dr", "ridge"), of("x", "ridge"), of("r", "trees"), of("dr", "trees")]
}

fn both_kinds() -> Vec<LearnerConfig> {
    let mut all = all_effects();
    all.truncate(3);
    all.push(small_trees());
    all
}

/// Chances of "bought" (the second stage) for every action at x and code "a".
fn bought(policy: &Policy, x: f64) -> Vec<f64> {
    let context = [Value::Number(x), Value::Category("a")];
    let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
    let mut scratch = policy.scratch();
    policy.outcomes(&request, &mut scratch)[3..6].iter().map(|chance| f64::from(*chance)).collect()
}

fn trained(config: &LearnerConfig, members: usize, seed: u64) -> Trained {
    train(&log_of(&rows(members, seed)).reader, config, &options(seed), &NoProgress).unwrap()
}

#[test]
fn every_method_and_base_finds_effects_that_are_linear() {
    // Under "five" an order is 0.2 + 0.3·x likelier than under "none", under "ten" 0.2 − 0.3·x.
    for config in all_effects() {
        let policy = trained(&config, 4000, 21).policy;
        for x in [-0.7, 0.0, 0.7] {
            let chances = bought(&policy, x);
            let (five, ten) = (chances[1] - chances[0], chances[2] - chances[0]);
            assert!((five - (0.2 + 0.3 * x)).abs() < 0.07, "{config:?}: {five} at {x}");
            assert!((ten - (0.2 - 0.3 * x)).abs() < 0.07, "{config:?}: {ten} at {x}");
            assert!((chances[0] - 0.3).abs() < 0.06, "{config:?}: {chances:?} at {x}");
        }
    }
}

#[test]
fn effects_are_learned_among_what_was_eligible() {
    // Whether "ten" is eligible no feature tells, and who may get it orders more anyway: set against those who may not, or
    // with a share of being given it to them, it would seem to do more than it does. X has no defence against that.
    let mut all = rows(6000, 31);
    let mut eligible = vec![];
    for (i, row) in all.iter_mut().enumerate() {
        let draw = |what: &str| Seed(32).named(what).uniform_indexed(i as u64);
        let open = draw("open") < 0.5;
        row.action = (draw("action") * if open { 3.0 } else { 2.0 }) as usize;
        let chance = if open { 0.5 } else { 0.1 } + [0.0, 0.15, 0.3][row.action];
        row.spend = if draw("order") < chance { 20.0 } else { 0.0 };
        eligible.push(open);
    }
    let log = masked_log_of(&all, &eligible);
    for config in all_effects().into_iter().filter(|config| !format!("{config:?}").contains("method: X")) {
        let policy = train(&log.reader, &config, &options(33), &NoProgress).unwrap().policy;
        for x in [-0.7, 0.0, 0.7] {
            let chances = bought(&policy, x);
            let (five, ten) = (chances[1] - chances[0], chances[2] - chances[0]);
            assert!((five - 0.15).abs() < 0.04 && (ten - 0.3).abs() < 0.04, "{config:?}: {five} and {ten} at {x}");
        }
    }
}

#[test]
fn effects_of_pure_noise_are_constants() {
    let mut all = rows(1500, 22);
    for (place, row) in all.iter_mut().enumerate() {
        row.spend = if (place * 7919) % 10 < 4 { 40.0 } else { 0.0 };
    }
    let log = log_of(&all);
    for config in all_effects().into_iter().take(3) {
        let policy = train(&log.reader, &config, &options(23), &NoProgress).unwrap().policy;
        let (low, high) = (bought(&policy, -0.9), bought(&policy, 0.9));
        for action in 1..3 {
            let spread = (low[action] - low[0]) - (high[action] - high[0]);
            assert!(spread.abs() < 0.12, "{config:?}: {low:?} {high:?}");
        }
    }
}

#[test]
fn trees_find_a_step_that_no_line_follows() {
    let mut all = rows(3000, 24);
    for (place, row) in all.iter_mut().enumerate() {
        // "five" works for the middle only.
        let chance = if row.action == 1 && row.x.abs() < 0.5 { 0.9 } else { 0.2 };
        row.spend = if ((place * 7919) % 1000) as f64 / 1000.0 < chance { 20.0 } else { 0.0 };
    }
    let log = log_of(&all);
    let policy = train(&log.reader, &small_trees(), &options(25), &NoProgress).unwrap().policy;
    assert!(matches!(policy.parts().model, OutcomeModel::Trees(_)));
    for (x, wanted) in [(-0.8, 0.2), (0.0, 0.9), (0.8, 0.2)] {
        let found = bought(&policy, x);
        assert!((found[1] - wanted).abs() < 0.1 && (found[0] - 0.2).abs() < 0.1, "{found:?} at {x}");
    }
}

#[test]
fn with_a_monotone_amount_the_larger_reward_is_never_less_likely_to_bring_an_order() {
    // "ten" brings fewer orders than "five" at x above 0: the constraint will not have it.
    let text = "learner = \"trees\"\nrounds = 100\ndepth = 3\nmin_child_weight = 20.0\namount = ";
    let free = trained(&learner(&format!("{text}\"free\"")), 2000, 26).policy;
    let monotone = trained(&learner(&format!("{text}\"monotone\"")), 2000, 26).policy;
    let falls = |policy: &Policy| {
        (-9..=9).any(|x| {
            let chances = bought(policy, f64::from(x) / 10.0);
            chances[2] < chances[1] - 1e-6
        })
    };
    assert!(falls(&free));
    assert!(!falls(&monotone));
}

#[test]
fn exported_policies_agree_with_what_was_trained() {
    let log = log_of(&rows(600, 27));
    for config in both_kinds() {
        let trained = train(&log.reader, &config, &options(28), &NoProgress).unwrap();
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 2_000).unwrap();
        assert!(found.rows >= 2_000 && found.largest_difference < 1e-4, "{}: {found:?}", config.name());
        assert_eq!(found.different_choices, 0, "{}: {found:?}", config.name());
    }
}

#[test]
fn what_happens_to_held_out_members_changes_nothing_that_is_learned() {
    let original = rows(600, 29);
    let options = options(30);
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
    for config in both_kinds() {
        let model = |log: &common::Log| {
            train(&log.reader, &config, &options, &NoProgress).unwrap().policy.parts().model.clone()
        };
        assert!(model(&first) == model(&second), "{} saw held-out members", config.name());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_and_on_many() {
    let log = log_of(&rows(500, 31));
    for config in both_kinds() {
        let bytes = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&log.reader, &config, &options(32), &NoProgress).unwrap().policy.to_bytes())
        };
        assert!(bytes(1) == bytes(3), "{}", config.name());
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    for (text, word) in [
        ("learner = \"trees\"\nrounds = 0", "rounds is 0"),
        ("learner = \"trees\"\nsubsample = 0.0", "subsample is 0"),
        ("learner = \"trees\"\namount = \"falling\"", "falling"),
        ("learner = \"effects\"\nmethod = \"s\"", "`s`"),
        ("learner = \"effects\"\nfolds = 1", "folds is 1"),
        ("learner = \"effects\"\nwinsorize = 0.1", "winsorize is 0.1"),
        ("learner = \"effects\"\npenalties = [0.0]", "penalties is [0.0]"),
    ] {
        let error = LearnerConfig::from_toml(text, "x.toml").unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("x.toml"), "{error}");
    }
}

#[test]
fn exported_policies_agree_with_their_models_on_ten_thousand_starbucks_rows() {
    let Some(data) = real_data("starbucks") else { return };
    let log = real_log("starbucks", &data, &[]);
    for text in ["learner = \"trees\"\nrounds = 150", "learner = \"effects\""] {
        let config = learner(text);
        let trained = train(&log.reader, &config, &options(1), &NoProgress).unwrap();
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 10_000).unwrap();
        eprintln!("{} on starbucks: {found:?}", config.name());
        assert_eq!(found.rows, 10_000);
        assert!(found.largest_difference < 1e-4, "{}: {found:?}", config.name());
        assert_eq!(found.different_choices, 0, "{}: {found:?}", config.name());
    }
}
