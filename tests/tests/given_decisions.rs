//! Decisions made elsewhere, valued by `guerdon sweep --decisions` in the sweep's own folds.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use guerdon_tests::columns::{doubles, texts};
use guerdon_tests::command::{failure, guerdon, json, root};
use guerdon_tests::words;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

fn experiment(folder: &Path) -> PathBuf {
    let environment = root().join("environments/coffeehouse");
    let text = format!(
        "name = \"small\"\nenvironment = {:?}\nseed = 7\n[generate]\nmembers = 600\n[sweep]\nfolds = 3\n\
         [[learner]]\nname = \"ridge\"\nlearner = \"ridge\"\n",
        environment.display().to_string()
    );
    let path = folder.join("small.toml");
    fs::write(&path, text).unwrap();
    path
}

fn sweep(folder: &Path, more: &[String]) -> Output {
    let mut all = words!["sweep", experiment(folder), "--out", folder, "--trials", "0", "--json"];
    all.extend(more.iter().map(Into::into));
    guerdon(all)
}

/// Writes the decisions and gives the words that bring them.
fn decisions(folder: &Path, name: &str, ids: &[String], actions: &[String]) -> Vec<String> {
    let column = |values: &[String]| Arc::new(StringArray::from_iter_values(values)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("decision_id", column(ids)), ("action", column(actions))]).unwrap();
    let path = folder.join(format!("{name}.parquet"));
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    vec!["--decisions".into(), format!("{name}={}", path.display())]
}

fn reference<'v>(found: &'v Value, name: &str) -> &'v Value {
    let all = found["references"].as_array().unwrap();
    all.iter().find(|worth| worth["name"] == name).unwrap_or_else(|| panic!("{name} is not there"))
}

/// The decision log that the sweep left, and whose each decision is.
fn log_of(folder: &Path) -> (Vec<String>, Vec<String>) {
    let cache = fs::read_dir(folder.join("cache")).unwrap().map(|entry| entry.unwrap().path());
    let log = cache.into_iter().find(|path| path.extension().is_some_and(|end| end == "parquet")).unwrap();
    (texts(&log, "decision_id"), texts(&log, "member_id"))
}

#[test]
fn the_same_decisions_are_worth_the_same_wherever_they_were_made() {
    let work = tempfile::tempdir().unwrap();
    let first = json(&sweep(work.path(), &[]));
    let folder = PathBuf::from(first["folder"].as_str().unwrap());
    let trained = fs::metadata(folder.join("folds/ridge/fold-0.safetensors")).unwrap().modified().unwrap();

    let (ids, members) = log_of(work.path());
    let folds = folder.join("folds.parquet");
    let fold_of: BTreeMap<String, f64> =
        texts(&folds, "member_id").into_iter().zip(doubles(&folds, &["fold".into()]).remove(0)).collect();
    assert_eq!(fold_of.len(), 600);
    let constants = first["best_constants"].as_array().unwrap();
    let best = |member: &String| constants[fold_of[member] as usize].as_str().unwrap()["always ".len()..].to_owned();
    let mut more = decisions(work.path(), "theirs", &ids, &members.iter().map(best).collect::<Vec<_>>());
    more.extend(decisions(work.path(), "nothing", &ids, &vec!["none".to_owned(); ids.len()]));
    let second = json(&sweep(work.path(), &more));

    assert_eq!(second["folder"], first["folder"]);
    assert_eq!(fs::metadata(folder.join("folds/ridge/fold-0.safetensors")).unwrap().modified().unwrap(), trained);
    assert_eq!(second["trials"], first["trials"]);
    for (given, ours) in [("theirs", "best constant"), ("nothing", "always none")] {
        let (given, ours) = (reference(&second, given), reference(&second, ours));
        assert_eq!(given["role"], "given");
        for field in ["value", "lower", "upper", "n", "ess"] {
            assert_eq!(given["estimate"][field], ours["estimate"][field], "{field}");
        }
        assert_eq!((&given["true_value"], &given["actions"]), (&ours["true_value"], &ours["actions"]));
        assert!(given["true_value"].is_number());
    }
    let difference = &reference(&second, "theirs")["differences"][0];
    assert_eq!((&difference["policy"], &difference["difference"]["value"]), (&"best constant".into(), &0.0.into()));
    assert_eq!(second["compared"]["candidates"].as_array().unwrap().len(), 5);
    let notes: Vec<&str> = second["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(notes.iter().any(|note| note.contains("ridge is worth more than nothing")), "{notes:?}");
    decisions_that_can_not_be_valued_are_refused(work.path(), &ids);
}

fn decisions_that_can_not_be_valued_are_refused(work: &Path, ids: &[String]) {
    let actions = vec!["none".to_owned(); ids.len()];
    let refused = |more: Vec<String>, code: i32, words: &[&str]| {
        let (given, message) = failure(&sweep(work, &more));
        assert_eq!(given, code, "{message}");
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    };
    refused(decisions(work, "few", &ids[1..], &actions[1..]), 25, &[&ids[0], "missing", "few.parquet"]);
    refused(decisions(work, "ridge", ids, &actions), 12, &["--decisions", "ridge", "another name"]);
    let mut unknown = actions.clone();
    unknown[7] = "a car".into();
    refused(decisions(work, "unknown", ids, &unknown), 16, &[&ids[7], "a car"]);
    refused(vec!["--decisions".into(), "theirs".into()], 2, &["name=decisions.parquet"]);
}
