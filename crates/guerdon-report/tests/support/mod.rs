//! A report with invented figures of a realistic size, for the tests and the sample page.

#![allow(dead_code)] // each test file uses a part

use guerdon_core::{Finding, MemberSplit, Money, PropensitySource, Seed, Severity};
use guerdon_ope::{Difference, Estimate, Estimator, Status, Verdict};
use guerdon_report::*;

/// Half-width of the invented intervals.
const HALF: f64 = 0.34;

pub const CONSTANTS: [&str; 8] = [
    "bogo_5_7d",
    "bogo_10_7d",
    "bogo_10_5d",
    "discount_2_10d",
    "discount_3_7d",
    "discount_5_10d",
    "informational_3d",
    "informational_4d",
];

pub fn ok(estimator: Estimator, value: f64, half: f64, ess: f64) -> Estimate {
    let reasons = match estimator {
        Estimator::Dm => vec!["the interval leaves out the error of the outcome model".into()],
        _ => vec![],
    };
    Estimate {
        estimator,
        status: Status::Ok,
        verdict: if estimator == Estimator::Dm { Verdict::Weak } else { Verdict::Ok },
        value: Some(value),
        lower: Some(value - half),
        upper: Some(value + half),
        confidence: 0.95,
        ess,
        max_weight: 13.369,
        mean_weight: 1.0031,
        n: 14_153,
        reasons,
    }
}

pub fn refused(estimator: Estimator) -> Estimate {
    Estimate {
        estimator,
        status: Status::NotEvaluable,
        verdict: Verdict::NotEvaluable,
        value: None,
        lower: None,
        upper: None,
        confidence: 0.95,
        ess: 42.3,
        max_weight: 217.0,
        mean_weight: 0.41,
        n: 14_153,
        reasons: vec![
            "the 14153 decisions are worth 42.3 for this policy (effective sample size; at least 100 are needed): it \
             would take about 3 times as many decisions, or a log that takes this policy's actions more often"
                .into(),
        ],
    }
}

fn policy(name: &str, role: PolicyRole, value: f64, ess: f64) -> PolicyReport {
    let half = if role == PolicyRole::Logging { 0.2 } else { HALF };
    let estimates = Estimator::DEFAULT
        .iter()
        .zip([-0.05, 0.11, 0.04, 0.0])
        .map(|(estimator, shift)| ok(*estimator, value + shift, half, ess))
        .collect();
    let offered = if role == PolicyRole::None { 0.0 } else { 0.5 + value / 40.0 };
    let stage = |stage: &str, share: f64| StageShare {
        stage: stage.into(),
        share: IntervalValue::new(share, (share - 0.02).max(0.0), share + 0.02),
    };
    PolicyReport {
        name: name.into(),
        role,
        estimates,
        funnel: vec![
            stage("received", if role == PolicyRole::None { 0.0 } else { 1.0 }),
            stage("viewed", offered),
            stage("completed", offered * 0.55),
            stage("purchased", 0.6 + offered / 4.0),
        ],
        revenue: Some(IntervalValue::new((value + 1.5) / 0.3, (value + 1.2) / 0.3, (value + 1.8) / 0.3)),
        cost: Some(if role == PolicyRole::None {
            IntervalValue::exact(0.0)
        } else {
            IntervalValue::new(1.5, 1.42, 1.58)
        }),
        true_value: None,
    }
}

fn difference(first: &str, second: &str, value: f64, half: f64) -> NamedDifference {
    let difference = Difference { value, lower: Some(value - half), upper: Some(value + half) };
    NamedDifference { first: first.into(), second: second.into(), difference }
}

/// Two learners (the second refused if asked), all references, segments, a simulation, findings, files.
pub fn sample(neural_refused: bool) -> RunReport {
    let mut policies = vec![
        policy("ridge", PolicyRole::Learner, 9.87, 1_304.2),
        policy("neural", PolicyRole::Learner, 9.61, 1_122.9),
        policy("logging", PolicyRole::Logging, 6.07, 14_153.0),
        policy("none", PolicyRole::None, 3.92, 3_601.0),
        policy("uniform", PolicyRole::Uniform, 6.41, 9_120.4),
    ];
    for (place, name) in CONSTANTS.iter().enumerate() {
        policies.push(policy(name, PolicyRole::Constant, 9.7 - 0.7 * place as f64, 1_040.0 + place as f64));
    }
    if neural_refused {
        policies[1].estimates = Estimator::DEFAULT.map(refused).into();
    }
    let mut differences = vec![];
    for (learner, value) in [("ridge", 9.87), ("neural", 9.61)] {
        for (other, worth) in [("logging", 6.07), ("none", 3.92), ("uniform", 6.41), ("bogo_5_7d", 9.7)] {
            differences.push(difference(learner, other, value - worth, 0.41));
        }
    }
    RunReport {
        experiment: "starbucks".into(),
        run_id: "starbucks-7f3a91c2".into(),
        environment: EnvironmentSection {
            name: "starbucks".into(),
            description: "A rewards app's raw event log: ten offers in weekly waves, or none, with the whole funnel.".into(),
            margin: 0.3,
            attribution: "every event within 168 h of a decision counts for it".into(),
            ..EnvironmentSection::default()
        },
        confidence: 0.95,
        estimator: Estimator::Dr,
        policies,
        differences,
        segments: segments(),
        placement: Some(placement()),
        roi: Some(roi(neural_refused)),
        budget: Some(budget(neural_refused)),
        assumptions: vec![
            "Offers were drawn uniformly over the ten with probability 0.0748 each, and none with 0.2522: inferred from the data, not documented.".into(),
            "30 % of revenue is margin.".into(),
        ],
        data: data(),
        findings: findings(),
        reproducibility: Reproducibility {
            seed: Some(7),
            split: Some(MemberSplit { seed: Seed(17_293_822_569_102_704_640), train_share: 0.7 }),
            code_version: "0.1.0".into(),
            log_id: "1f0c5f2e9b7d".into(),
            data_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            config_sha256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752".into(),
            more: vec![],
        },
        bundles: ["ridge", "neural"]
            .map(|name| BundleFile {
                policy: name.into(),
                file: format!("policies/{name}.safetensors"),
                version: format!("{name}-3c9d02be77a1"),
                bytes: if name == "ridge" { 9_412 } else { 148_220 },
                features: 17,
                actions: 11,
            })
            .into(),
    }
}

fn segments() -> Vec<SegmentShares> {
    let actions: Vec<String> = ["none"].iter().chain(&CONSTANTS).map(|a| (*a).to_owned()).collect();
    let row = |first: f64| {
        let mut shares = vec![0.0; actions.len()];
        (shares[1], shares[2], shares[4]) = (first, 0.9 - first, 0.1);
        shares
    };
    let table = |policy: &str, feature: &str, segments: &[&str], firsts: &[f64]| SegmentShares {
        policy: policy.into(),
        feature: feature.into(),
        segments: segments.iter().map(|s| (*s).to_owned()).collect(),
        decisions: segments.iter().enumerate().map(|(i, _)| 5_201 - 700 * i as u64).collect(),
        actions: actions.clone(),
        shares: firsts.iter().map(|f| row(*f)).collect(),
    };
    vec![
        table("ridge", "gender", &["F", "M", "O", "missing"], &[0.82, 0.35, 0.6, 0.12]),
        table("ridge", "income", &["up to 49,000", "49,000 to 72,000", "above 72,000"], &[0.1, 0.5, 0.88]),
        table("neural", "gender", &["F", "M", "O", "missing"], &[0.7, 0.41, 0.52, 0.2]),
    ]
}

/// Rewards that pay at two stages; the logging policy predicts nothing.
fn placement() -> PlacementSection {
    let row =
        |feature: Option<&str>, segment: &str, [first, second, never_pays, no_offer]: [f64; 4], chance| PlacementRow {
            feature: feature.map(String::from),
            segment: segment.into(),
            decisions: 5_201,
            stages: vec![first, second],
            never_pays,
            no_offer,
            amount: (no_offer < 1.0).then_some(3.0 + 4.0 * second),
            chance,
        };
    let rows = |chance: Option<f64>| {
        vec![
            row(None, "all decisions", [0.125, 0.5, 0.25, 0.125], chance),
            row(Some("gender"), "F", [0.2, 0.6, 0.15, 0.05], chance),
            row(Some("gender"), "M", [0.05, 0.4, 0.35, 0.2], chance),
            row(Some("income"), "unknown", [0.0, 0.0, 0.0, 1.0], None),
        ]
    };
    PlacementSection {
        stages: ["viewed", "completed"].map(String::from).into(),
        policies: vec![
            PolicyPlacement { policy: "ridge".into(), reach: Some(0.3), rows: rows(Some(0.412)) },
            PolicyPlacement { policy: "logging".into(), reach: None, rows: rows(None) },
        ],
    }
}

fn roi(neural_refused: bool) -> RoiSection {
    let row = |name: &str, value: f64| {
        let scale = 20_000.0;
        let (revenue, cost) = ((value + 1.5) / 0.3 * scale, if name == "none" { 0.0 } else { 1.5 * scale });
        let margin = (value + if name == "none" { 0.0 } else { 1.5 } - 3.92) * scale;
        let around = |v: f64, part: f64| IntervalValue::new(v, v - part * v.abs(), v + part * v.abs());
        RoiRow {
            name: name.into(),
            revenue: around(revenue, 0.05),
            incremental_revenue: around(margin / 0.3, 0.08),
            cost: around(cost, 0.04),
            incremental_margin: around(margin, 0.08),
            roi: (cost > 0.0).then(|| around((margin - cost) / cost, 0.12)),
            net_value: around(margin - cost, 0.1),
            offline_value: Some(ok(Estimator::Dr, value, HALF, 1_000.0)),
            step_value: IntervalValue::new(value - 0.2, value - 0.6, value + 0.2),
            refused: None,
        }
    };
    let mut policies = vec![row("ridge", 9.87), row("neural", 9.61), row("logging", 6.07), row("none", 3.92)];
    if neural_refused {
        policies[1].offline_value = Some(refused(Estimator::Dr));
    }
    RoiSection {
        horizon: 4,
        members: 5_000,
        ensemble: 20,
        reference: "no offers".into(),
        policies,
        assumptions: vec!["Members behave over the horizon as they did in the log.".into()],
        fidelity: vec![
            FidelityRow {
                figure: "revenue per decision".into(),
                log: 24.412,
                simulated: IntervalValue::new(24.1, 23.2, 25.0),
            },
            FidelityRow {
                figure: "share completed".into(),
                log: 0.307,
                simulated: IntervalValue::new(0.301, 0.29, 0.31),
            },
        ],
    }
}

fn data() -> DataSection {
    DataSection {
        decisions: 47_192,
        members: 11_798,
        immature: 11_798,
        duplicates_dropped: 162,
        span: Some(("2026-01-05T00:00:00Z".into(), "2026-01-22T00:00:00Z".into())),
        trained_decisions: Some(33_039),
        valued_decisions: Some(14_153),
        valued_members: Some(3_540),
        propensity_source: Some(PropensitySource::Declared),
        attribution_counting: Some(1.043),
        ledger: Some(Account {
            decisions: 14_153,
            contacts: 10_552,
            revenue: Money(34_548_112),
            rewards: Money(2_140_300),
        }),
    }
}

fn findings() -> Vec<Finding> {
    vec![
        Finding::new(
            "sample_ratio",
            Severity::Ok,
            "Every action was taken as often as its propensity says (chi-square 9.1 on 10 df, p 0.52).",
        ),
        Finding::new(
            "outliers",
            Severity::Warning,
            "The top 0.1 % of decisions carry 5.1 % of all revenue; check for entry errors or cap revenue before training.",
        ),
        Finding::new(
            "immature",
            Severity::Info,
            "11,798 of 58,990 decisions (20.0 %) were left out because their attribution window ended after the log did.",
        ),
    ]
}

/// Value against budget: a concave curve a learner, constants below it.
fn budget(neural_refused: bool) -> BudgetSection {
    let around = |value: f64, half: f64| IntervalValue::new(value, value - half, value + half);
    let curve = |name: &str, lift: f64| {
        let point = |k: usize| {
            let budget = 0.06 * k as f64;
            let value = 5.1 + lift * (1.0 - (-2.2 * budget).exp());
            BudgetPoint {
                budget,
                lambda: 3.0 * (1.0 - budget / 1.4),
                cost: around(1.02 * budget, 0.05),
                value: around(value, HALF),
                over_mix: Some(around(value - 5.1 - 3.3 * budget, 0.2)),
            }
        };
        BudgetCurve {
            policy: name.into(),
            points: (0..24).map(point).collect(),
            at: Some(BudgetAt {
                lambda: 1.71,
                cost: around(0.61, 0.03),
                value: around(8.4, HALF),
                mix: "49 % discount_2_10d, else none".into(),
                mix_value: around(7.5, 0.4),
                over_mix: around(0.9 * lift - 3.8, 0.31),
            }),
        }
    };
    let constants = CONSTANTS.iter().enumerate().map(|(place, action)| BudgetConstant {
        action: (*action).into(),
        cost: around(0.35 + 0.21 * ((place * 5) % 8) as f64, 0.04),
        value: around(5.2 + 0.5 * ((place * 3) % 8) as f64, HALF),
    });
    let none = BudgetConstant { action: "none".into(), cost: around(0.0, 0.0), value: around(5.1, 0.2) };
    let mut curves = vec![curve("ridge", 5.2)];
    if !neural_refused {
        curves.push(curve("neural", 4.6));
    }
    BudgetSection {
        per_decision: Some(0.6),
        constants: std::iter::once(none).chain(constants).collect(),
        hull: ["none", "bogo_10_5d", "informational_4d"].map(String::from).into(),
        curves,
    }
}
