//! Decisions made elsewhere: what is read, what is refused, and the folds that they are made for.

mod common;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::UInt32Type;
use common::Programme;
use guerdon_core::Result;
use guerdon_data::{GivenDecisions, LogReader, write_folds};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// The small programme, in which the first decision could only have been star or half.
fn programme() -> (Programme, LogReader) {
    let mut programme = Programme::small();
    let list = "CAST(propensity AS DOUBLE) AS propensity, \
                CASE WHEN decision_id = 'a1' THEN make_array('star', 'half') END AS eligible FROM";
    programme.replace("views.sql", "CAST(propensity AS DOUBLE) AS propensity FROM", list);
    let log = programme.ingest().unwrap().1;
    (programme, log)
}

/// Reads and checks `a1:half a2:none …`.
fn given(programme: &Programme, log: &LogReader, rows: &str) -> Result<GivenDecisions> {
    let (ids, actions): (Vec<&str>, Vec<&str>) = rows.split(' ').map(|row| row.split_once(':').unwrap()).unzip();
    let path: PathBuf = programme.path("given.parquet");
    write(&path, vec![("action", text(&actions)), ("decision_id", text(&ids)), ("score", text(&actions))]);
    let given = GivenDecisions::read(&path, &log.meta().catalogue)?;
    given.check(log)?;
    Ok(given)
}

#[test]
fn decisions_are_read_by_name_in_any_order() {
    let (programme, log) = programme();
    let read = given(&programme, &log, "b1:half a3:none a1:star a2:none").unwrap();
    let actions = ["a1", "a2", "a3", "b1", "b2"].map(|id| read.action(id));
    assert_eq!(actions, [Some(2), Some(0), Some(0), Some(1), None]);
    // Only what the log shows is asked for.
    let bob = log.restricted_to(|member| member == "bob").unwrap();
    given(&programme, &bob, "b1:half").unwrap();
}

#[test]
fn decisions_that_do_not_fit_the_log_are_refused_by_name() {
    let (programme, log) = programme();
    for (rows, code, parts) in [
        ("a1:half a2:none b1:half", 25, vec!["a3", "missing"]),
        ("a1:none a2:none a3:none b1:half", 25, vec!["a1", "action is none; eligible were half, star"]),
        ("a1:half a2:gift a3:none b1:half", 16, vec!["a2", "gift"]),
        ("a1:half a2:none a3:none b1:half a2:star", 19, vec!["a2", "twice, with none and star"]),
        ("a1:half a2:none a3:none b1:half b2:half", 25, vec!["b2", "none that the log's members have", "1 in all"]),
    ] {
        common::says(&given(&programme, &log, rows).unwrap_err(), code, &parts);
    }
}

#[test]
fn files_of_another_form_are_refused() {
    let (programme, log) = programme();
    let path = programme.path("given.parquet");
    let error = || GivenDecisions::read(&path, &log.meta().catalogue).unwrap_err();
    common::says(&error(), 10, &["given.parquet", "Parquet file"]);
    std::fs::write(&path, "decision_id,action\na1,half\n").unwrap();
    common::says(&error(), 11, &["given.parquet", "Parquet"]);
    write(&path, vec![("decision_id", text(&["a1"])), ("choice", text(&["half"]))]);
    common::says(&error(), 13, &["given.parquet", "action", "missing", "choice"]);
    write(&path, vec![("decision_id", text(&["a1"])), ("action", Arc::new(Int64Array::from(vec![1])))]);
    common::says(&error(), 13, &["action", "Int64", "text"]);
    let gap: ArrayRef = Arc::new(StringArray::from(vec![None, Some("half")]));
    write(&path, vec![("decision_id", text(&["a1", "a2"])), ("action", gap)]);
    common::says(&error(), 13, &["action", "null"]);
}

#[test]
fn folds_are_written_once_a_member() {
    let (programme, log) = programme();
    let path = programme.path("folds.parquet");
    write_folds(&log, |member| if member == "bob" { 3 } else { 1 }, &path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let members: Vec<_> = batch.column_by_name("member_id").unwrap().as_string::<i32>().iter().flatten().collect();
    assert_eq!(members, ["ann", "bob"]);
    let folds: &UInt32Array = batch.column_by_name("fold").unwrap().as_primitive::<UInt32Type>();
    assert_eq!(folds.values(), &[1, 3]);
}
