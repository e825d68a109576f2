//! The estimators against other people's: the same log, target and q̂ must give the same digits.

use guerdon_ope::{Classes, Estimator, Evaluation, Factors, Family, Row, Rule};
use guerdon_tests::columns::{doubles, numbered, rows};
use guerdon_tests::command::{data, guerdon, json};
use guerdon_tests::words;

/// Our names beside the golden file's.
const GOLDEN: [(&str, &str); 31] = [
    ("dm", "dm"),
    ("ips", "ips"),
    ("snips", "snips"),
    ("dr", "dr"),
    ("sndr", "sndr"),
    ("ips_clip=5", "ips_clip_5"),
    ("ips_clip=20", "ips_clip_20"),
    ("dr_clip=5", "dr_clip_5"),
    ("dr_clip=20", "dr_clip_20"),
    ("switch_dr=1", "switch_dr_tau_1"),
    ("switch_dr=2", "switch_dr_tau_2"),
    ("switch_dr=5", "switch_dr_tau_5"),
    ("switch_dr=10", "switch_dr_tau_10"),
    ("switch_dr=20", "switch_dr_tau_20"),
    ("switch_dr=50", "switch_dr_tau_50"),
    ("dros=1", "dros_lambda_1"),
    ("dros=10", "dros_lambda_10"),
    ("dros=100", "dros_lambda_100"),
    ("dros=1000", "dros_lambda_1000"),
    ("dros=10000", "dros_lambda_10000"),
    ("sg_ips=0.01", "sg_ips_0.01"),
    ("sg_dr=0.01", "sg_dr_0.01"),
    ("sg_ips=0.05", "sg_ips_0.05"),
    ("sg_dr=0.05", "sg_dr_0.05"),
    ("sg_ips=0.1", "sg_ips_0.1"),
    ("sg_dr=0.1", "sg_dr_0.1"),
    ("sg_ips=0.5", "sg_ips_0.5"),
    ("sg_dr=0.5", "sg_dr_0.5"),
    ("mips=kind", "mips_true_weights_type"),
    ("mips=kind+amount", "mips_true_weights_type_amount"),
    ("mips=kind+amount+timing", "mips_true_weights_type_amount_timing"),
];

#[test]
fn dm_ips_snips_and_dr_equal_the_open_bandit_pipeline_to_twelve_digits() {
    let Some(folder) = data("bandit24") else { return };
    let log = folder.join("log_10000.parquet");
    let eval = folder.join("eval_10000.parquet");
    let logged = doubles(&log, &["action", "propensity", "reward"].map(String::from));
    let pi_e = rows(&doubles(&eval, &numbered("pi_e_", 24)));
    let q_hat = rows(&doubles(&eval, &numbered("q_hat_", 24)));
    let pi_b = rows(&doubles(&folder.join("pib_10000.parquet"), &numbered("pi_b_", 24)));
    let classes = |of: fn(u32) -> u32| (0..24).map(of).collect::<Vec<u32>>();
    let (kind, amount, timing) = (Factors::KIND, Factors::AMOUNT, Factors::TIMING);
    let classes = Classes::default()
        .with(kind, classes(|action| action / 8))
        .with(kind.and(amount), classes(|action| action / 2))
        .with(kind.and(amount).and(timing), classes(|action| action));
    let mut estimators: Vec<Estimator> = GOLDEN.iter().map(|(name, _)| name.parse().unwrap()).collect();
    for family in Family::ALL {
        estimators.extend(family.estimators(&family.grid()));
    }
    let mut evaluation = Evaluation::new(&estimators, 24).with_classes(classes);
    for i in 0..logged[0].len() {
        let row = Row {
            reward: logged[2][i],
            propensity: logged[1][i],
            action: logged[0][i] as usize,
            target: &pi_e[i],
            q_hat: Some(&q_hat[i]),
            eligible: None,
            logging: Some(&pi_b[i]),
        };
        evaluation.push(i as u64, &row);
    }
    let golden = std::fs::read_to_string(folder.join("golden_obp_10000.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&golden).unwrap();
    let close = |name: &str, ours: f64, theirs: &serde_json::Value| {
        let theirs = theirs.as_f64().unwrap();
        assert!(((ours - theirs) / theirs).abs() < 1e-12, "{name}: {ours} against {theirs}");
    };
    let golden = &golden["estimators"];
    let estimates = evaluation.estimates(0.95);
    let value = |estimator: Estimator| estimates.iter().find(|e| e.estimator == estimator).unwrap().value.unwrap();
    for (ours, theirs) in GOLDEN {
        close(ours, value(ours.parse().unwrap()), &golden[theirs]["value"]);
    }
    for family in Family::ALL {
        let grid = family.grid();
        let slope = evaluation.tune(family, &grid, Rule::Slope).unwrap();
        close(family.name(), value(slope), &golden[format!("{family}_tuned_slope")]["value"]);
        let mse = &golden[format!("{family}_tuned_mse")];
        close(family.name(), value(evaluation.tune(family, &grid, Rule::MseBound).unwrap()), &mse["value"]);
        for level in grid {
            let bound = evaluation.mse_bound(family.at(level), family.plain()).unwrap();
            close(family.name(), bound, &mse["mse_scores"][level.to_string()]);
        }
    }
    let certificate = evaluation.certificate();
    let truth: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap();
    let truth = &truth["log_10000"];
    for (ours, theirs) in [
        (certificate.ess, &truth["ess"]),
        (certificate.max_weight, &truth["max_weight"]),
        (certificate.mean_weight, &truth["mean_weight"]),
    ] {
        let theirs = theirs.as_f64().unwrap();
        assert!(((ours - theirs) / theirs).abs() < 1e-9, "{ours} against {theirs}");
    }
}

/// The uniform policy on the Open Bandit logs that Thompson sampling wrote: figures computed with obp and vw-estimators.
fn uniform_on_open_bandit(campaign: &str) -> Option<(Option<i32>, serde_json::Value)> {
    let folder = data("obd")?;
    let work = tempfile::tempdir().unwrap();
    let (log, policy) = (work.path().join("log.parquet"), work.path().join("uniform.safetensors"));
    let file = folder.join(format!("bts_{campaign}.parquet"));
    json(&guerdon(words!["ingest", "--environment", "environments/obd", "--data", file, "--out", &log, "--json"]));
    json(&guerdon(words![
        "train",
        "--environment",
        "environments/obd",
        "--log",
        &log,
        "--learner",
        "uniform",
        "--out",
        &policy,
        "--json"
    ]));
    let output = guerdon(words!["evaluate", "--policy", &policy, "--log", &log, "--estimators", "ips,snips", "--json"]);
    Some((output.status.code(), json(&output)))
}

#[test]
fn the_uniform_policy_on_all_items_has_the_published_ips_and_snips() {
    let Some((code, valued)) = uniform_on_open_bandit("all") else { return };
    assert_eq!(code, Some(0));
    let (ips, snips) = (&valued["estimates"][0], &valued["estimates"][1]);
    for (ours, theirs, to) in [
        (&ips["value"], 0.002_359_640, 1e-9),
        (&snips["value"], 0.002_333_714, 1e-9),
        (&ips["ess"], 340.4, 0.05),
        (&ips["max_weight"], 277.78, 0.005),
    ] {
        let ours = ours.as_f64().unwrap();
        assert!((ours - theirs).abs() < to, "{ours} against {theirs}");
    }
}

#[test]
fn the_uniform_policy_on_womens_items_is_refused_with_the_figures() {
    let Some((code, valued)) = uniform_on_open_bandit("women") else { return };
    assert_eq!(code, Some(3));
    for estimate in valued["estimates"].as_array().unwrap() {
        assert_eq!(estimate["status"], "not_evaluable");
        assert!(estimate["value"].is_null() && estimate["lower"].is_null());
        assert!((estimate["ess"].as_f64().unwrap() - 2.1).abs() < 0.05);
        assert!((estimate["max_weight"].as_f64().unwrap() - 21_739.13).abs() < 0.005);
        let reasons = estimate["reasons"].to_string();
        assert!(reasons.contains("effective sample size"), "{reasons}");
    }
}
