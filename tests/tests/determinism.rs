//! The same configuration and seed give the same bytes, on one thread and on two, in one go or resumed.

use guerdon_tests::command::{guerdon, json};
use guerdon_tests::words;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The run's decision log, policies, estimates, audit and simulation, by name.
fn run(out: &Path, threads: &str) -> BTreeMap<String, Vec<u8>> {
    let ran = json(&guerdon(words![
        "run",
        "experiments/coffeehouse.toml",
        "--out",
        out,
        "--threads",
        threads,
        "--json",
        "--set",
        "generate.members=600",
        "--set",
        "simulate.members=200",
        "--set",
        "simulate.ensemble=3"
    ]));
    let folder = Path::new(ran["folder"].as_str().unwrap()).to_owned();
    let mut files = BTreeMap::new();
    for name in ["estimates.json", "simulation.json", "audit.json", "metrics.jsonl"] {
        files.insert(name.to_owned(), fs::read(folder.join(name)).unwrap());
    }
    for folder in [folder.join("policies"), out.join("cache")] {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|e| e.path().is_file()) {
            files.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        }
    }
    files
}

fn assert_same(first: &BTreeMap<String, Vec<u8>>, second: &BTreeMap<String, Vec<u8>>) {
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in first {
        assert!(bytes == &second[name], "{name} differs");
    }
}

#[test]
fn one_thread_and_two_threads_give_the_same_log_policies_and_estimates() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = run(one.path(), "1");
    assert!(first.keys().any(|name| name.starts_with("log-")), "{:?}", first.keys());
    assert!(first.keys().filter(|name| name.ends_with(".safetensors")).count() >= 2);
    assert_same(&first, &run(two.path(), "2"));
}

#[test]
fn a_run_that_lost_its_later_half_takes_up_the_earlier_one() {
    let out = tempfile::tempdir().unwrap();
    let whole = run(out.path(), "2");
    let experiment = out.path().join("coffeehouse");
    let folder = fs::read_dir(&experiment).unwrap().next().unwrap().unwrap().path();
    for gone in ["manifest.json", "report.html", "simulation.json", "estimates.json", "policies/neural.safetensors"] {
        fs::remove_file(folder.join(gone)).unwrap();
    }
    let kept = fs::metadata(folder.join("policies/ridge.safetensors")).unwrap().modified().unwrap();
    assert_same(&whole, &run(out.path(), "2"));
    let now = fs::metadata(folder.join("policies/ridge.safetensors")).unwrap().modified().unwrap();
    assert_eq!(kept, now, "the policy that was there was trained again");

    let compared = json(&guerdon(words!["compare", &folder, &folder, "--json"]));
    let policies = compared["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 6, "two learners and logging, of two runs");
    assert!(compared["caveats"].as_array().unwrap().is_empty(), "the same run twice is comparable");
}
