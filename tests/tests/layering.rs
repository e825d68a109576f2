//! The house has floors: a crate knows only crates below it, and the serving crate stays small.

use guerdon_tests::metadata::Metadata;
use std::collections::BTreeMap;

/// Each crate's floor, and the outside libraries that it may use directly beyond the ones everybody may.
const FLOORS: [(&str, u32); 11] = [
    ("guerdon-core", 0),
    ("guerdon-policy", 1),
    ("guerdon-data", 1),
    ("guerdon-neural", 1),
    ("guerdon-ope", 1),
    ("guerdon-budget", 2),
    ("guerdon-learn", 2),
    ("guerdon-sim", 3),
    ("guerdon-report", 3),
    ("guerdon-experiment", 4),
    ("guerdon", 5),
];

/// The edges between our crates that the design allows.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("guerdon-core", &[]),
    ("guerdon-policy", &["guerdon-core"]),
    ("guerdon-data", &["guerdon-core"]),
    ("guerdon-neural", &["guerdon-core"]),
    ("guerdon-ope", &["guerdon-core"]),
    ("guerdon-budget", &["guerdon-core"]),
    ("guerdon-learn", &["guerdon-core", "guerdon-policy", "guerdon-data", "guerdon-neural"]),
    ("guerdon-sim", &["guerdon-core", "guerdon-policy", "guerdon-data", "guerdon-learn"]),
    ("guerdon-report", &["guerdon-core", "guerdon-ope", "guerdon-sim"]),
    (
        "guerdon-experiment",
        &[
            "guerdon-core",
            "guerdon-policy",
            "guerdon-data",
            "guerdon-ope",
            "guerdon-budget",
            "guerdon-learn",
            "guerdon-sim",
            "guerdon-report",
        ],
    ),
    (
        "guerdon",
        &[
            "guerdon-core",
            "guerdon-policy",
            "guerdon-data",
            "guerdon-ope",
            "guerdon-learn",
            "guerdon-sim",
            "guerdon-report",
            "guerdon-experiment",
        ],
    ),
];

#[test]
fn no_crate_reaches_up_or_sideways_beyond_the_design() {
    let metadata = Metadata::load();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    for (name, floor) in FLOORS {
        for dependency in metadata.direct(name).into_iter().filter(|d| d.starts_with("guerdon")) {
            assert!(allowed[name].contains(&dependency.as_str()), "{name} may not use {dependency}");
            let below = FLOORS.iter().find(|(other, _)| *other == dependency).map(|(_, f)| *f);
            assert!(below.is_some_and(|below| below < floor), "{name} (floor {floor}) reaches up to {dependency}");
        }
    }
}

#[test]
fn every_crate_of_the_workspace_has_a_floor() {
    for name in Metadata::load().members().into_iter().filter(|n| !n.ends_with("-tests") && !n.ends_with("-benches")) {
        assert!(FLOORS.iter().any(|(known, _)| *known == name), "{name} stands on no floor; give it one in this test");
    }
}

#[test]
fn the_serving_crate_pulls_in_no_framework_runtime_or_threads() {
    let closure = Metadata::load().closure("guerdon-policy");
    assert!(closure.contains(&"safetensors".to_owned()), "the closure is not what it should be: {closure:?}");
    let banned =
        ["burn", "arrow", "parquet", "datafusion", "ndarray", "rayon", "crossbeam", "tokio", "futures", "async"];
    for name in &closure {
        assert!(
            !banned.iter().any(|b| name == b || name.starts_with(&format!("{b}-"))),
            "guerdon-policy pulls in {name}"
        );
    }
    assert!(closure.len() <= 60, "{} crates: {closure:?}", closure.len());
}

#[test]
fn the_estimators_know_no_model_and_no_file() {
    let closure = Metadata::load().closure("guerdon-ope");
    for banned in ["guerdon-policy", "guerdon-data", "burn", "arrow", "parquet", "datafusion", "ndarray"] {
        assert!(!closure.contains(&banned.to_owned()), "guerdon-ope pulls in {banned}");
    }
}
