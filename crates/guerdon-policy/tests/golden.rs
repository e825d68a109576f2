//! Bundles of every format version load for ever, and decide to the bit as they did when they were written.

use guerdon_policy::{FORMAT_VERSION, Policy};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Golden {
    version: String,
    decisions: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    request: serde_json::Value,
    decision: Answer,
}

/// Numbers are the hexadecimal bits of doubles.
#[derive(Deserialize)]
struct Answer {
    action: String,
    propensity: String,
    probabilities: Vec<String>,
    reasons: Vec<String>,
}

/// Every bundle, with its format.
const GOLDEN: [(&str, u64); 8] = [
    ("v1", 1),
    ("v2", 2),
    ("v3-ensemble", 3),
    ("v3-trees", 3),
    ("v3-scores", 3),
    ("v3-placed", 3),
    ("v4-chain", 4),
    ("v5-log-revenue", 5),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checkpoints/golden")
}

#[test]
fn every_format_has_a_golden_bundle_and_every_bundle_is_tried() {
    assert!((1..=FORMAT_VERSION).all(|format| GOLDEN.iter().any(|(_, golden)| *golden == format)));
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.filter(|name| name.ends_with(".safetensors")).count(), GOLDEN.len());
}

fn bits(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

#[test]
fn every_golden_bundle_loads_and_replays_to_the_bit() {
    for (name, format) in GOLDEN {
        let path = folder().join(format!("{name}.safetensors"));
        let policy = Policy::load(&path).unwrap();
        assert_eq!(policy.inspect().format_version, format, "{name}");
        assert!(policy.to_bytes() == std::fs::read(&path).unwrap(), "{name} is not written again as it was read");
        let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let golden: Golden = serde_json::from_str(&text).unwrap();
        assert_eq!(policy.version(), golden.version);
        let mut scratch = policy.scratch();
        for Case { request, decision: expected } in &golden.decisions {
            let owned = policy.parse_request(&request.to_string(), name).unwrap();
            let values = owned.values();
            let decision = policy.decide(&owned.request(&values), &mut scratch);
            let at = &owned.decision_id;
            assert_eq!(policy.action_name(decision.action), expected.action, "{at}");
            assert_eq!(bits(decision.propensity.get()), expected.propensity, "{at}");
            assert_eq!(Vec::from_iter(decision.reasons.iter()), expected.reasons, "{at}");
            let probabilities = policy.probabilities(&owned.request(&values), &mut scratch);
            assert_eq!(Vec::from_iter(probabilities.iter().copied().map(bits)), expected.probabilities, "{at}");
        }
        let actions: std::collections::BTreeSet<_> =
            golden.decisions.iter().map(|case| &case.decision.action).collect();
        assert_eq!(actions.len(), policy.catalogue().len(), "the golden decisions take every action");
    }
}
