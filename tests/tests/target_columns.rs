//! `guerdon ope` and `guerdon diff` on the real binary: policies that come as columns beside a log.

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use guerdon_tests::command::{data, guerdon, json};
use guerdon_tests::words;
use parquet::arrow::ArrowWriter;
use std::path::Path;
use std::sync::Arc;

fn bound<'a>(valued: &'a serde_json::Value, method: &str) -> &'a serde_json::Value {
    valued["bounds"].as_array().unwrap().iter().find(|bound| bound["method"] == method).unwrap()
}

#[test]
fn the_reference_log_gives_the_reference_values_and_its_intervals() {
    let Some(folder) = data("bandit24") else { return };
    let (log, target) = (folder.join("log_10000.parquet"), folder.join("eval_10000.parquet"));
    let estimators = "dm,ips,snips,dr,sndr,switch_dr=5,dros=100,switch_dr,dros:mse,auto";
    let run = |threads: &str| {
        let words = words![
            "ope",
            "--log",
            &log,
            "--target",
            &target,
            "--estimators",
            estimators,
            "--reward-range",
            "0,1",
            "--threads",
            threads,
            "--json"
        ];
        json(&guerdon(words))
    };
    let valued = run("2");
    assert_eq!(valued, run("1"), "the number of threads changes the result");
    let golden = std::fs::read_to_string(folder.join("golden_obp_10000.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&golden).unwrap();
    let names = [
        "dm",
        "ips",
        "snips",
        "dr",
        "sndr",
        "switch_dr_tau_5",
        "dros_lambda_100",
        "switch_dr_tuned_slope",
        "dros_tuned_mse",
    ];
    for (place, name) in names.iter().enumerate() {
        let (ours, theirs) = (&valued["estimates"][place]["value"], &golden["estimators"][name]["value"]);
        let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
        assert!(((ours - theirs) / theirs).abs() < 1e-12, "{name}: {ours} against {theirs}");
    }
    assert_eq!(valued["estimates"][7]["estimator"], "switch_dr=20");
    assert_eq!(valued["verdict"], "ok");
    let bound = |method: &str| bound(&valued, method);
    let cressie_read = bound("cressie_read");
    assert!((cressie_read["value"].as_f64().unwrap() - 0.525_880_586_542_844_4).abs() < 1e-12);
    assert!((cressie_read["lower"].as_f64().unwrap() - 0.503_149_947_809_476_4).abs() < 1e-9);
    // Over the events seen alone the likelihood's interval is no wider than where unseen ones may take mass.
    let width = |bound: &serde_json::Value| bound["upper"].as_f64().unwrap() - bound["lower"].as_f64().unwrap();
    assert!(width(bound("empirical_likelihood")) <= width(bound("cautious_likelihood")));
}

#[test]
fn the_uniform_policy_on_open_bandit_columns_is_valued_or_refused() {
    let Some(folder) = data("obd") else { return };
    for (campaign, items, code, cressie_read) in [("all", 80, 0, Some(0.002_357_428)), ("women", 46, 3, None)] {
        let log = folder.join(format!("bts_{campaign}.parquet"));
        let work = tempfile::tempdir().unwrap();
        let target = work.path().join("uniform.parquet");
        let chances: Vec<(String, Vec<f64>)> =
            (0..items).map(|item| (format!("pi_e_{item}"), vec![1.0 / f64::from(items); 10_000])).collect();
        write(&target, chances.into_iter().map(|(name, values)| (name, doubles(values))).collect());
        let output = guerdon(words![
            "ope",
            "--log",
            log,
            "--target",
            target,
            "--action",
            "item_id",
            "--propensity",
            "propensity_score",
            "--reward",
            "click",
            "--estimators",
            "ips,snips",
            "--reward-range",
            "0,1",
            "--json"
        ]);
        assert_eq!(output.status.code(), Some(code), "{campaign}");
        let valued = json(&output);
        match cressie_read {
            Some(theirs) => {
                let ours = bound(&valued, "cressie_read")["value"].as_f64().unwrap();
                assert!((ours - theirs).abs() < 1e-9, "{ours}");
                assert_eq!(valued["verdict"], "ok");
            }
            None => {
                assert_eq!(valued["verdict"], "not_evaluable");
                assert_eq!(valued["bounds"].as_array().unwrap().len(), 0);
                assert!(valued["estimates"][0]["reasons"][0].as_str().unwrap().contains("decisions more"));
            }
        }
    }
}

/// Six members of two decisions each: actions "a" and "b" by a fair coin.
fn small(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf, std::path::PathBuf) {
    let rows = 1_200;
    let action: Vec<&str> = (0..rows).map(|i| if (i / 2 + i) % 2 == 0 { "a" } else { "b" }).collect();
    let reward: Vec<f64> =
        (0..rows).map(|i| if action[i] == "a" { 2.0 } else { 1.0 } + (i % 7) as f64 / 10.0).collect();
    let member: Vec<i64> = (0..rows as i64).map(|i| i / 2 + 5).collect();
    let log = folder.join("log.parquet");
    write(
        &log,
        vec![
            ("action".into(), Arc::new(StringArray::from(action)) as ArrayRef),
            ("propensity".into(), doubles(vec![0.5; rows])),
            ("reward".into(), doubles(reward)),
            ("member".into(), Arc::new(Int64Array::from(member))),
        ],
    );
    let policy = |name: &str, a: f64| {
        let path = folder.join(name);
        let columns = vec![("pi_e_a".into(), doubles(vec![a; rows])), ("pi_e_b".into(), doubles(vec![1.0 - a; rows]))];
        write(&path, columns);
        path
    };
    (log, policy("first.parquet", 0.9), policy("second.parquet", 0.1))
}

/// What a run said on its standard error.
fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn doubles(values: Vec<f64>) -> ArrayRef {
    Arc::new(Float64Array::from(values))
}

fn write(path: &Path, columns: Vec<(String, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn two_policies_differ_by_what_their_actions_bring() {
    let work = tempfile::tempdir().unwrap();
    let (log, first, second) = small(work.path());
    let compared = json(&guerdon(words![
        "diff", "--log", &log, "--first", &first, "--second", &second, "--member", "member", "--json"
    ]));
    let snips = &compared["differences"][0];
    let value = |text: &serde_json::Value| text.as_f64().unwrap();
    assert!((value(&snips["difference"]["value"]) - 0.8).abs() < 0.02, "{snips}");
    assert!(value(&snips["difference"]["lower"]) > 0.0);
    let back = json(&guerdon(words![
        "diff", "--log", &log, "--first", &second, "--second", &first, "--member", "member", "--json"
    ]));
    let sum = value(&back["differences"][0]["difference"]["value"]) + value(&snips["difference"]["value"]);
    assert!(sum.abs() < 1e-12);
}

#[test]
fn policies_are_ranked_with_differences_that_hold_all_at_once() {
    let work = tempfile::tempdir().unwrap();
    let (log, first, second) = small(work.path());
    let never = work.path().join("never.parquet");
    let chances: Vec<f64> = (0..1_200).map(|i| if i < 40 { 1.0 } else { 0.0 }).collect();
    let away: Vec<f64> = chances.iter().map(|chance| 1.0 - chance).collect();
    write(&never, vec![("pi_e_a".into(), doubles(chances)), ("pi_e_b".into(), doubles(away))]);
    let ranked = json(&guerdon(words![
        "rank",
        "--log",
        &log,
        "--target",
        format!("mild={}", second.display()),
        "--target",
        &first,
        "--target",
        &never,
        "--member",
        "member",
        "--json"
    ]));
    let candidates = ranked["compared"]["candidates"].as_array().unwrap();
    let order: Vec<&str> = ranked["compared"]["ranking"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| candidates[place.as_u64().unwrap() as usize]["name"].as_str().unwrap())
        .collect();
    assert_eq!(order[0], "first");
    assert_eq!(ranked["compared"]["best"].as_array().unwrap().len(), 1);
    assert!(ranked["reasons"][0].as_str().unwrap().contains("first is better than"), "{ranked}");
    let output = guerdon(words!["rank", "--log", &log, "--target", &first]);
    assert!(stderr(&output).contains("at least two policies"), "{}", stderr(&output));
}

#[test]
fn members_make_clusters_and_the_bootstrap_agrees() {
    let work = tempfile::tempdir().unwrap();
    let (log, first, _) = small(work.path());
    let width = |more: &[&str]| {
        let mut words = words!["ope", "--log", &log, "--target", &first, "--estimators", "ips", "--json"];
        words.extend(more.iter().map(Into::into));
        let valued = json(&guerdon(words));
        let estimate = &valued["estimates"][0];
        estimate["upper"].as_f64().unwrap() - estimate["lower"].as_f64().unwrap()
    };
    let (rows, members) = (width(&[]), width(&["--member", "member"]));
    assert!((rows / members - 1.0).abs() > 0.05, "{rows} {members}");
    let bootstrap = width(&["--member", "member", "--bootstrap", "1000"]);
    assert!((bootstrap / members - 1.0).abs() < 0.15, "{bootstrap} {members}");
}

#[test]
fn what_does_not_fit_is_named_with_file_row_and_column() {
    let work = tempfile::tempdir().unwrap();
    let (log, first, _) = small(work.path());
    let bad = work.path().join("bad.parquet");
    let cases = [
        ("short", vec![("pi_e_a".into(), doubles(vec![1.0; 10]))], "number of rows is 1200 and 10"),
        ("unnamed", vec![("p_a".into(), doubles(vec![1.0; 1_200]))], "pi_e_<action> is missing"),
        ("unknown", vec![("pi_e_a".into(), doubles(vec![1.0; 1_200]))], "action \"b\" is not in the catalogue"),
        (
            "sum",
            vec![("pi_e_a".into(), doubles(vec![0.9; 1_200])), ("pi_e_b".into(), doubles(vec![0.2; 1_200]))],
            "row 1: the sum of the target's chances is 1.1",
        ),
    ];
    for (name, columns, part) in cases {
        write(&bad, columns);
        let output = guerdon(words!["ope", "--log", &log, "--target", &bad]);
        assert!(!output.status.success() && stderr(&output).contains(part), "{name}: {}", stderr(&output));
    }
    let output = guerdon(words!["ope", "--log", &log, "--target", &first, "--member", "action"]);
    assert!(stderr(&output).contains("sort both files by member"), "{}", stderr(&output));
    let output = guerdon(words!["ope", "--log", &log, "--target", &first, "--estimators", "drr"]);
    assert!(stderr(&output).contains("no estimator is called"), "{}", stderr(&output));
    let output = guerdon(words!["ope", "--log", &log, "--target", &first, "--estimators", "dr"]);
    assert_eq!(output.status.code(), Some(3), "no model was given");
}
