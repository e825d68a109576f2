//! The real data sets, against counts that were made independently of this engine.

mod common;

use common::ingest_real;
use guerdon_core::Value;

/// Counted by a script of its own over the raw files (pandas), from the same rules.
#[test]
fn starbucks_gives_the_independent_counts_to_the_last_digit() {
    let Some((summary, log, _folder)) = ingest_real("starbucks", &[], 2) else { return };
    assert_eq!((summary.decisions, summary.immature, summary.members), (47_192, 11_798, 11_798));
    assert_eq!(summary.duplicates_dropped, 162);
    assert_eq!(summary.actions["none"].n, 12_020);
    assert_eq!(summary.stages["viewed"], 26_219);
    assert_eq!(summary.stages["completed"], 14_477);
    assert_eq!(summary.stages["purchased"], 36_487);
    assert_eq!(summary.stages["received"], 47_192 - 12_020);
    assert_eq!(summary.stages_skipped["completed"], 2_240);
    assert_eq!(format!("{:.6}", summary.mean_revenue), "24.412123");
    assert_eq!(format!("{:.6}", summary.mean_cost), "1.515405");
    assert!(summary.unknown_events.is_empty(), "{:?}", summary.unknown_events);
    assert_eq!(summary.actions.len(), 11);
    assert_eq!(log.rows(), 47_192);

    let (mut rows, mut revenue, mut cost) = (0, 0, 0);
    let age = log.meta().environment.features.iter().position(|feature| feature.name == "age").unwrap();
    for batch in log.batches().unwrap() {
        let (batch, mut context) = (batch.unwrap(), vec![]);
        rows += batch.len();
        for i in 0..batch.len() {
            revenue += batch.revenue(i).0;
            cost += batch.cost(i).0;
            let wanted = if batch.action(i) == 0 { 0.2522 } else { 0.07478 };
            assert!((batch.propensity(i) - wanted).abs() < 1e-12);
            batch.context(i, &mut context);
            assert_ne!(context[age], Value::Number(118.0));
        }
    }
    assert_eq!(rows, 47_192);
    assert_eq!(format!("{:.6}", revenue as f64 / 100.0 / rows as f64), "24.412123");
    assert_eq!(format!("{:.6}", cost as f64 / 100.0 / rows as f64), "1.515405");
}

/// Sums per arm of the file (pandas `groupby("segment")`).
#[test]
fn hillstrom_gives_the_arms_sums_to_the_cent() {
    let Some((summary, _, _folder)) = ingest_real("hillstrom", &[], 2) else { return };
    assert_eq!((summary.decisions, summary.immature, summary.duplicates_dropped), (38_377, 0, 0));
    for (action, n, visits, orders, spend) in [
        ("mens_email", 12_805, 2_324, 154, 16_409.65),
        ("womens_email", 12_812, 1_925, 113, 14_883.67),
        ("none", 12_760, 1_362, 70, 7_444.35),
    ] {
        let arm = &summary.actions[action];
        assert_eq!((arm.n, arm.stages["visited"], arm.stages["converted"]), (n, visits, orders), "{action}");
        assert!((arm.mean_revenue * n as f64 - spend).abs() < 1e-6, "{action}: {}", arm.mean_revenue);
    }
}

/// The mean reward is in the data's own truth.json.
#[test]
fn bandit24_keeps_its_propensities_and_its_mean_reward() {
    let set = [("sources.log.path", "log_10000.parquet")];
    let Some((summary, log, _folder)) = ingest_real("bandit24", &set, 2) else { return };
    assert_eq!((summary.decisions, summary.immature), (10_000, 0));
    assert!((summary.mean_revenue - 0.334).abs() < 1e-12);
    assert!((summary.min_propensity - 0.0045208300866642626).abs() < 1e-15);
    let names: Vec<String> = log.meta().catalogue.names().map(str::to_owned).collect();
    assert_eq!(names, (0..24).map(|action| action.to_string()).collect::<Vec<_>>());
    assert_eq!(log.meta().catalogue.get(13).kind, "kind_1");
}

/// Items, clicks and propensities of the sample (pandas).
#[test]
fn obd_gives_every_item_a_place_and_every_click_once() {
    for (file, items, clicks, smallest) in [
        ("bts_all.parquet", 80, 42, 4.5e-5),
        ("bts_women.parquet", 46, 46, 1e-6),
        ("random_all.parquet", 80, 38, 0.0125),
    ] {
        let Some((summary, log, _folder)) = ingest_real("obd", &[("sources.log.path", file)], 2) else { return };
        assert_eq!((summary.decisions, summary.immature), (10_000, 0), "{file}");
        assert_eq!(summary.stages["clicked"], clicks, "{file}");
        assert_eq!(log.meta().catalogue.len(), items, "{file}");
        assert!((summary.min_propensity - smallest).abs() < 1e-12, "{file}: {}", summary.min_propensity);
    }
}

#[test]
fn a_single_source_may_be_named_itself() {
    let Some(data) = common::real_data("bandit24") else { return };
    let loaded = guerdon_data::environment::load(&common::root().join("environments/bandit24"), &[]).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let summary = guerdon_data::ingest(
        &loaded,
        &data.join("log_10000.parquet"),
        &folder.path().join("log.parquet"),
        &Default::default(),
        &guerdon_core::NoProgress,
    );
    assert_eq!(summary.unwrap().decisions, 10_000);
}

#[test]
fn one_thread_and_two_and_a_tight_memory_write_the_same_bytes() {
    let Some((_, one, _first)) = ingest_real("starbucks", &[], 1) else { return };
    let Some((_, two, _second)) = ingest_real("starbucks", &[], 2) else { return };
    assert!(std::fs::read(one.path()).unwrap() == std::fs::read(two.path()).unwrap());
    // So little memory that sorting goes through files.
    let data = common::real_data("starbucks").unwrap();
    let loaded = guerdon_data::environment::load(&common::root().join("environments/starbucks"), &[]).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("log.parquet");
    let tight = guerdon_data::IngestOptions { threads: 2, memory_limit: 40 << 20, temp_dir: None };
    guerdon_data::ingest(&loaded, &data, &out, &tight, &guerdon_core::NoProgress).unwrap();
    assert!(std::fs::read(one.path()).unwrap() == std::fs::read(&out).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the log is left");
}
