//! The learners on real and reference data: how good, and that serving agrees with training.

mod common;

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use common::{options, real_data, real_log};
use guerdon_core::{MemberSplit, NoProgress, Seed, Timestamp, Value};
use guerdon_learn::{CrossFit, LearnerConfig, TrainOptions, parity, train};
use guerdon_policy::{Exploration, Policy, Request};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;

/// Shows `see` every context of the hold-out of bandit24 as a request, with the true value of every action.
fn over_holdout(data: &Path, mut see: impl FnMut(&Request, &[f64])) {
    let file = File::open(data.join("holdout_20000.parquet")).unwrap();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let column = |name: String| batch.column_by_name(&name).unwrap();
        let x: Vec<_> = (0..20).map(|i| column(format!("x{i}")).as_primitive::<Float32Type>().clone()).collect();
        let q: Vec<_> = (0..24).map(|a| column(format!("q_{a}")).as_primitive::<Float64Type>().clone()).collect();
        for row in 0..batch.num_rows() {
            let context: Vec<Value> = x.iter().map(|x| Value::Number(f64::from(x.value(row)))).collect();
            let truth: Vec<f64> = q.iter().map(|q| q.value(row)).collect();
            let request =
                Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
            see(&request, &truth);
        }
    }
}

/// Exact value of the policy's best actions on the hold-out of bandit24.
fn holdout_value(policy: &Policy, data: &Path) -> f64 {
    let mut scratch = policy.scratch();
    let (mut sum, mut n) = (0.0, 0.0);
    over_holdout(data, |request, truth| {
        let probabilities = policy.probabilities(request, &mut scratch);
        sum += probabilities.iter().zip(truth).map(|(p, q)| p * q).sum::<f64>();
        n += 1.0;
    });
    sum / n
}

/// (value − logging) / (oracle − logging) on the hold-out, with the truth of `truth.json`.
fn score(policy: &Policy, data: &Path) -> f64 {
    let truth: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(data.join("truth.json")).unwrap()).unwrap();
    let of = |key: &str| truth["holdout_20000"][key].as_f64().unwrap();
    (holdout_value(policy, data) - of("logging")) / (of("oracle") - of("logging"))
}

fn bandit24(learner: &str, file: &str) -> Option<f64> {
    let config = match std::env::var_os("GUERDON_LEARNER") {
        Some(path) => LearnerConfig::load(Path::new(&path)).unwrap(),
        None => LearnerConfig::named(learner).unwrap(),
    };
    bandit24_with(config, file)
}

fn bandit24_with(config: LearnerConfig, file: &str) -> Option<f64> {
    let data = real_data("bandit24")?;
    let log = real_log("bandit24", &data, &[("sources.log.path".into(), file.into())]);
    let split = MemberSplit { seed: Seed(1).named("split"), train_share: 1.0 };
    // Draws of a posterior vote by default; the score is that of their mean.
    let options = TrainOptions { exploration: Some(Exploration::Greedy), ..TrainOptions::new(Seed(1), split) };
    let start = std::time::Instant::now();
    let trained = train(&log.reader, &config, &options, &NoProgress).unwrap();
    let score = score(&trained.policy, &data);
    eprintln!("{} on bandit24 {file}: score {score:.4} after {:.1} s", config.name(), start.elapsed().as_secs_f64());
    for metric in &trained.metrics {
        eprintln!(
            "  {} {:.5}: {:?} {:?} {:.4?}{}",
            metric.step,
            metric.rate,
            metric.training_loss,
            metric.validation_loss,
            metric.heads,
            if metric.best { " *" } else { "" }
        );
    }
    Some(score)
}

#[test]
fn linear_learners_get_as_far_as_the_libraries_bandits_on_bandit24() {
    for (learner, file, least) in [
        ("ridge", "log_100000.parquet", 0.744),
        ("bayes_linear", "log_100000.parquet", 0.744),
        ("logistic", "log_100000.parquet", 0.744),
        ("ridge", "log_10000.parquet", 0.65),
        ("bayes_linear", "log_10000.parquet", 0.65),
        ("logistic", "log_10000.parquet", 0.65),
    ] {
        if let Some(score) = bandit24(learner, file) {
            assert!(score > least, "{learner} on {file}: {score}");
        }
    }
}

#[test]
fn random_features_take_ridge_past_trees_and_interactions_on_bandit24() {
    let text = "learner = \"ridge\"\nrandom_features = { count = 100 }";
    if let Some(score) = bandit24_with(LearnerConfig::from_toml(text, "test").unwrap(), "log_100000.parquet") {
        assert!(score > 0.84, "{score}");
    }
}

/// Root mean squared error of the predicted revenue of `action` on the hold-out of bandit24.
fn error_of(policy: &Policy, data: &Path, action: usize) -> f64 {
    let mut scratch = policy.scratch();
    let (mut sum, mut n) = (0.0, 0.0);
    over_holdout(data, |request, truth| {
        // decided, rewarded, paid, revenue
        let revenue = f64::from(policy.outcomes(request, &mut scratch)[3 * 24 + action]);
        sum += (revenue - truth[action]).powi(2);
        n += 1.0;
    });
    f64::sqrt(sum / n)
}

/// A copy of a file of bandit24 without the rows of `action`.
fn without(action: i64, data: &Path, file: &str, folder: &Path) {
    let input = File::open(data.join(file)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(input).unwrap();
    let out = File::create(folder.join(file)).unwrap();
    let mut writer = ArrowWriter::try_new(out, reader.schema().clone(), None).unwrap();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let actions = arrow::compute::cast(batch.column_by_name("action").unwrap(), &DataType::Int64).unwrap();
        let keep: BooleanArray =
            actions.as_primitive::<Int64Type>().iter().map(|logged| Some(logged != Some(action))).collect();
        writer.write(&arrow::compute::filter_record_batch(&batch, &keep).unwrap()).unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn an_action_that_was_never_logged_is_valued_by_its_parts() {
    let Some(data) = real_data("bandit24") else { return };
    let (mut factored, mut hybrid) = (0.0, 0.0);
    // A middle amount of each kind.
    for action in [2, 12, 21] {
        let folder = tempfile::tempdir().unwrap();
        without(action, &data, "log_100000.parquet", folder.path());
        let log = real_log("bandit24", folder.path(), &[]);
        let split = MemberSplit { seed: Seed(1).named("split"), train_share: 1.0 };
        let error = |actions: &str| {
            let config = LearnerConfig::from_toml(&format!("learner = \"ridge\"\nactions = \"{actions}\""), "test");
            let trained = train(&log.reader, &config.unwrap(), &TrainOptions::new(Seed(1), split), &NoProgress);
            error_of(&trained.unwrap().policy, &data, action as usize)
        };
        let (parts, shared) = (error("factored"), error("hybrid"));
        eprintln!("action {action} never logged: RMSE of its value {parts:.4} factored, {shared:.4} hybrid");
        factored += parts / 3.0;
        hybrid += shared / 3.0;
    }
    assert!(factored < 0.8 * hybrid, "{factored} against {hybrid}");
}

#[test]
fn the_neural_learner_gets_further_on_bandit24() {
    if let Some(score) = bandit24("neural", "log_100000.parquet") {
        assert!(score > 0.955, "{score}");
    }
}

#[test]
fn a_tenth_of_the_rows_tell_the_neural_learner_more_than_they_tell_a_plain_network() {
    // The best plain network of some 17 settings scores 0.722 on these rows (benches/peers).
    if let Some(score) = bandit24("neural", "log_10000.parquet") {
        assert!(score > 0.75, "{score}");
    }
}

#[test]
fn boosted_trees_get_further_than_ridge_on_bandit24_in_a_few_seconds() {
    let text = "learner = \"trees\"
depth = 5
rounds = 400
validation_share = 0.0";
    if let Some(score) = bandit24_with(LearnerConfig::from_toml(text, "test").unwrap(), "log_100000.parquet") {
        assert!(score > 0.88, "{score}");
    }
}

#[test]
fn a_small_network_and_six_epochs_are_enough_for_most_of_bandit24() {
    let text = "learner = \"neural\"
hidden = [64]
epochs = 6";
    if let Some(score) = bandit24_with(LearnerConfig::from_toml(text, "test").unwrap(), "log_100000.parquet") {
        assert!(score > 0.92, "{score}");
    }
}

#[test]
fn exported_policies_agree_with_their_models_on_ten_thousand_starbucks_rows() {
    let Some(data) = real_data("starbucks") else { return };
    let log = real_log("starbucks", &data, &[]);
    for text in [
        "learner = \"ridge\"",
        "learner = \"ridge\"\nactions = \"hybrid\"",
        "learner = \"bayes_linear\"\npessimism = 1.0",
        "learner = \"logistic\"",
        "learner = \"logistic\"\ndraws = 4\npessimism = 1.0",
        "learner = \"neural\"\nepochs = 3\npatience = 3",
    ] {
        let config = LearnerConfig::from_toml(text, "test").unwrap();
        let trained = train(&log.reader, &config, &options(1), &NoProgress).unwrap();
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 10_000).unwrap();
        eprintln!("{} on starbucks: {found:?}", config.name());
        assert_eq!(found.rows, 10_000);
        assert!(found.largest_difference < 1e-4, "{}: {found:?}", config.name());
        assert_eq!(found.different_choices, 0, "{}: {found:?}", config.name());
    }
}

/// The policy of the same scores that always takes the best.
fn greedy(policy: &Policy) -> Policy {
    let mut parts = policy.parts().clone();
    parts.exploration = Exploration::Greedy;
    Policy::new(parts).unwrap()
}

/// Processor seconds of this process so far, all threads together; 0 where the system doesn't say.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: f64 = stat.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// Trains each configuration on a bandit24 log and prints the score as served, with its floor, and of its best actions.
fn policy_scores(file: &str, configs: &[&str]) -> Option<Vec<(f64, f64)>> {
    let data = real_data("bandit24")?;
    let log = real_log("bandit24", &data, &[("sources.log.path".into(), file.into())]);
    let split = MemberSplit { seed: Seed(1).named("split"), train_share: 1.0 };
    let one = |text: &&str| {
        let config = LearnerConfig::from_toml(&format!("learner = \"policy\"\n{text}"), "test").unwrap();
        let start = cpu_seconds();
        let policy = train(&log.reader, &config, &TrainOptions::new(Seed(1), split), &NoProgress).unwrap().policy;
        let seconds = cpu_seconds() - start;
        let (served, best) = (score(&policy, &data), score(&greedy(&policy), &data));
        eprintln!("{file}, {}: served {served:.4}, greedy {best:.4}, {seconds:.1} CPU-s", text.replace('\n', ", "));
        (served, best)
    };
    Some(configs.iter().map(one).collect())
}

#[test]
fn the_policy_learner_gets_further_than_its_start_on_bandit24() {
    let text = "start = \"ridge\"\nvalidation_share = 0.1";
    let Some(scores) = policy_scores("log_100000.parquet", &[text]) else { return };
    assert!(scores[0].1 > 0.75, "{scores:?}");
}

/// The table of methods: `cargo test --workspace --test real_data -- --ignored --nocapture every_policy_method`; with
/// `GUERDON_POLICIES` a file of other configurations, separated by empty lines.
#[test]
#[ignore = "prints a table; some minutes"]
fn every_policy_method_on_both_bandit24_logs() {
    let given = std::env::var_os("GUERDON_POLICIES").map(|path| std::fs::read_to_string(path).unwrap());
    let methods: Vec<String> =
        ["ips", "dr", "snips", "ls", "awr", "wll", "pessimistic"].map(|name| format!("method = \"{name}\"")).to_vec();
    let configs: Vec<String> = given.map_or(methods, |text| text.split("\n\n").map(str::to_owned).collect());
    let configs: Vec<&str> = configs.iter().map(|text| text.trim()).collect();
    for file in ["log_100000.parquet", "log_10000.parquet"] {
        policy_scores(file, &configs);
    }
}

/// The doubly robust value of a policy on the members that `options` hold back, and its standard error by rows: a look,
/// not an estimate to be reported.
fn held_back_value(log: &guerdon_data::LogReader, policy: &Policy, options: &TrainOptions) -> (f64, f64) {
    let outside = |member: &str| !options.split.is_train(member);
    let q = CrossFit::fit(log, &outside, 5, Seed(9), &NoProgress).unwrap();
    let economics = log.meta().environment.economics.clone();
    let none = log.meta().catalogue.none();
    let (mut scratch, mut q_hat, mut terms) = (policy.scratch(), vec![0.0; log.meta().catalogue.len()], vec![]);
    for batch in log.batches().unwrap() {
        let batch = batch.unwrap();
        let mut context = vec![];
        for row in (0..batch.len()).filter(|row| outside(batch.member_id(*row))) {
            batch.context(row, &mut context);
            q.predict(batch.member_id(row), &context, &mut q_hat);
            let pi = policy.probabilities(&guerdon_learn::request(&batch, row, &context), &mut scratch);
            let action = batch.action(row);
            let net = economics.net_value(batch.revenue(row), batch.cost(row), Some(action) != none);
            let base: f64 = pi.iter().zip(&q_hat).map(|(p, q)| p * q).sum();
            terms.push(base + pi[action] / batch.propensity(row) * (net - q_hat[action]));
        }
    }
    let n = terms.len() as f64;
    let mean = terms.iter().sum::<f64>() / n;
    (mean, (terms.iter().map(|term| (term - mean).powi(2)).sum::<f64>() / n / n).sqrt())
}

#[test]
#[ignore = "prints a table"]
fn every_policy_method_on_starbucks() {
    let Some(data) = real_data("starbucks") else { return };
    let log = real_log("starbucks", &data, &[]);
    for text in [
        "learner = \"ridge\"",
        "learner = \"policy\"\nmethod = \"ips\"",
        "learner = \"policy\"\nmethod = \"dr\"",
        "learner = \"policy\"\nmethod = \"snips\"",
        "learner = \"policy\"\nmethod = \"ls\"",
        "learner = \"policy\"\nmethod = \"awr\"",
        "learner = \"policy\"\nmethod = \"wll\"",
        "learner = \"policy\"\nmethod = \"pessimistic\"",
    ] {
        let config = LearnerConfig::from_toml(text, "test").unwrap();
        let start = cpu_seconds();
        let trained = train(&log.reader, &config, &options(1), &NoProgress).unwrap();
        let seconds = cpu_seconds() - start;
        let (served, error) = held_back_value(&log.reader, &trained.policy, &options(1));
        let (best, _) = held_back_value(&log.reader, &greedy(&trained.policy), &options(1));
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 2_000).unwrap();
        eprintln!(
            "starbucks, {}: served {served:.3} (s.e. {error:.3}), greedy {best:.3}, {seconds:.1} CPU-s, parity {:.1e}",
            text.replace('\n', ", "),
            found.largest_difference
        );
        assert!(found.largest_difference < 1e-4 && found.different_choices == 0, "{found:?}");
    }
}
