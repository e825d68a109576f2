//! Uplift on the randomised e-mail test: the mean effect is the difference of arm means, and a policy that scores everybody
//! alike draws the straight line.

use guerdon_tests::command::{data, failure, guerdon, json};
use guerdon_tests::words;

#[test]
fn a_policy_that_scores_everybody_alike_has_half_the_effect_and_no_qini() {
    let Some(folder) = data("hillstrom") else { return };
    let work = tempfile::tempdir().unwrap();
    let (log, config, policy) =
        (work.path().join("log.parquet"), work.path().join("mens.toml"), work.path().join("mens.safetensors"));
    let summary = json(&guerdon(words![
        "ingest",
        "--environment",
        "environments/hillstrom",
        "--data",
        &folder,
        "--out",
        &log,
        "--json"
    ]));
    std::fs::write(&config, "learner = \"constant\"\naction = \"mens_email\"\n").unwrap();
    let mut command = words!["train", "--environment", "environments/hillstrom", "--log", &log];
    command.extend(words!["--learner", "constant", "--config", &config, "--out", &policy]);
    let output = guerdon(&command);
    assert!(output.status.success(), "{}", failure(&output).1);
    let mut command = words!["uplift", "--log", &log, "--policy", &policy, "--action", "mens_email", "--json"];
    command.extend(words!["--outcome", "revenue", "--resamples", "50"]);
    let found = &json(&guerdon(&command))[0];
    let mean = |arm: &str| summary["actions"][arm]["mean_revenue"].as_f64().unwrap();
    let effect = found["areas"]["effect"]["value"].as_f64().unwrap();
    assert!((effect - (mean("mens_email") - mean("none"))).abs() < 1e-9, "{found}");
    assert!((found["areas"]["auuc"]["value"].as_f64().unwrap() - effect / 2.0).abs() < 1e-9, "{found}");
    assert!(found["areas"]["qini"]["value"].as_f64().unwrap().abs() < 1e-9, "{found}");
    let refused = guerdon(words!["uplift", "--log", &log, "--policy", &policy, "--outcome", "clicked"]);
    let (code, said) = failure(&refused);
    assert!(code == 12 && said.contains("clicked") && said.contains("converted"), "{code}: {said}");
}
