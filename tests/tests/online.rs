//! `guerdon online` on the real streams: rewards and regrets beside the peers'.

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use guerdon_tests::command::{data, failure, guerdon, json};
use guerdon_tests::words;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use std::fs;
use std::sync::Arc;

#[test]
fn digits_are_learned_better_than_by_the_best_peer() {
    let Some(folder) = data("online") else { return };
    let stream = folder.join("digits_stream.parquet");
    let mean: f64 = (0..5)
        .map(|seed| {
            let order = format!("{}:perm_{seed}", folder.join("digits_perm.parquet").display());
            let played = json(&guerdon(words![
                "online",
                "--stream",
                &stream,
                "--label",
                "label",
                "--divide",
                "16",
                "--order",
                order,
                "--learners",
                "kernel_ucb",
                "--seed",
                seed.to_string(),
                "--json"
            ]));
            played[0]["replay"]["last"]["mean_reward"].as_f64().unwrap() / 5.0
        })
        .sum();
    println!("kernel_ucb: mean reward {mean:.4} over seeds 0 to 4");
    // LinUCB with α = 0.3 gets 0.862.
    assert!(mean >= 0.875, "{mean}");
}

#[test]
fn drifting_worlds_cost_less_than_the_best_peer() {
    let Some(folder) = data("online") else { return };
    for world in ["nonstat_0", "nonstat_1"] {
        let stream = folder.join(format!("{world}.parquet"));
        let run = || guerdon(words!["online", "--stream", &stream, "--learners", "drift_ucb,linucb", "--json"]);
        let played = json(&run());
        assert_eq!(played, json(&run()), "the same seed gives the same replay");
        let regret = |place: usize| played[place]["replay"]["last"]["regret"].as_f64().unwrap();
        println!("{world}: regret {:.1} by drift_ucb, {:.1} by linucb", regret(0), regret(1));
        // Softmax exploration with forgetting, the best peer, has 1,032; LinUCB 2,293.
        assert!(regret(0) <= 950.0 && regret(0) < regret(1), "{world}: {}", regret(0));
    }
}

#[test]
fn the_built_in_programme_is_learned_along_its_stream() {
    let work = tempfile::tempdir().unwrap();
    let home = "environments/coffeehouse";
    let words = words!["generate", "--environment", home, "--members", "800", "--seed", "7", "--out", work.path()];
    json(&guerdon(words.into_iter().chain(words!["--stream", "--json"])));
    let truth: Value = serde_json::from_slice(&fs::read(work.path().join("truth.json")).unwrap()).unwrap();
    let of = |truth: &Value| truth.as_f64().unwrap();
    let constants = truth["constant"].as_object().unwrap().values();
    let constant = constants.map(of).fold(f64::NEG_INFINITY, f64::max);

    let stream = work.path().join("stream.parquet");
    let words =
        words!["online", "--stream", &stream, "--learners", "linucb,drift_ucb", "--reward-range=-10,50", "--json"];
    let played = json(&guerdon(words));
    let steps = of(&played[0]["steps"]);
    assert_eq!(steps, of(&truth["mature"]));
    for played in played.as_array().unwrap() {
        let (learner, regret) = (&played["learner"], of(&played["replay"]["last"]["regret"]));
        let reward = of(&played["replay"]["last"]["mean_reward"]);
        println!("{learner}: mean reward {reward:.3}, regret {:.3} a step", regret / steps);
        // Regret is counted in expectations, and rewards are drawn around these: both in dollars.
        assert!((of(&truth["oracle"]) - regret / steps - reward).abs() < 0.4, "{learner}: {regret} and {reward}");
        assert!(regret / steps < 0.55 * (of(&truth["oracle"]) - constant), "{learner}: {}", regret / steps);
        assert!(of(&played["rewards_cut"]) < 0.03 * steps);
    }
    let (code, text) = failure(&guerdon(words!["online", "--stream", &stream, "--learners", "linucb,drift_ucb"]));
    assert!(code > 1 && text.contains("--reward-range") && text.contains("drift_ucb needs"), "{code}: {text}");
}

#[test]
fn arms_that_are_not_eligible_are_not_taken() {
    let work = tempfile::tempdir().unwrap();
    let stream = |name: &str, eligible: &dyn Fn(usize) -> f64| {
        let column = |of: &dyn Fn(usize) -> f64| Arc::new(Float64Array::from_iter_values((0..400).map(of))) as ArrayRef;
        let columns = [
            ("x", column(&|row| (row as f64).sin())),
            ("r_a", column(&|_| 1.0)),
            ("r_b", column(&|_| 0.1)),
            ("e_a", column(eligible)),
            ("e_b", column(&|_| 1.0)),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let path = work.path().join(name);
        let mut writer = ArrowWriter::try_new(fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    };
    let every_other = stream("every_other", &|row| (row % 2) as f64);
    let played = json(&guerdon(words!["online", "--stream", &every_other, "--learners", "linucb,softmax", "--json"]));
    for played in played.as_array().unwrap() {
        let taken = played["replay"]["taken"].as_array().unwrap();
        assert!((150..=200).contains(&taken[0].as_u64().unwrap()), "{taken:?}");
    }
    let (code, text) = failure(&guerdon(words!["online", "--stream", stream("odd", &|row| row as f64)]));
    assert!(code > 1 && text.contains("row 3") && text.contains("0 or 1"), "{code}: {text}");
    let (code, text) = failure(&guerdon(words![
        "online",
        "--stream",
        &every_other,
        "--eligible-prefix",
        "r_",
        "--learners",
        "linucb"
    ]));
    assert!(code > 1 && text.contains("row 1") && text.contains("eligible"), "{code}: {text}");
}

#[test]
fn what_is_missing_is_named() {
    let Some(folder) = data("online") else { return };
    let stream = folder.join("nonstat_0.parquet");
    for (words, part) in [
        (words!["online", "--stream", &stream, "--learners", "magic"], "one of epsilon_greedy"),
        (words!["online", "--stream", &stream, "--reward-prefix", "pay_"], "pay_<arm> is missing"),
        (words!["online", "--stream", &stream, "--label", "x0"], "a whole number"),
        (words!["online", "--stream", &stream, "--order", "nowhere"], "FILE:COLUMN"),
        (words!["online", "--stream", &stream, "--divide", "0"], "a number above 0"),
    ] {
        let (code, text) = failure(&guerdon(words));
        assert!(code > 1 && text.contains(part), "{code}: {text}");
    }
}
