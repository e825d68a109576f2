//! The command line as its users meet it: help, decisions, comparison, completions.

use guerdon_tests::command::{data, guerdon, guerdon_with, json};
use guerdon_tests::words;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A log and a ridge policy of the built-in programme.
fn small_programme(work: &Path) -> (PathBuf, PathBuf) {
    let (raw, log, policy) = (work.join("raw"), work.join("log.parquet"), work.join("ridge.safetensors"));
    let environment = "environments/coffeehouse";
    json(&guerdon(words![
        "generate",
        "--environment",
        environment,
        "--members",
        "400",
        "--seed",
        "5",
        "--out",
        &raw,
        "--json"
    ]));
    json(&guerdon(words!["ingest", "--environment", environment, "--data", &raw, "--out", &log, "--json"]));
    json(&guerdon(words![
        "train",
        "--environment",
        environment,
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

/// A request with every feature of the policy: nothing known of the member but the id.
fn request(policy: &Path, decision: usize) -> String {
    let inside = json(&guerdon(words!["inspect", policy, "--json"]));
    let context: serde_json::Map<String, Value> = inside["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| (feature["name"].as_str().unwrap().to_owned(), Value::Null))
        .collect();
    serde_json::json!({
        "decision_id": format!("d{decision}"), "member_id": "m1", "at": "2026-02-01T10:00:00Z", "context": context
    })
    .to_string()
}

#[test]
fn every_command_has_help_that_says_what_it_does() {
    let help = String::from_utf8(guerdon(["--help"]).stdout).unwrap();
    for command in [
        "run", "generate", "ingest", "audit", "train", "evaluate", "simulate", "allocate", "frontier", "decide",
        "inspect", "compare", "schema",
    ] {
        assert!(help.contains(command), "{command} is not in --help");
        let own = guerdon([command, "--help"]);
        assert!(own.status.success());
        assert!(String::from_utf8(own.stdout).unwrap().contains("Usage: guerdon"), "{command}");
    }
}

#[test]
fn decisions_carry_exact_propensities_and_replay_to_the_bit() {
    let work = tempfile::tempdir().unwrap();
    let (_, policy) = small_programme(work.path());
    let requests: String = (0..50).map(|i| request(&policy, i) + "\n").collect();
    let ask = || guerdon_with(words!["decide", "--policy", &policy, "--probs"], &requests);
    let first = ask();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(first.stdout, ask().stdout);
    let lines: Vec<Value> =
        String::from_utf8(first.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 50);
    for line in lines {
        let probs = line["probs"].as_object().unwrap();
        let sum: f64 = probs.values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert_eq!(line["propensity"], probs[line["action"].as_str().unwrap()]);
        assert!(line["policy_version"].as_str().unwrap().starts_with("ridge@"));
        assert!(line["reasons"].is_array());
    }
}

#[test]
fn a_decision_is_explained_in_words_or_in_its_json() {
    let work = tempfile::tempdir().unwrap();
    let (_, policy) = small_programme(work.path());
    let requests: String = (0..5).map(|i| request(&policy, i) + "\n").collect();
    let decide = |more: &[&str]| {
        let mut asked = words!["decide", "--policy", &policy];
        asked.extend(more.iter().map(Into::into));
        guerdon_with(asked, &requests)
    };
    let plain = String::from_utf8(decide(&[]).stdout).unwrap();
    let words = String::from_utf8(decide(&["--explain"]).stdout).unwrap();
    let with_json = String::from_utf8(decide(&["--explain=json", "--probs"]).stdout).unwrap();
    assert_eq!(words.matches(", member m1: ").count(), 5);
    assert!(words.contains("  Worth: score ") && words.contains("  Instead: "), "{words}");
    for (plain, explained) in plain.lines().zip(with_json.lines()) {
        let (plain, explained): (Value, Value) =
            (serde_json::from_str(plain).unwrap(), serde_json::from_str(explained).unwrap());
        assert_eq!((&plain["action"], &plain["propensity"]), (&explained["action"], &explained["propensity"]));
        assert_eq!(explained["action"], explained["explanation"]["action"]);
        assert!(explained["probs"].is_object() && plain["explanation"].is_null());
    }
    let placed = String::from_utf8(decide(&["--explain", "--reach", "0.2"]).stdout).unwrap();
    assert_eq!(placed.matches("  Placed: ").count(), 5, "{placed}");
    assert_eq!(decide(&["--explain", "--probs"]).status.code(), Some(12));
    assert_eq!(decide(&["--reach", "1.5"]).status.code(), Some(12));
}

#[test]
fn only_eligible_actions_are_decided() {
    let work = tempfile::tempdir().unwrap();
    let (_, policy) = small_programme(work.path());
    let mut asked: Value = serde_json::from_str(&request(&policy, 1)).unwrap();
    asked["eligible"] = serde_json::json!(["none"]);
    let output = guerdon_with(words!["decide", "--policy", &policy], &format!("{asked}\n"));
    let decided: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((decided["action"].as_str(), decided["propensity"].as_f64()), (Some("none"), Some(1.0)));
}

#[test]
fn a_policy_is_valued_only_on_members_that_its_training_did_not_see() {
    let work = tempfile::tempdir().unwrap();
    let (log, policy) = small_programme(work.path());
    let valued = json(&guerdon(words!["evaluate", "--policy", &policy, "--log", &log, "--json"]));
    let inside = json(&guerdon(words!["inspect", &policy, "--json"]));
    let trained = inside["training"]["rows"].as_u64().unwrap();
    let tested = valued["estimates"][0]["n"].as_u64().unwrap();
    assert_eq!(valued["held_out_members_only"], true);
    let summary = json(&guerdon(words!["audit", "--log", &log, "--json"]));
    assert_eq!(trained + tested, summary["decisions"].as_u64().unwrap());
}

#[test]
fn the_simulator_states_cost_revenue_and_roi_beside_the_offline_estimate() {
    let work = tempfile::tempdir().unwrap();
    let (log, policy) = small_programme(work.path());
    let output = guerdon(words![
        "simulate",
        "--environment",
        "environments/coffeehouse",
        "--log",
        &log,
        "--policy",
        &policy,
        "--horizon",
        "4",
        "--members",
        "200",
        "--ensemble",
        "4",
        "--seed",
        "1",
        "--json"
    ]);
    let simulated = json(&output);
    assert_eq!(simulated["simulation"]["policies"].as_array().unwrap().len(), 1);
    assert_eq!(simulated["simulation"]["baseline"]["name"], "none");
    let incremental = &simulated["simulation"]["policies"][0]["incremental"];
    for figure in ["revenue", "cost", "net_value", "roi"] {
        let of = |end: &str| incremental[figure][end].as_f64().unwrap();
        assert!(of("lower") <= of("value") && of("value") <= of("upper"), "{figure}: {incremental}");
    }
    assert!(!simulated["simulation"]["assumptions"].as_array().unwrap().is_empty());
    assert_eq!(simulated["offline"].as_array().unwrap().len(), 1);
}

#[test]
fn a_gpu_that_this_build_does_not_have_is_refused_with_what_would_do() {
    let work = tempfile::tempdir().unwrap();
    let (log, _) = small_programme(work.path());
    let output = guerdon(words![
        "train",
        "--environment",
        "environments/coffeehouse",
        "--log",
        &log,
        "--learner",
        "neural",
        "--device",
        "gpu",
        "--out",
        work.path().join("n.safetensors")
    ]);
    assert_eq!(output.status.code(), Some(26));
    assert!(String::from_utf8_lossy(&output.stderr).contains("gpu"));
}

#[test]
fn completions_are_printed_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = guerdon(["completions", shell]);
        assert!(output.status.success() && !output.stdout.is_empty(), "{shell}");
    }
}

#[test]
fn bandit24_can_be_pointed_at_either_log() {
    let Some(folder) = data("bandit24") else { return };
    let work = tempfile::tempdir().unwrap();
    let log = work.path().join("log.parquet");
    let by_file = json(&guerdon(words![
        "ingest",
        "--environment",
        "environments/bandit24",
        "--data",
        folder.join("log_10000.parquet"),
        "--out",
        &log,
        "--json"
    ]));
    let by_set = json(&guerdon(words![
        "ingest",
        "--environment",
        "environments/bandit24",
        "--data",
        &folder,
        "--out",
        &log,
        "--set",
        "sources.log.path=log_10000.parquet",
        "--json"
    ]));
    assert_eq!(by_file["decisions"], 10_000);
    assert_eq!(by_file["mean_revenue"].as_f64(), Some(0.334));
    assert_eq!(by_file["actions"].as_object().unwrap().len(), 24);
    assert_eq!(by_file["mean_revenue"], by_set["mean_revenue"]);
}
