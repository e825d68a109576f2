//! A sweep finds the better settings by what policies are worth, resumes, and gives the same bytes on any number of jobs.

use guerdon_tests::command::{failure, guerdon, json, root};
use guerdon_tests::words;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

/// Dull settings in the file: so strong a penalty that every member gets the same offer. One of two choices mends that.
const DULL: &str = "[[learner]]\nname = \"ridge\"\nlearner = \"ridge\"\npenalties = [1e9]\n\
                    [learner.search]\npenalties = { choice = [[0.1], [1e8]] }\n";

/// An experiment on the built-in programme.
fn experiment(folder: &Path, members: u32, rest: &str) -> PathBuf {
    let environment = root().join("environments/coffeehouse");
    let text = format!(
        "name = \"small\"\nenvironment = {:?}\nseed = 7\n[generate]\nmembers = {members}\n[sweep]\nfolds = 3\n{rest}",
        environment.display().to_string()
    );
    let path = folder.join("small.toml");
    fs::write(&path, text).unwrap();
    path
}

fn sweep(experiment: &Path, out: &Path, more: &[&str]) -> Output {
    let mut all = words!["sweep", experiment, "--out", out, "--json"];
    all.extend(more.iter().map(Into::into));
    guerdon(all)
}

fn trial<'v>(found: &'v Value, name: &str) -> &'v Value {
    let trials = found["trials"].as_array().unwrap();
    trials.iter().find(|trial| trial["trial"] == name).unwrap_or_else(|| panic!("{name} is not there"))
}

/// Every file below `folder` but the names in `without`, with its bytes and when it was written.
fn files(folder: &Path, without: &[&str]) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let path = entry.path();
        if path.is_dir() {
            let below = files(&path, without).into_iter();
            all.extend(below.map(|(name, file)| (Path::new(&entry.file_name()).join(name), file)));
        } else if !without.iter().any(|name| path.ends_with(name)) {
            let written = entry.metadata().unwrap().modified().unwrap();
            all.insert(entry.file_name().into(), (fs::read(&path).unwrap(), written));
        }
    }
    all
}

#[test]
fn a_sweep_finds_the_better_settings_and_values_the_winner_on_members_that_it_never_saw() {
    let work = tempfile::tempdir().unwrap();
    let file = experiment(work.path(), 3_000, DULL);
    // Both choices: nothing is drawn twice.
    let found = json(&sweep(&file, work.path(), &["--trials", "2"]));
    let sharp = |trial: &Value| trial["settings"]["penalties"] == serde_json::json!([0.1]);
    let trials = found["trials"].as_array().unwrap();
    assert!(trials.iter().any(sharp) && trials.iter().any(|t| !sharp(t) && t["trial"] != "ridge"), "{found:#}");
    assert!(sharp(trial(&found, found["winner"].as_str().unwrap())), "{found:#}");

    // The world itself says so too: the sharp settings are truly worth more, and their interval holds the truth.
    let (best, dull) = (&trials[0]["worth"], &trial(&found, "ridge")["worth"]);
    assert!(best["true_value"].as_f64() > dull["true_value"].as_f64());
    let ends = ["lower", "upper"].map(|end| best["estimate"][end].as_f64().unwrap());
    assert!((ends[0]..=ends[1]).contains(&best["true_value"].as_f64().unwrap()), "{best:#}");

    let difference = |worth: &Value, to: &str| {
        let all = worth["differences"].as_array().unwrap();
        all.iter().find(|d| d["policy"] == to).unwrap()["difference"].clone()
    };
    assert!(difference(best, "best constant")["lower"].as_f64().unwrap() > 0.0, "{best:#}");
    let names: Vec<&str> =
        found["references"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    for name in ["best constant", "logging", "uniform", "always none"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let held_out = &found["held_out"]["winner"];
    assert_eq!(found["members"], "training");
    assert!(difference(held_out, "logging")["value"].as_f64().unwrap() > 0.0, "{held_out:#}");
    let decisions = |worth: &Value| worth["estimate"]["n"].as_u64().unwrap();
    assert!(decisions(best) > 2 * decisions(held_out));
    the_winners_files_are_taken_by_the_other_commands(&found, work.path(), held_out);
}

/// `train --config best.toml` and `evaluate --policy best.safetensors`, which values the policy as the sweep did.
fn the_winners_files_are_taken_by_the_other_commands(found: &Value, out: &Path, held_out: &Value) {
    let folder = Path::new(found["folder"].as_str().unwrap());
    let cache = fs::read_dir(out.join("cache")).unwrap().map(|entry| entry.unwrap().path());
    let log = cache.into_iter().find(|path| path.extension().is_some_and(|end| end == "parquet")).unwrap();
    let policy = out.join("again.safetensors");
    let environment = "environments/coffeehouse";
    let words = words!["train", "--environment", environment, "--log", &log, "--learner", "ridge", "--config"];
    let more = words![folder.join("best.toml"), "--out", &policy, "--json"];
    let learnt = json(&guerdon(words.into_iter().chain(more)));
    assert_eq!(learnt["training"]["config"]["penalties"], serde_json::json!([0.1]));
    let policy = folder.join("best.safetensors");
    let valued = json(&guerdon(words!["evaluate", "--policy", policy, "--log", &log, "--estimators", "dr", "--json"]));
    assert_eq!(valued["held_out_members_only"], true);
    assert_eq!(valued["estimates"][0]["n"], held_out["estimate"]["n"]);
}

#[test]
fn a_sweep_that_was_stopped_runs_only_what_is_missing_and_ends_the_same() {
    let work = tempfile::tempdir().unwrap();
    let file = experiment(work.path(), 500, DULL);
    let folder = PathBuf::from(json(&sweep(&file, work.path(), &["--trials", "1"]))["folder"].as_str().unwrap());
    let whole = files(&folder, &[]);
    assert_eq!(whole.keys().filter(|path| path.starts_with("folds")).count(), 2 * 3 * 2);

    // Stopped between a policy and its result, and before the end. And a result under this name was of other settings, as
    // an earlier build may have drawn them.
    let gone = Path::new("folds/ridge#1/fold-1.json");
    for path in [gone, Path::new("trials.json")] {
        fs::remove_file(folder.join(path)).unwrap();
    }
    let stale = Path::new("folds/ridge#1/fold-2.json");
    let mut result: Value = serde_json::from_slice(&whole[stale].0).unwrap();
    let penalties = &mut result["trial"]["config"]["penalties"];
    assert!(penalties.is_array(), "{result:#}");
    *penalties = serde_json::json!([7.0]);
    fs::write(folder.join(stale), result.to_string()).unwrap();
    json(&sweep(&file, work.path(), &["--trials", "1"]));
    let again = files(&folder, &[]);
    let bytes = |all: &BTreeMap<PathBuf, (Vec<u8>, SystemTime)>| -> BTreeMap<PathBuf, Vec<u8>> {
        all.iter().map(|(path, (bytes, _))| (path.clone(), bytes.clone())).collect()
    };
    assert_eq!(bytes(&whole), bytes(&again));
    let rewritten: Vec<&PathBuf> = again.keys().filter(|path| whole[*path].1 != again[*path].1).collect();
    let trained: Vec<_> = rewritten.into_iter().filter(|path| path.starts_with("folds")).collect();
    let policy = |result: &Path| result.with_extension("safetensors");
    assert_eq!(trained, [gone, &policy(gone), stale, &policy(stale)]);

    // More draws go on from the first ones.
    let larger = json(&sweep(&file, work.path(), &["--trials", "2"]));
    assert_eq!(Path::new(larger["folder"].as_str().unwrap()), folder);
    let more = files(&folder, &[]);
    assert!(again.iter().filter(|(path, _)| path.starts_with("folds")).all(|(path, file)| &more[path] == file));
    assert_eq!(more.keys().filter(|path| path.starts_with("folds")).count(), 3 * 3 * 2);
}

#[test]
fn one_job_and_two_jobs_give_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let learners = format!(
        "{DULL}[[learner]]\nname = \"neural\"\nlearner = \"neural\"\nhidden = [8]\nepochs = 2\n\
         [learner.search]\nrate = {{ log_uniform = [0.001, 0.01] }}\n"
    );
    let all: Vec<_> = [(&one, "1"), (&two, "2")]
        .into_iter()
        .map(|(work, jobs)| {
            let file = experiment(work.path(), 400, &learners);
            let found = json(&sweep(&file, work.path(), &["--trials", "1", "--jobs", jobs, "--threads", jobs]));
            let files = files(Path::new(found["folder"].as_str().unwrap()), &[]);
            files.into_iter().map(|(path, (bytes, _))| (path, bytes)).collect::<BTreeMap<_, _>>()
        })
        .collect();
    assert!(all[0].keys().any(|path| path.starts_with("folds/neural#1")), "{:?}", all[0].keys());
    assert_eq!(all[0].keys().collect::<Vec<_>>(), all[1].keys().collect::<Vec<_>>());
    for (path, bytes) in &all[0] {
        assert!(bytes == &all[1][path], "{} differs", path.display());
    }
}

#[test]
fn halving_drops_what_the_first_folds_show_to_be_worse() {
    let work = tempfile::tempdir().unwrap();
    // The file's own settings are the better ones here, and each draw is dull.
    let learner = "[[learner]]\nname = \"ridge\"\nlearner = \"ridge\"\npenalties = [0.1]\n\
                   [learner.search]\npenalties = { choice = [[1e8], [1e9]] }\n";
    let file = experiment(work.path(), 3_000, learner);
    let found = json(&sweep(&file, work.path(), &["--trials", "2", "--set", "sweep.halving=true"]));
    assert_eq!(found["winner"], "ridge");
    let dropped: Vec<&Value> = found["trials"].as_array().unwrap().iter().filter(|t| !t["dropped"].is_null()).collect();
    assert!(!dropped.is_empty(), "{found:#}");
    for trial in dropped {
        let after = trial["dropped"]["after_folds"].as_u64().unwrap();
        let folder = Path::new(found["folder"].as_str().unwrap()).join("folds").join(trial["trial"].as_str().unwrap());
        assert!(after < 3 && trial["worth"].is_null());
        assert!(!folder.join(format!("fold-{after}.json")).exists(), "it was tried on");
        assert_eq!(trial["dropped"]["behind"], "ridge");
    }
}

#[test]
fn without_draws_the_learners_are_compared_on_all_members() {
    let work = tempfile::tempdir().unwrap();
    let file = experiment(work.path(), 400, DULL);
    let found = json(&sweep(&file, work.path(), &["--trials", "0"]));
    assert_eq!((found["members"].as_str(), &found["held_out"]), (Some("all"), &Value::Null));
    assert_eq!(found["trials"].as_array().unwrap().len(), 1);
    assert_eq!(found["best_constants"].as_array().unwrap().len(), 3);
    let decisions = |worth: &Value| worth["estimate"]["n"].as_u64().unwrap();
    let logging = found["references"].as_array().unwrap().iter().find(|r| r["name"] == "logging").unwrap();
    assert_eq!(decisions(&found["trials"][0]["worth"]), decisions(logging));

    let shown = guerdon(words!["sweep", &file, "--out", work.path(), "--trials", "0"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    for words in ["3 folds over all members", "best constant", "always none", "best.toml"] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_variant_is_held_against_the_learner_that_it_varies_and_the_truth_is_told_where_it_is_known() {
    let work = tempfile::tempdir().unwrap();
    let rest = "[[learner]]\nname = \"plain\"\nlearner = \"ridge\"\n\
                [[learner]]\nname = \"dull\"\nagainst = \"plain\"\nlearner = \"ridge\"\npenalties = [1e9]\n";
    let file = experiment(work.path(), 1_500, rest);
    let found = json(&sweep(&file, work.path(), &["--trials", "0"]));
    let dull = trial(&found, "dull");
    assert_eq!(dull["against"], "plain");
    let against = dull["worth"]["differences"].as_array().unwrap().iter().find(|d| d["policy"] == "plain").unwrap();
    let value = |name: &str, key: &str| match key {
        "value" => trial(&found, name)["worth"]["estimate"]["value"].as_f64().unwrap(),
        _ => trial(&found, name)["worth"]["true_value"].as_f64().unwrap(),
    };
    let difference = against["difference"]["value"].as_f64().unwrap();
    assert!((difference - (value("dull", "value") - value("plain", "value"))).abs() < 1e-9);
    assert!(against["difference"]["upper"].as_f64().unwrap() < 0.0, "{against}");
    let printed = guerdon(words!["sweep", &file, "--out", work.path(), "--trials", "0"]);
    let text = String::from_utf8(printed.stdout).unwrap();
    let line =
        text.lines().find(|line| line.contains("dull") && line.contains("plain")).unwrap_or_else(|| panic!("{text}"));
    let truth = value("dull", "true") - value("plain", "true");
    assert!(line.contains(&format!("{difference:+.4}")) && line.contains(&format!("{truth:+.4}")), "{line}");

    let stranger = experiment(work.path(), 1_500, &rest.replace("against = \"plain\"", "against = \"dull\""));
    let (code, message) = failure(&sweep(&stranger, work.path(), &[]));
    assert_eq!(code, 12, "{message}");
    assert!(message.contains("learner.dull.against") && message.contains("another learner of this file"), "{message}");
}

#[test]
fn a_search_space_that_the_learner_does_not_take_is_refused_before_any_data_is_made() {
    let work = tempfile::tempdir().unwrap();
    for (search, words) in [
        ("epoch = { int = [1, 2] }", ["learner.ridge.search.epoch", "penalties"]),
        ("prior_rows = { uniform = [-3.0, 2.0] }", ["learner.ridge.search.prior_rows", "from 0 to"]),
        ("prior_rows = { log_uniform = [0.0, 2.0] }", ["learner.ridge.search.prior_rows", "above 0"]),
        ("prior_rows = { normal = [0.0, 2.0] }", ["normal", "log_uniform"]),
        ("learner = { choice = [\"ridge\", \"neural\"] }", ["learner.ridge.search.learner", "[[learner]]"]),
    ] {
        let learner = format!("[[learner]]\nname = \"ridge\"\nlearner = \"ridge\"\n[learner.search]\n{search}\n");
        let file = experiment(work.path(), 400, &learner);
        let (code, message) = failure(&sweep(&file, work.path(), &[]));
        assert_eq!(code, 12, "{message}");
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
    let file = experiment(work.path(), 400, DULL);
    let (code, message) = failure(&sweep(&file, work.path(), &["--set", "sweep.folds=1"]));
    assert!(code == 12 && message.contains("sweep.folds") && message.contains("2 to 50"), "{message}");
    assert!(!work.path().join("cache").exists());
}
