//! A randomised e-mail test: the arm means of the log are those of the file, to the digit.

use guerdon_tests::command::{data, guerdon, json};
use guerdon_tests::words;
use std::collections::BTreeMap;
use std::io::Read;

/// Per arm: customers, visits, conversions, and spend in cents, counted straight from the lines of the file.
fn counted(folder: &std::path::Path) -> BTreeMap<String, [i64; 4]> {
    let file = std::fs::File::open(folder.join("hillstrom.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut arms: BTreeMap<String, [i64; 4]> = BTreeMap::new();
    for line in text.lines().skip(1) {
        // From the right: the last four columns hold no quoted commas.
        let cells: Vec<&str> = line.rsplit(',').collect();
        let arm = match cells[3] {
            "Mens E-Mail" => "mens_email",
            "Womens E-Mail" => "womens_email",
            "No E-Mail" => "none",
            other => panic!("an arm called {other:?}"),
        };
        let cents = (cells[0].parse::<f64>().unwrap() * 100.0).round() as i64;
        let row = [1, cells[2].parse().unwrap(), cells[1].parse().unwrap(), cents];
        arms.entry(arm.into()).or_default().iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    arms
}

#[test]
fn arm_means_are_those_of_the_file() {
    let Some(folder) = data("hillstrom") else { return };
    let arms = counted(&folder);
    let work = tempfile::tempdir().unwrap();
    let log = work.path().join("log.parquet");
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
    assert_eq!(summary["decisions"].as_i64().unwrap(), arms.values().map(|arm| arm[0]).sum::<i64>());
    for (arm, [n, visits, conversions, cents]) in arms {
        let ours = &summary["actions"][&arm];
        assert_eq!(ours["n"].as_i64(), Some(n), "{arm}");
        assert_eq!(ours["stages"]["visited"].as_i64(), Some(visits), "{arm}");
        assert_eq!(ours["stages"]["converted"].as_i64(), Some(conversions), "{arm}");
        let mean = cents as f64 / 100.0 / n as f64;
        assert!((ours["mean_revenue"].as_f64().unwrap() - mean).abs() < 1e-9, "{arm}: {ours} against {mean}");
    }
}
