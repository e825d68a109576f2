//! Bundles: what is written comes back, and what is not whole is refused.

mod common;
use common::*;
use guerdon_core::{Error, Guardrails};
use guerdon_policy::{Exploration, FORMAT_VERSION, Policy};
use proptest::prelude::*;

/// The smallest of each newer kind.
fn small_ones() -> Vec<Vec<u8>> {
    let small = |(model, exploration)| {
        let mut parts = parts(model, 1, exploration);
        parts.training = None;
        Policy::new(parts).unwrap().to_bytes()
    };
    let softmax = Exploration::Softmax { temperature: 1.0, floor: 0.25 };
    let policies = [(ensemble(1), Exploration::Vote { floor: 0.1 }), (trees(1), softmax), (scores(1), softmax)];
    policies.into_iter().map(small).collect()
}

fn models() -> [Policy; 3] {
    [
        policy(linear(2), 2, Exploration::Softmax { temperature: 0.1 + 0.2, floor: 0.0 }),
        policy(mlp(2), 2, Exploration::EpsilonGreedy { epsilon: 0.05 }),
        policy(fixed(2), 2, Exploration::Greedy),
    ]
}

/// The smallest bundle, so that every byte of it can be tried.
fn small() -> Vec<u8> {
    let mut parts = parts(fixed(1), 1, Exploration::Greedy);
    parts.training = None;
    Policy::new(parts).unwrap().to_bytes()
}

#[test]
fn a_bundle_brings_back_every_part() {
    let newer = every_model(2).into_iter().map(|model| policy(model, 2, Exploration::Greedy));
    for policy in models().into_iter().chain(newer) {
        let bytes = policy.to_bytes();
        let loaded = Policy::from_bytes(&bytes, "p").unwrap();
        assert_eq!(loaded.parts(), policy.parts());
        assert_eq!((loaded.version(), loaded.to_bytes()), (policy.version(), bytes));
    }
}

#[test]
fn a_bundle_is_a_safetensors_file_whose_manifest_anyone_can_read() {
    let bytes = models()[1].to_bytes();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.tensor("layer0.weight").unwrap().shape(), [13, 19]);
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let manifest = &header.metadata().as_ref().unwrap()["guerdon"];
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    assert_eq!(manifest["format_version"], 1);
    assert_eq!(manifest["objective"]["margin"], 0.3);
    assert_eq!(manifest["model"], serde_json::json!({"kind": "mlp", "widths": [13, 19, 24, 15], "activation": "silu"}));
}

#[test]
fn the_version_names_the_policy_and_its_content() {
    let [a, b, _] = models();
    let (name, hash) = a.version().split_once('@').unwrap();
    assert_eq!((name, hash.len()), ("test", 12));
    assert_ne!(a.version(), b.version());
    assert_ne!(a.version(), a.greedy().version());
    assert_eq!(Policy::from_bytes(&a.greedy().to_bytes(), "p").unwrap().version(), a.greedy().version());
}

#[test]
fn a_bundle_cut_anywhere_is_refused() {
    for bytes in [small(), models()[0].to_bytes()].into_iter().chain(small_ones()) {
        for length in 0..bytes.len() {
            let error = Policy::from_bytes(&bytes[..length], "cut").unwrap_err();
            assert!(matches!(error, Error::Bundle { .. }), "{length}: {error}");
        }
    }
}

#[test]
fn a_bundle_with_any_flipped_byte_is_refused() {
    let mut bytes = small();
    for place in 0..bytes.len() {
        for mask in [0x01, 0x20, 0x80, 0xff] {
            bytes[place] ^= mask;
            let result = Policy::from_bytes(&bytes, "flipped");
            assert!(matches!(result, Err(Error::Bundle { .. })), "byte {place} ^ {mask:#x}: {:?}", result.is_ok());
            bytes[place] ^= mask;
        }
    }
}

#[test]
fn a_newer_bundle_with_any_flipped_byte_is_refused() {
    for mut bytes in small_ones() {
        for place in 0..bytes.len() {
            let mask = [0x01, 0x20, 0x80, 0xff][place % 4];
            bytes[place] ^= mask;
            assert!(matches!(Policy::from_bytes(&bytes, "flipped"), Err(Error::Bundle { .. })), "byte {place}");
            bytes[place] ^= mask;
        }
    }
}

#[test]
fn what_an_earlier_format_can_say_is_written_in_it() {
    let format = |model, exploration| policy(model, 2, exploration).inspect().format_version;
    let softmax = |floor| Exploration::Softmax { temperature: 1.0, floor };
    for model in [linear(2), mlp(2), fixed(2)] {
        assert_eq!(format(model.clone(), softmax(0.0)), 1);
        assert_eq!(format(model, softmax(0.1)), 3);
    }
    assert_eq!(format(scores(2), Exploration::Greedy), 3);
    assert_eq!(format(ensemble(2), Exploration::Greedy), 3);
    assert_eq!(format(part_chain(2), Exploration::Greedy), 4);
    assert_eq!(format(log_revenue(2), Exploration::Greedy), 5);
    assert_eq!(policy(mlp(2), 2, softmax(0.1)).greedy().inspect().format_version, 1);
    let text = String::from_utf8_lossy(&policy(mlp(2), 2, softmax(0.0)).to_bytes()).into_owned();
    assert!(!text.contains("floor"), "a floor of 0 is not written");
}

/// `bytes` with the digests over its tensors and over the whole made right again.
fn resigned(mut bytes: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let body = bytes.len() - 32;
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let digest: String = Sha256::digest(&bytes[8 + length..body]).iter().map(|b| format!("{b:02x}")).collect();
    let key = b"tensors_sha256\\\":\\\"";
    if let Some(place) = bytes.windows(key.len()).position(|window| window == key) {
        bytes[place + key.len()..place + key.len() + 64].copy_from_slice(digest.as_bytes());
    }
    let digest = Sha256::digest(&bytes[..body]);
    bytes[body..].copy_from_slice(digest.as_slice());
    bytes
}

/// Loads `bytes`, which may be anything, and if they are a policy decides with it.
fn try_out(bytes: &[u8]) -> bool {
    let Ok(policy) = Policy::from_bytes(bytes, "forged") else { return false };
    let mut scratch = policy.scratch();
    let decision = policy.decide(&request("d", &CONTEXT), &mut scratch);
    assert!(decision.propensity.get() > 0.0);
    true
}

#[test]
fn a_forged_bundle_with_right_digests_is_refused_or_decides() {
    for whole in small_ones() {
        assert!(resigned(whole.clone()) == whole);
        let (mut refused, mut taken) = (0, 0);
        for place in (8..whole.len() - 32).step_by(13) {
            let mut bytes = whole.clone();
            bytes[place] ^= [0x01, 0x04, 0x40, 0xff][place / 13 % 4];
            match try_out(&resigned(bytes)) {
                true => taken += 1,
                false => refused += 1,
            }
        }
        assert!(refused > 40 && taken > 40, "{refused} {taken}");
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    let mut bytes = small();
    bytes.push(0);
    assert!(matches!(Policy::from_bytes(&bytes, "long"), Err(Error::Bundle { .. })));
}

/// `bytes` with `from` replaced by `to` in its header, and its lengths and digest made right again.
fn forged(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
    assert!(header.contains(from), "{from} is not in {header}");
    let header = header.replace(from, to);
    let mut forged = (header.len() as u64).to_le_bytes().to_vec();
    forged.extend(header.bytes());
    forged.extend(&bytes[8 + length..bytes.len() - 32]);
    forged.extend(Sha256::digest(&forged).as_slice());
    forged
}

#[test]
fn a_whole_bundle_of_a_later_format_says_so() {
    let later = forged(&small(), r#"\"format_version\":1"#, r#"\"format_version\":9"#);
    match Policy::from_bytes(&later, "later").unwrap_err() {
        Error::BundleVersion { found: 9, supported, .. } => assert_eq!(supported, format!("1 to {FORMAT_VERSION}")),
        other => panic!("{other}"),
    }
}

#[test]
fn a_link_that_there_is_not_is_refused() {
    let bytes = policy(log_revenue(2), 2, Exploration::Greedy).to_bytes();
    let written = r#"\"revenue_link\":{\"exp\":{\"most\":3.0}}"#;
    for (to, word) in [
        (r#"\"revenue_link\":{\"exp\":{\"most\":-3.0}}"#, "revenue_link.most"),
        (r#"\"revenue_link\":{\"exp\":{\"most\":1e39}}"#, "revenue_link.most"),
        (r#"\"revenue_link\":{\"exp\":{\"least\":3.0}}"#, "least"),
        (r#"\"revenue_link\":\"identity\""#, "format"),
    ] {
        let error = Policy::from_bytes(&forged(&bytes, written, to), "linked").unwrap_err().to_string();
        assert!(error.contains(word), "{to}: {error}");
    }
}

#[test]
fn a_chain_that_is_said_twice_is_refused() {
    let parts = parts(part_chain(2), 2, Exploration::Greedy);
    let bytes = Policy::new(parts).unwrap().to_bytes();
    let written = r#"\"follows\":[null,null,0]"#;
    for (from, to) in [(r#"\"chain\":false"#, r#"\"chain\":true"#), (written, r#"\"follows\":[null,0,1]"#)] {
        let error = Policy::from_bytes(&forged(&bytes, from, to), "twice").unwrap_err().to_string();
        assert!(error.contains("one of them would do"), "{error}");
    }
}

#[test]
fn a_forged_bundle_with_a_right_digest_is_still_checked() {
    let (small, [linear, mlp, _]) = (small(), models());
    for (bytes, from, to, word) in [
        (small.clone(), r#"\"seed\":11"#, r#"\"sead\":11"#, "sead"),
        (small.clone(), r#"\"actions\":2"#, r#"\"actions\":3"#, "[2]"),
        (small.clone(), r#"[2]"#, r#"[2,1]"#, "[2, 1]"),
        (small.clone(), r#""guerdon""#, r#""gverdon""#, "guerdon"),
        (small.clone(), r#"\"std\":12.6"#, r#"\"std\":-2.6"#, "std"),
        (small.clone(), r#"\"margin\":0.3"#, r#"\"margin\":3.0"#, "margin"),
        (small.clone(), r#"[16,48]"#, r#"[18446744073709551600,18446744073709551615]"#, "header"),
        (small, r#"\"tensors_sha256\":\""#, r#"\"tensors_sha256\":\"f"#, "manifest states"),
        (linear.to_bytes(), r#"\"outputs\":15"#, r#"\"outputs\":18446744073709551615"#, "layer0"),
        (mlp.to_bytes(), r#"[13,19,24,15]"#, r#"[13,19,24]"#, "tensors"),
        (mlp.to_bytes(), r#"[13,19,24,15]"#, r#"[]"#, "tensors"),
        (mlp.to_bytes(), r#""layer1.bias""#, r#""layer9.bias""#, "layer1.bias"),
    ] {
        match Policy::from_bytes(&forged(&bytes, from, to), "forged").unwrap_err() {
            Error::Bundle { reason, .. } => assert!(reason.contains(word), "{from} -> {to}: {reason}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_save_replaces_the_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.safetensors");
    let [first, second, _] = models();
    first.save(&path).unwrap();
    second.save(&path).unwrap();
    assert_eq!(Policy::load(&path).unwrap().version(), second.version());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    assert!(matches!(first.save(&folder.path().join("no/such/p")), Err(Error::Write { .. })));
    assert!(matches!(Policy::load(&folder.path().join("none")), Err(Error::NotFound { .. })));
}

#[test]
fn parts_that_do_not_fit_together_are_refused_by_name() {
    let good = || parts(linear(2), 2, Exploration::Greedy);
    let refused = |change: &dyn Fn(&mut guerdon_policy::PolicyParts), word: &str| {
        let mut parts = good();
        change(&mut parts);
        let error = Policy::new(parts).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    };
    refused(&|p| p.name = String::new(), "name");
    refused(&|p| p.model = linear(3), "outputs");
    refused(&|p| p.model = fixed(3), "scores");
    refused(&|p| p.stages = vec!["a".into()], "pays_at");
    refused(&|p| p.minor_units = 10, "minor_units");
    refused(&|p| p.objective.lambda = f64::NAN, "lambda");
    refused(&|p| p.exploration = Exploration::EpsilonGreedy { epsilon: 1.5 }, "epsilon");
    refused(&|p| p.exploration = Exploration::Softmax { temperature: 0.0, floor: 0.0 }, "temperature");
    refused(&|p| p.guardrails = Guardrails { consent: Some("kisses".into()), ..guardrails() }, "kisses");
    refused(&|p| p.guardrails = Guardrails { holdout: 1.0, ..guardrails() }, "holdout");
    refused(
        &|p| p.guardrails.frequency_caps = vec![guerdon_core::FrequencyCap { feature: "region".into(), most: 1.0 }],
        "region",
    );
    refused(
        &|p| {
            let guerdon_policy::OutcomeModel::Linear(layer) = &mut p.model else { unreachable!() };
            layer.weights[3] = f32::INFINITY;
        },
        "not finite",
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Policy::from_bytes(&bytes, "noise").is_err());
    }

    #[test]
    fn no_change_of_a_few_bytes_makes_the_reader_panic(changes in proptest::collection::vec(any::<(usize, u8)>(), 1..6)) {
        let whole = small();
        let mut bytes = whole.clone();
        for (place, byte) in changes {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        prop_assert_eq!(Policy::from_bytes(&bytes, "changed").is_ok(), bytes == whole);
    }

    #[test]
    fn every_price_comes_back_to_the_bit(lambda in 0.0..1e9f64, mu in 0.0..1e-9f64, temperature in 1e-300..1e300f64) {
        let mut parts = parts(fixed(1), 1, Exploration::Softmax { temperature, floor: 0.0 });
        (parts.objective.lambda, parts.objective.mu) = (lambda, mu);
        let policy = Policy::new(parts).unwrap();
        let loaded = Policy::from_bytes(&policy.to_bytes(), "p").unwrap();
        prop_assert_eq!(loaded.parts(), policy.parts());
    }
}
