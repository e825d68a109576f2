//! The budget from the command line: allocations that keep their limits, prices that serve, frontiers that are honest.

use arrow::array::{Float64Array, StringArray};
use guerdon_tests::command::{guerdon, json};
use guerdon_tests::words;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A log and a ridge policy of the built-in programme.
fn programme(work: &Path) -> (PathBuf, PathBuf) {
    let (raw, log, policy) = (work.join("raw"), work.join("log.parquet"), work.join("ridge.safetensors"));
    let home = "environments/coffeehouse";
    json(&guerdon(words![
        "generate",
        "--environment",
        home,
        "--members",
        "600",
        "--seed",
        "5",
        "--out",
        &raw,
        "--json"
    ]));
    json(&guerdon(words!["ingest", "--environment", home, "--data", &raw, "--out", &log, "--json"]));
    json(&guerdon(words![
        "train",
        "--environment",
        home,
        "--log",
        &log,
        "--learner",
        "ridge",
        "--out",
        &policy,
        "--json"
    ]));
    (log, policy)
}

/// (action, value, cost, paid) of every row.
fn rows(path: &Path) -> Vec<(String, f64, f64, f64)> {
    let file = fs::File::open(path).unwrap();
    let mut all = vec![];
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let numbers =
            |name: &str| batch.column_by_name(name).unwrap().as_any().downcast_ref::<Float64Array>().unwrap().clone();
        let actions = batch.column_by_name("action").unwrap().as_any().downcast_ref::<StringArray>().unwrap();
        let (value, cost, paid) = (numbers("expected_value"), numbers("expected_cost"), numbers("p_paid"));
        all.extend(
            actions
                .iter()
                .enumerate()
                .map(|(i, action)| (action.unwrap().to_owned(), value.value(i), cost.value(i), paid.value(i))),
        );
    }
    all
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * (1.0 + b.abs())
}

#[test]
fn an_allocation_keeps_its_budget_and_its_file_adds_up_to_what_is_printed() {
    let work = tempfile::tempdir().unwrap();
    let (log, policy) = programme(work.path());
    let (out, priced) = (work.path().join("a.parquet"), work.path().join("priced.safetensors"));
    let found = json(&guerdon(words![
        "allocate",
        "--policy",
        &policy,
        "--members",
        &log,
        "--per-decision",
        "0.25",
        "--out",
        &out,
        "--export",
        &priced,
        "--json"
    ]));
    let decisions = number(&found["decisions"]);
    let (totals, budget) = (&found["totals"], 0.25 * decisions);
    assert!(number(&totals["cost"]) <= budget && number(&totals["cost"]) > 0.999 * budget, "{totals}");
    assert!(number(&found["unlimited"]["cost"]) > budget, "the budget must bind: {}", found["unlimited"]);
    assert!(number(&found["gap"]) < 1e-4 && number(&found["prices"]["lambda"]) > 0.0);
    let rows = rows(&out);
    assert_eq!(rows.len() as f64, decisions);
    let sum = |get: fn(&(String, f64, f64, f64)) -> f64| rows.iter().map(get).sum::<f64>();
    assert!(near(sum(|row| row.1), number(&totals["value"])) && near(sum(|row| row.2), number(&totals["cost"])));
    assert!(rows.iter().all(|row| (0.0..=1.0).contains(&row.3) && (row.0 != "none" || row.2 == 0.0)));
    for (action, count) in found["actions"].as_object().unwrap() {
        assert_eq!(rows.iter().filter(|row| &row.0 == action).count() as u64, count.as_u64().unwrap(), "{action}");
    }
    // The priced policy, left alone, spends what was allocated but for the decisions tied at the price.
    let again = json(&guerdon(words!["inspect", &priced, "--json"]));
    assert!(near(number(&again["objective"]["lambda"]), number(&found["prices"]["lambda"])));
    let served = json(&guerdon(words!["evaluate", "--policy", &priced, "--log", &log, "--estimators", "dm", "--json"]));
    assert!(served["estimates"][0]["value"].is_number());
}

#[test]
fn limits_by_channel_and_segment_hold_and_names_that_there_are_not_are_refused() {
    let work = tempfile::tempdir().unwrap();
    let (log, policy) = programme(work.path());
    let limits = work.path().join("limits.toml");
    let allocate = |text: &str| {
        fs::write(&limits, text).unwrap();
        guerdon(words!["allocate", "--policy", &policy, "--members", &log, "--limits", &limits, "--json"])
    };
    let two = "[[limit]]\nof = \"sends\"\nat_most = 0.3\nper_decision = true\n[[limit]]\nof = \"money\"\nat_most = 0.2\n\
               per_decision = true\n";
    let found = json(&allocate(two));
    for limit in found["limits"].as_array().unwrap() {
        assert!(number(&limit["used"]) <= number(&limit["at_most"]), "{limit}");
    }
    assert!(number(&found["totals"]["sends"]) <= 0.3 * number(&found["decisions"]));
    let said = |text: &str| {
        let output = allocate(text);
        assert_eq!(output.status.code(), Some(12), "{text}");
        String::from_utf8(output.stderr).unwrap()
    };
    let channel = said("[[limit]]\nof = \"sends\"\nchannel = \"pigeon\"\nat_most = 3");
    assert!(channel.contains("\"pigeon\"") && channel.contains("channel"), "{channel}");
    let segment = said(
        "[[limit]]\nof = \"money\"\nsegment = \"x\"\nat_most = 3\n[segment.x]\nfeature = \"shoe_size\"\nbelow = 4",
    );
    assert!(segment.contains("\"shoe_size\"") && segment.contains("a feature of the policy"), "{segment}");
    let neither = guerdon(words!["allocate", "--policy", &policy, "--members", &log]);
    assert_eq!(neither.status.code(), Some(12));
    assert!(String::from_utf8(neither.stderr).unwrap().contains("--per-decision"));
}

#[test]
fn a_policy_without_expectations_has_no_budget() {
    let work = tempfile::tempdir().unwrap();
    let (log, _) = programme(work.path());
    let uniform = work.path().join("uniform.safetensors");
    let home = "environments/coffeehouse";
    json(&guerdon(words![
        "train",
        "--environment",
        home,
        "--log",
        &log,
        "--learner",
        "uniform",
        "--out",
        &uniform,
        "--json"
    ]));
    let output = guerdon(words!["allocate", "--policy", &uniform, "--members", &log, "--budget", "5"]);
    assert_eq!(output.status.code(), Some(25));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no chance of being paid"));
}

#[test]
fn the_frontier_rises_and_its_ends_are_the_dearest_price_and_no_price() {
    let work = tempfile::tempdir().unwrap();
    let (log, policy) = programme(work.path());
    let found = json(&guerdon(words![
        "frontier",
        "--log",
        &log,
        "--policy",
        &policy,
        "--points",
        "5",
        "--per-decision",
        "0.2",
        "--json"
    ]));
    let points = found[0]["points"].as_array().unwrap();
    assert_eq!(points.len(), 6);
    let of = |point: &Value, what: &str| number(&point[what]["value"]);
    let lambdas: Vec<f64> = points.iter().map(|p| number(&p["lambda"])).collect();
    assert!(lambdas.windows(2).all(|pair| pair[0] >= pair[1]) && lambdas[5] == 0.0, "{lambdas:?}");
    let costs: Vec<f64> = points.iter().map(|p| of(p, "cost")).collect();
    assert!(costs[0].abs() < 0.05 && costs[5] > costs[0], "{costs:?}");
    let at = &found[0]["at"];
    assert!(number(&at["per_decision"]) == 0.2 && at["as_priced"]["over_mix"]["lower"].is_number(), "{at}");
}

#[test]
fn a_frontier_takes_learners_by_name_and_by_file_of_settings() {
    let work = tempfile::tempdir().unwrap();
    let (log, _) = programme(work.path());
    let file = work.path().join("plain.toml");
    fs::write(&file, "learner = \"ridge\"\n").unwrap();
    let dull = work.path().join("dull.toml");
    fs::write(&dull, "learner = \"ridge\"\npenalties = [1e9]\n").unwrap();
    fs::create_dir(work.path().join("more")).unwrap();
    let same = work.path().join("more/plain.toml");
    fs::copy(&file, &same).unwrap();
    let words = words!["frontier", "--log", &log, "--points", "3", "--json", "--learner", "ridge", &file, &dull, &same];
    let found = json(&guerdon(words));
    let names: Vec<&str> = found.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ridge", file.to_str().unwrap(), "dull", same.to_str().unwrap()]);
    assert_eq!(found[0]["points"], found[1]["points"]);
    assert_ne!(found[0]["points"], found[2]["points"]);
    let missing = guerdon(words!["frontier", "--log", &log, "--learner", work.path().join("gone.toml")]);
    assert!(String::from_utf8(missing.stderr).unwrap().contains("gone.toml"));
}
