//! A log small enough to be worked out by hand.

mod common;

use arrow::array::{AsArray, Float64Array, RecordBatch};
use arrow::datatypes::Float64Type;
use common::Programme;
use guerdon_core::{Money, Outcome, Timestamp, Value};
use guerdon_data::{IngestSummary, LogBatch, LogReader};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const HOUR: i64 = 3_600_000_000;

fn at(hour: i64) -> Option<Timestamp> {
    Some(Timestamp(hour * HOUR))
}

fn only_batch(log: &LogReader) -> LogBatch {
    log.batches().unwrap().next().unwrap().unwrap()
}

fn outcome(
    reached_at: [Option<Timestamp>; 3],
    cents: i64,
    orders: u32,
    cost: i64,
    issued: i64,
    redeemed: i64,
) -> Outcome {
    Outcome {
        reached_at: reached_at.to_vec(),
        revenue: Money(cents),
        orders,
        cost: Money(cost),
        points_issued: issued,
        points_redeemed: redeemed,
    }
}

/// Decisions in order: a1 (10 h, half), a2 (14 h, star), a3 (40 h, none), b1 (10 h, star); b2 (95 h) is immature.
#[test]
fn every_event_inside_a_window_counts_for_it() {
    let programme = Programme::small();
    let (summary, log) = programme.ingest().unwrap();
    let batch = only_batch(&log);
    let ids: Vec<&str> = (0..batch.len()).map(|i| batch.decision_id(i)).collect();
    assert_eq!(ids, ["a1", "a2", "a3", "b1"]);
    assert_eq!(batch.outcome(0), outcome([at(10), at(10), at(15)], 320, 1, 250, 0, 0));
    assert_eq!(batch.outcome(1), outcome([at(14), None, at(15)], 420, 2, 150, 150, 0));
    assert_eq!(batch.outcome(2), outcome([None, None, at(41)], 700, 1, 0, 0, 50));
    assert_eq!(batch.outcome(3), outcome([at(10), at(12), None], 0, 0, 0, 0, 0));
    assert_eq!((batch.step(2), batch.stage(2), batch.propensity(2)), (2, "sent", 0.25));
    assert_eq!(batch.action(1), log.meta().catalogue.index_of("star").unwrap());
    assert_eq!(batch.eligible(0), None);
    check_counts(&summary);
    assert!((summary.mean_revenue - 3.6).abs() < 1e-12);
    assert!((summary.mean_cost - 1.0).abs() < 1e-12);
    assert!((summary.mean_value - 0.725).abs() < 1e-12);
    assert!((summary.revenue_counted_times - 14.4 / 11.2).abs() < 1e-12);
    assert!((summary.revenue_unattributed - 2.0).abs() < 1e-12);
    assert_eq!(log.meta().summary, summary);
}

#[test]
fn a_log_of_some_members_shows_no_decision_of_another() {
    let programme = Programme::small();
    let (_, log) = programme.ingest().unwrap();
    let ids = |log: &LogReader| -> Vec<String> {
        let batches = log.batches().unwrap().map(Result::unwrap);
        batches.flat_map(|b| (0..b.len()).map(|i| b.decision_id(i).to_owned()).collect::<Vec<_>>()).collect()
    };
    let (first, second) = (ids(&log).remove(0), log.restricted_to(|member| member.starts_with('b')).unwrap());
    assert_eq!((first.as_str(), ids(&second)), ("a1", vec!["b1".to_owned()]));
    assert_eq!(second.rows(), 1);
    assert!(second.restricted_to(|member| member.starts_with('a')).is_err());
}

#[test]
fn a_log_for_fitting_shows_the_same_rows_from_memory_and_from_the_file() {
    let programme = Programme::small();
    let (_, log) = programme.ingest().unwrap();
    let rows = |log: &LogReader| -> Vec<String> {
        let batches = log.batches().unwrap().map(Result::unwrap);
        let row = |b: &LogBatch, i: usize| {
            let mut context = vec![];
            b.context(i, &mut context);
            let outcome = (b.reached_at(i, 0), b.reached_at(i, 1), b.revenue(i), b.cost(i), b.points_issued(i));
            format!("{} {} {context:?} {outcome:?}", b.member_id(i), b.action(i))
        };
        batches.flat_map(|b| (0..b.len()).map(|i| row(&b, i)).collect::<Vec<_>>()).collect()
    };
    let (whole, part) = (rows(&log), log.restricted_to(|member| member.starts_with('a')).unwrap());
    for bytes in [0, 1 << 20] {
        let held = log.for_fitting(bytes).unwrap();
        assert_eq!([rows(&held), rows(&held)], [whole.clone(), whole.clone()]);
        assert_eq!(rows(&part.for_fitting(bytes).unwrap()), rows(&part));
        assert_eq!(rows(&held.restricted_to(|member| member.starts_with('a')).unwrap()), rows(&part));
    }
}

/// A copy of the log, written by another program, in which the second decision's propensity is `propensity`.
fn with_propensity(log: &LogReader, propensity: f64, folder: &Path) -> LogReader {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(log.path()).unwrap()).unwrap();
    let keys = reader.metadata().file_metadata().key_value_metadata().cloned();
    let properties = WriterProperties::builder().set_key_value_metadata(keys).build();
    let path = folder.join("copy.parquet");
    let out = File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(out, reader.schema().clone(), Some(properties)).unwrap();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let place = batch.schema().index_of("propensity").unwrap();
        let mut values = batch.column(place).as_primitive::<Float64Type>().values().to_vec();
        values[1] = propensity;
        let mut columns = batch.columns().to_vec();
        columns[place] = Arc::new(Float64Array::from(values));
        writer.write(&RecordBatch::try_new(batch.schema(), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
    LogReader::open(&path).unwrap()
}

#[test]
fn a_propensity_out_of_range_is_named_by_its_decision_also_where_outcomes_are_only_fitted() {
    let programme = Programme::small();
    let (_, log) = programme.ingest().unwrap();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(only_batch(&with_propensity(&log, 0.5, folder.path())).propensity(1), 0.5);
    let broken = with_propensity(&log, 1.5, folder.path());
    let whole = broken.batches().unwrap().next().unwrap().unwrap_err();
    let fitting = broken.for_fitting(0).unwrap_err();
    for (error, which) in [(whole, "decision a2"), (fitting, "a decision of member a")] {
        assert_eq!(error.exit_code(), 14);
        assert!(error.to_string().contains(which) && error.to_string().contains("1.5"), "{error}");
    }
}

fn check_counts(summary: &IngestSummary) {
    assert_eq!((summary.decisions, summary.immature, summary.members), (4, 1, 2));
    assert_eq!((summary.duplicates_dropped, summary.duplicate_events), (1, 1));
    assert_eq!(summary.unknown_events.iter().collect::<Vec<_>>(), [(&"wave".to_owned(), &1)]);
    assert_eq!(summary.log_end, at(100));
}

#[test]
fn by_last_touch_an_event_counts_once_and_for_the_latest_decision() {
    let mut programme = Programme::small();
    let (summary, log) = programme.set("log.attribution.mode", "last_touch").ingest().unwrap();
    let batch = only_batch(&log);
    assert_eq!(batch.outcome(0), outcome([at(10), at(10), None], 0, 0, 250, 0, 0));
    assert_eq!(batch.outcome(1), outcome([at(14), None, at(15)], 420, 2, 150, 150, 0));
    assert_eq!(batch.outcome(2), outcome([None, None, at(41)], 700, 1, 0, 0, 50));
    check_counts(&summary);
    assert_eq!(summary.revenue_counted_times, 1.0);
    assert!((summary.revenue_attributed - 11.2).abs() < 1e-12);
}

#[test]
fn a_view_counts_while_the_reward_is_valid_and_no_longer() {
    for (hour, reached) in [(13, at(13)), (14, None)] {
        let mut programme = Programme::small();
        programme.replace("events.csv", "ann,10,view,half,", &format!("ann,{hour},view,half,"));
        let (_, log) = programme.ingest().unwrap();
        let batch = only_batch(&log);
        assert_eq!(batch.reached_at(0, 1), reached);
        assert_eq!(batch.cost(0), if reached.is_some() { Money(250) } else { Money(0) });
    }
}

#[test]
fn by_last_touch_a_view_goes_to_the_latest_decision_with_its_action() {
    let mut programme = Programme::small();
    programme.replace("events.csv", "ann,10,view,half,", "ann,13,view,half,").replace(
        "decisions.csv",
        "a2,ann,14",
        "a2,ann,12",
    );
    let (_, log) = programme.set("log.attribution.mode", "last_touch").ingest().unwrap();
    let batch = only_batch(&log);
    assert_eq!((batch.reached_at(0, 1), batch.reached_at(1, 1)), (at(13), None));
}

#[test]
fn features_tell_what_was_known_just_before() {
    let programme = Programme::small();
    let (_, log) = programme.ingest().unwrap();
    let batch = only_batch(&log);
    let names: Vec<&str> = log.meta().environment.features.iter().map(|feature| feature.name.as_str()).collect();
    let feature = |i: usize, name: &str| {
        let mut context = vec![];
        batch.context(i, &mut context);
        match context[names.iter().position(|known| *known == name).unwrap()] {
            Value::Number(number) => format!("{number:.4}"),
            Value::Category(text) => text.to_owned(),
            Value::Missing => "?".to_owned(),
        }
    };
    let row = |i: usize| names.iter().map(|name| feature(i, name)).collect::<Vec<_>>().join(" ");
    // age views spend spend_6h last_buy offers since_offer viewed_rate bought_count tenure weekday
    assert_eq!(row(0), "30.0000 0.0000 0.0000 0.0000 ? 0.0000 ? ? 0.0000 0.4167 thu");
    assert_eq!(row(1), "30.0000 1.0000 0.0000 0.0000 ? 1.0000 4.0000 1.0000 0.0000 0.5833 thu");
    assert_eq!(row(2), "30.0000 1.0000 4.2000 0.0000 20.0000 2.0000 26.0000 0.5000 2.0000 1.6667 fri");
    assert_eq!(row(3), "? 0.0000 2.0000 2.0000 1.0000 0.0000 ? ? 0.0000 0.4167 thu");
}

#[test]
fn what_happens_later_changes_no_feature_of_an_earlier_decision() {
    let contexts = |log: &LogReader| {
        let batch = only_batch(log);
        let mut context = vec![];
        let mut rows = vec![];
        for i in 0..batch.len() {
            batch.context(i, &mut context);
            rows.push((batch.decision_id(i).to_owned(), format!("{context:?}")));
        }
        rows
    };
    let plain = Programme::small();
    let (_, log) = plain.ingest().unwrap();
    let before = contexts(&log);
    let mut planted = Programme::small();
    planted
        .line("events.csv", "ann,14,buy,,99.00")
        .line("events.csv", "ann,14,view,star,")
        .line("events.csv", "bob,10,buy,,55.00")
        .line("decisions.csv", "a9,ann,39,half,0.5");
    let (_, log) = planted.ingest().unwrap();
    let after = contexts(&log);
    for id in ["a1", "a2", "b1"] {
        let find = |rows: &[(String, String)]| rows.iter().find(|row| row.0 == id).cloned();
        assert_eq!(find(&before), find(&after), "{id}");
    }
}

#[test]
fn declared_probabilities_are_shared_out_over_the_eligible_actions() {
    let mut programme = Programme::small();
    programme
        .replace("environment.toml", "propensity = \"logged\"", "propensity = \"declared\"\nprobabilities = { none = 0.2 }")
        .replace(
            "views.sql",
            "CAST(propensity AS DOUBLE) AS propensity FROM",
            "CASE WHEN decision_id = 'a1' THEN make_array('star', 'half') WHEN decision_id = 'a3' THEN make_array('none', 'star') END AS eligible FROM",
        );
    let (_, log) = programme.ingest().unwrap();
    let batch = only_batch(&log);
    let near = |i: usize, wanted: f64| assert!((batch.propensity(i) - wanted).abs() < 1e-12, "{}", batch.propensity(i));
    near(0, 0.5);
    near(1, 0.4);
    near(2, 0.2 / 0.6);
    assert_eq!((batch.eligible(0), batch.eligible(1)), (Some(&[1, 2][..]), None));
}

#[test]
fn estimated_propensities_are_shares_and_stay_marked_as_estimated() {
    let mut programme = Programme::small();
    programme.replace("environment.toml", "propensity = \"logged\"", "propensity = \"estimated\"");
    let (_, log) = programme.ingest().unwrap();
    let batch = only_batch(&log);
    assert_eq!((batch.propensity(0), batch.propensity(1), batch.propensity(2)), (0.4, 0.4, 0.2));
    assert_eq!(log.meta().propensity_source, guerdon_core::PropensitySource::Estimated);
}

#[test]
fn an_action_outside_its_eligible_set_is_refused() {
    let mut programme = Programme::small();
    let list = "CAST(propensity AS DOUBLE) AS propensity, make_array('none', 'half') AS eligible FROM";
    programme.replace("views.sql", "CAST(propensity AS DOUBLE) AS propensity FROM", list);
    common::says(&programme.error(), 19, &["a2", "star", "eligible"]);
}

#[test]
fn a_decision_that_stands_twice_counts_once() {
    let mut programme = Programme::small();
    programme.line("decisions.csv", "a1,ann,10,half,0.5");
    let (summary, log) = programme.ingest().unwrap();
    assert_eq!((summary.duplicate_decisions, summary.duplicates_dropped, log.rows()), (1, 2, 4));
}

#[test]
fn json_lines_with_a_late_field_are_read_whole() {
    let mut text = String::new();
    for i in 0..5_000 {
        text.push_str(&format!("{{\"member_id\": \"m{i}\", \"joined\": 0}}\n"));
    }
    text.push_str("{\"member_id\": \"ann\", \"joined\": 0, \"age\": 30}\n{\"member_id\": \"bob\", \"joined\": 0}\n");
    let mut programme = Programme::small();
    programme.file("members.ndjson", text).set("sources.raw_members.path", "members.ndjson");
    let (summary, log) = programme.ingest().unwrap();
    assert_eq!((summary.members, summary.members_listed), (2, 5_002));
    let batch = only_batch(&log);
    let mut context = vec![];
    batch.context(0, &mut context);
    assert_eq!(context[0], Value::Number(30.0));
}

#[test]
fn the_log_id_follows_the_data_and_the_environment() {
    let id = |programme: &Programme| programme.ingest().unwrap().1.meta().log_id.clone();
    let plain = id(&Programme::small());
    assert_eq!(plain, id(&Programme::small()));
    assert_ne!(plain, id(Programme::small().set("economics.margin", "0.4")));
    assert_ne!(plain, id(Programme::small().replace("events.csv", "7.00", "7.01")));
    assert_ne!(plain, id(Programme::small().line("views.sql", "-- a remark")));
}
