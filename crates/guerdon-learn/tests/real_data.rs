//! The learners on real and reference data: how good, and that serving agrees with training.

mod common;

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Float64Type};
use common::{options, real_data, real_log};
use guerdon_core::{MemberSplit, NoProgress, Seed, Timestamp, Value};
use guerdon_learn::{LearnerConfig, TrainOptions, parity, train};
use guerdon_policy::{Policy, Request};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;

/// Exact value of the policy's best actions on the hold-out of bandit24.
fn holdout_value(policy: &Policy, data: &Path) -> f64 {
    let file = File::open(data.join("holdout_20000.parquet")).unwrap();
    let mut scratch = policy.scratch();
    let (mut sum, mut n) = (0.0, 0.0);
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let column = |name: String| batch.column_by_name(&name).unwrap();
        let x: Vec<_> = (0..20).map(|i| column(format!("x{i}")).as_primitive::<Float32Type>().clone()).collect();
        let q: Vec<_> = (0..24).map(|a| column(format!("q_{a}")).as_primitive::<Float64Type>().clone()).collect();
        for row in 0..batch.num_rows() {
            let context: Vec<Value> = x.iter().map(|x| Value::Number(f64::from(x.value(row)))).collect();
            let request =
                Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
            let probabilities = policy.probabilities(&request, &mut scratch);
            sum += probabilities.iter().zip(&q).map(|(p, q)| p * q.value(row)).sum::<f64>();
            n += 1.0;
        }
    }
    sum / n
}

/// (value − logging) / (oracle − logging) on the hold-out, with the truth of `truth.json`.
fn score(policy: &Policy, data: &Path) -> f64 {
    let truth: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(data.join("truth.json")).unwrap()).unwrap();
    let of = |key: &str| truth["holdout_20000"][key].as_f64().unwrap();
    (holdout_value(policy, data) - of("logging")) / (of("oracle") - of("logging"))
}

fn bandit24(learner: &str) -> Option<f64> {
    let data = real_data("bandit24")?;
    let log = real_log("bandit24", &data, &[]);
    let split = MemberSplit { seed: Seed(1).named("split"), train_share: 1.0 };
    let config = match std::env::var_os("GUERDON_LEARNER") {
        Some(path) => LearnerConfig::load(Path::new(&path)).unwrap(),
        None => LearnerConfig::named(learner).unwrap(),
    };
    let start = std::time::Instant::now();
    let trained = train(&log.reader, &config, &TrainOptions::new(Seed(1), split), &NoProgress).unwrap();
    let score = score(&trained.policy, &data);
    eprintln!("{} on bandit24: score {score:.4} after {:.1} s", config.name(), start.elapsed().as_secs_f64());
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
fn ridge_gets_most_of_the_way_to_the_oracle_on_bandit24() {
    if let Some(score) = bandit24("ridge") {
        assert!(score > 0.70, "{score}");
    }
}

#[test]
fn the_neural_learner_gets_further_on_bandit24() {
    if let Some(score) = bandit24("neural") {
        assert!(score > 0.945, "{score}");
    }
}

#[test]
fn exported_policies_agree_with_their_models_on_ten_thousand_starbucks_rows() {
    let Some(data) = real_data("starbucks") else { return };
    let log = real_log("starbucks", &data, &[]);
    for text in ["learner = \"ridge\"", "learner = \"neural\"\nepochs = 3\npatience = 3"] {
        let config = LearnerConfig::from_toml(text, "test").unwrap();
        let trained = train(&log.reader, &config, &options(1), &NoProgress).unwrap();
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 10_000).unwrap();
        eprintln!("{} on starbucks: {found:?}", config.name());
        assert_eq!(found.rows, 10_000);
        assert!(found.largest_difference < 1e-4, "{}: {found:?}", config.name());
        assert_eq!(found.different_choices, 0, "{}: {found:?}", config.name());
    }
}
