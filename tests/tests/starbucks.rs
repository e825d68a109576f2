//! The main job on a rewards programme's raw event log: counts that an independent count fixed, and values that must hold.

use guerdon_tests::command::{data, guerdon, json};
use guerdon_tests::words;
use serde_json::Value;

#[test]
fn the_decision_log_has_the_counts_of_an_independent_count() {
    let Some(folder) = data("starbucks") else { return };
    let work = tempfile::tempdir().unwrap();
    let log = work.path().join("log.parquet");
    let summary = json(&guerdon(words![
        "ingest",
        "--environment",
        "environments/starbucks",
        "--data",
        folder,
        "--out",
        &log,
        "--json"
    ]));
    for (ours, theirs) in [
        (&summary["decisions"], 47_192),
        (&summary["immature"], 11_798),
        (&summary["members"], 11_798),
        (&summary["duplicates_dropped"], 162),
        (&summary["actions"]["none"]["n"], 12_020),
        (&summary["stages"]["viewed"], 26_219),
        (&summary["stages"]["completed"], 14_477),
        (&summary["stages_skipped"]["completed"], 2_240),
        (&summary["stages"]["purchased"], 36_487),
    ] {
        assert_eq!(ours.as_u64(), Some(theirs), "{summary:#}");
    }
    assert_eq!(format!("{:.6}", summary["mean_revenue"].as_f64().unwrap()), "24.412123");
    assert_eq!(format!("{:.6}", summary["mean_cost"].as_f64().unwrap()), "1.515405");
}

/// The estimate of `policy` by `estimator` in the results of a run.
fn estimate<'v>(ran: &'v Value, policy: &str, estimator: &str) -> &'v Value {
    let all = ran["estimates"].as_array().unwrap();
    let evaluation = all.iter().find(|e| e["name"] == policy).unwrap_or_else(|| panic!("{policy} was not valued"));
    let estimates = evaluation["estimates"].as_array().unwrap();
    estimates.iter().find(|e| e["estimator"] == estimator).unwrap()
}

#[test]
fn the_best_learner_is_worth_more_than_what_was_done_and_than_nothing() {
    let Some(folder) = data("starbucks") else { return };
    let work = tempfile::tempdir().unwrap();
    let ran =
        json(&guerdon(words!["run", "experiments/starbucks.toml", "--data", folder, "--out", work.path(), "--json"]));
    let value = |policy: &str, estimator: &str| estimate(&ran, policy, estimator)["value"].as_f64().unwrap();
    let learners: Vec<&str> = ran["estimates"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["role"] == "learner")
        .map(|e| e["name"].as_str().unwrap())
        .collect();
    let best = learners.iter().max_by(|a, b| value(a, "dr").total_cmp(&value(b, "dr"))).unwrap();
    for estimator in ["snips", "dr"] {
        let lower = estimate(&ran, best, estimator)["lower"].as_f64().unwrap();
        for reference in ["logging", "always none"] {
            // The logging policy is its own on-policy mean: no weights, so every estimator agrees on it.
            assert!(lower > value(reference, estimator), "{best} by {estimator}: {lower} against {reference}");
        }
    }
    // Its relation to the best constant offer is shown, whatever it is.
    let best_evaluation = ran["estimates"].as_array().unwrap().iter().find(|e| e["name"] == **best).unwrap();
    let against: Vec<&str> = best_evaluation["differences"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["estimator"] == "dr" && d["difference"]["lower"].is_number())
        .map(|d| d["policy"].as_str().unwrap())
        .collect();
    assert_eq!(against.len(), 4, "logging, none, uniform and the best constant: {against:?}");
    let page = std::fs::read_to_string(ran["report"].as_str().unwrap()).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains(best) && page.contains("<svg"));
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "the page must stand alone");
}
