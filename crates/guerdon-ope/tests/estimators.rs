//! What must hold of every estimator, as sentences.

use guerdon_ope::{
    Classes, Estimate, Estimator, Evaluation, Factors, Facts, Family, Level, PairedDifference, Row, Rule, Terms,
    Verdict,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::LazyLock;

const ACTIONS: usize = 3;

/// Every estimator but replay; tamed ones at levels that change nothing here, so that all are unbiased but for q̂.
static ALL: LazyLock<Vec<Estimator>> = LazyLock::new(|| {
    let others = [
        "sndr",
        "dr_cv",
        "ips_clip=1000",
        "dr_clip=1000",
        "switch_dr=1000",
        "dros=1e12",
        "sg_ips=0",
        "sg_dr=0",
        "mips=kind+amount+timing",
    ];
    Estimator::DEFAULT.into_iter().chain(others.map(|name| name.parse().unwrap())).collect()
});

fn evaluation() -> Evaluation {
    let factors = Factors::KIND.and(Factors::AMOUNT).and(Factors::TIMING);
    Evaluation::new(&ALL, ACTIONS).with_classes(Classes::default().with(factors, vec![0, 1, 2]))
}

#[derive(Debug, Clone)]
struct Logged {
    member: u64,
    action: usize,
    behaviour: [f64; ACTIONS],
    target: [f64; ACTIONS],
    reward: f64,
    q: [f64; ACTIONS],
}

fn evaluate(rows: &[Logged]) -> Vec<Estimate> {
    let mut evaluation = evaluation();
    push_all(&mut evaluation, rows);
    evaluation.estimates(0.95)
}

fn push_all(evaluation: &mut Evaluation, rows: &[Logged]) {
    for row in rows {
        evaluation.push(row.member, &as_row(row));
    }
}

fn as_row(row: &Logged) -> Row<'_> {
    Row {
        reward: row.reward,
        propensity: row.behaviour[row.action],
        action: row.action,
        target: &row.target,
        q_hat: Some(&row.q),
        eligible: None,
        logging: Some(&row.behaviour),
    }
}

/// A world with q(x, a) = x + a and x uniform on [0, 1): V(π) is known in closed form for a fixed distribution.
fn world(seed: u64, members: u64, per_member: u64, target: [f64; ACTIONS]) -> Vec<Logged> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let behaviour = [0.5, 0.3, 0.2];
    (0..members)
        .flat_map(|member| (0..per_member).map(move |_| member))
        .map(|member| {
            let x: f64 = rng.random();
            let u: f64 = rng.random();
            let action = if u < 0.5 {
                0
            } else if u < 0.8 {
                1
            } else {
                2
            };
            let noise: f64 = rng.random::<f64>() - 0.5;
            let q = [x, x + 1.0, x + 2.0];
            Logged { member, action, behaviour, target, reward: q[action] + noise, q }
        })
        .collect()
}

#[test]
fn the_true_value_lies_inside_about_95_of_100_intervals() {
    let target = [0.2, 0.2, 0.6];
    let truth = 0.5 + 0.2 + 1.2;
    for (index, estimator) in ALL.iter().enumerate().filter(|(_, e)| **e != Estimator::Dm) {
        let inside = (0..400)
            .filter(|seed| {
                let estimate = &evaluate(&world(*seed, 300, 3, target))[index];
                (estimate.lower.unwrap()..=estimate.upper.unwrap()).contains(&truth)
            })
            .count();
        assert!((366..=396).contains(&inside), "{estimator}: {inside} of 400");
    }
}

#[test]
fn all_agree_when_the_target_is_the_logging_policy_and_q_hat_is_exact() {
    let mut rows = world(3, 500, 2, [0.5, 0.3, 0.2]);
    for row in &mut rows {
        row.reward = row.q[row.action];
    }
    let estimates = evaluate(&rows);
    let mean: f64 = rows.iter().map(|r| r.reward).sum::<f64>() / rows.len() as f64;
    for estimate in &estimates {
        // Those with a model average over what the policy would do, the others over what it did.
        let other = if estimate.estimator.needs_model() { estimates[0].value.unwrap() } else { mean };
        // The coefficients of dr_cv are themselves estimated.
        let slack = if estimate.estimator == Estimator::DrCv { 1e-2 } else { 1e-12 };
        assert!((estimate.value.unwrap() - other).abs() < slack, "{}", estimate.estimator);
    }
    assert!((estimates[1].mean_weight - 1.0).abs() < 1e-12);
}

#[test]
fn doubling_a_log_with_new_members_halves_the_squared_width() {
    let rows = world(4, 2_000, 2, [0.2, 0.2, 0.6]);
    let twice: Vec<Logged> =
        rows.iter().cloned().chain(rows.iter().map(|r| Logged { member: r.member + 10_000, ..*r })).collect();
    for (once, twice) in evaluate(&rows).iter().zip(evaluate(&twice)) {
        let width = |e: &Estimate| e.upper.unwrap() - e.lower.unwrap();
        let ratio = (width(once) / width(&twice)).powi(2);
        assert!((ratio - 2.0).abs() < 0.01, "{}: {ratio}", once.estimator);
    }
}

#[test]
fn a_member_copied_many_times_does_not_narrow_the_interval() {
    let rows = world(5, 500, 1, [0.2, 0.2, 0.6]);
    let copied: Vec<Logged> = rows.iter().flat_map(|r| std::iter::repeat_n(r.clone(), 10)).collect();
    for (once, copied) in evaluate(&rows).iter().zip(evaluate(&copied)) {
        let width = |e: &Estimate| e.upper.unwrap() - e.lower.unwrap();
        assert!((width(once) / width(&copied) - 1.0).abs() < 1e-9, "{}", once.estimator);
    }
}

#[test]
fn the_variance_of_dr_cv_is_that_of_leaving_out_one_member_at_a_time() {
    // q̂ is off by a third of what it varies by, so that the coefficients have something to fit; weights run to 4.5.
    let mut rows = world(16, 200, 2, [0.05, 0.05, 0.9]);
    rows.iter_mut().for_each(|row| row.q = [row.q[0] + 0.4, row.q[1] - 0.2, row.q[2] * 0.8]);
    let loose = guerdon_ope::Gates { least_ess: 0.0, largest_share: 1.0, mean_weight_off: 1e9, ..Default::default() };
    let of = |left_out: Option<u64>| {
        let mut evaluation = Evaluation::new(&[Estimator::DrCv], ACTIONS).with_gates(loose);
        rows.iter()
            .filter(|row| Some(row.member) != left_out)
            .for_each(|row| evaluation.push(row.member, &as_row(row)));
        evaluation.estimates(0.95).remove(0)
    };
    let values: Vec<f64> = (0..200).map(|member| of(Some(member)).value.unwrap()).collect();
    let mean = values.iter().sum::<f64>() / 200.0;
    let jackknife = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() * 199.0 / 200.0;
    let whole = of(None);
    let deviation = (whole.upper.unwrap() - whole.lower.unwrap()) / (2.0 * 1.959_963_984_540_054);
    let ratio = deviation / jackknife.sqrt();
    assert!((ratio - 1.0).abs() < 0.01, "{deviation} {}", jackknife.sqrt());
}

#[test]
fn actions_that_the_log_never_took_are_refused_with_their_share() {
    let mut rows = world(6, 500, 2, [0.2, 0.2, 0.6]);
    rows.retain(|row| row.action != 2);
    for estimate in evaluate(&rows) {
        assert!(!estimate.is_ok());
        assert_eq!(estimate.value, None);
        assert!(estimate.reasons[0].contains("60.0 %"), "{:?}", estimate.reasons);
    }
}

#[test]
fn without_a_model_dm_and_dr_say_so_and_the_others_stand() {
    let rows = world(7, 500, 2, [0.2, 0.2, 0.6]);
    let mut evaluation = evaluation();
    for row in &rows {
        evaluation.push(row.member, &Row { q_hat: None, ..as_row(row) });
    }
    for estimate in evaluation.estimates(0.95) {
        assert_eq!(estimate.is_ok(), !estimate.estimator.needs_model(), "{estimate:?}");
    }
}

#[test]
fn a_paired_difference_is_the_difference_of_values_and_narrower_than_both() {
    let first = world(8, 2_000, 1, [0.2, 0.2, 0.6]);
    let terms = |row: &Logged, target: [f64; ACTIONS]| -> Terms { Row { target: &target, ..as_row(row) }.terms() };
    let other = [0.25, 0.2, 0.55];
    for estimator in [Estimator::Ips, Estimator::Snips, Estimator::Dr] {
        let mut paired = PairedDifference::new(estimator);
        first.iter().for_each(|row| paired.push(row.member, &terms(row, row.target), &terms(row, other)));
        let difference = paired.difference(0.95);
        let second: Vec<Logged> = first.iter().map(|r| Logged { target: other, ..*r }).collect();
        let index = ALL.iter().position(|e| *e == estimator).unwrap();
        let (a, b) = (&evaluate(&first)[index], &evaluate(&second)[index]);
        assert!((difference.value - (a.value.unwrap() - b.value.unwrap())).abs() < 1e-12);
        let width = difference.upper.unwrap() - difference.lower.unwrap();
        assert!(width < 0.5 * (a.upper.unwrap() - a.lower.unwrap()), "{estimator}");
    }
}

#[test]
fn names_of_estimators_read_back_and_a_wrong_one_lists_them() {
    for estimator in ALL.iter() {
        assert_eq!(estimator.to_string().parse::<Estimator>(), Ok(*estimator));
    }
    assert!("drr".parse::<Estimator>().unwrap_err().contains("dm, ips, snips, dr"));
}

#[test]
fn replay_is_the_mean_of_matches_on_a_uniform_log_and_refuses_another() {
    let rows = world(9, 1_000, 1, [0.0, 0.0, 1.0]);
    let uniform = |row: &Logged| Row { propensity: 1.0 / 3.0, logging: None, q_hat: None, ..as_row(row) }.reward;
    let mut replay = Evaluation::new(&[Estimator::Replay], ACTIONS);
    rows.iter().for_each(|row| replay.push(row.member, &Row { propensity: 1.0 / 3.0, ..as_row(row) }));
    let matched: Vec<f64> = rows.iter().filter(|row| row.action == 2).map(uniform).collect();
    let mean = matched.iter().sum::<f64>() / matched.len() as f64;
    let certificate = replay.certificate();
    // The log was not uniform in truth, and the mean weight tells.
    assert!((certificate.mean_weight - 1.0).abs() > 0.1);
    let loose = guerdon_ope::Gates { mean_weight_off: 10.0, ..guerdon_ope::Gates::default() };
    let value = replay.with_gates(loose).estimates(0.95)[0].value.unwrap();
    assert!((value - mean).abs() < 1e-12, "{value} {mean}");
    let mut skewed = Evaluation::new(&[Estimator::Replay], ACTIONS);
    push_all(&mut skewed, &rows);
    assert!(skewed.estimates(0.95)[0].reasons[0].contains("propensities run from 0.2 to 0.5"));
}

#[test]
fn a_doubly_robust_control_never_does_worse_than_ips_snips_or_dr() {
    for (seed, noise) in [(10, 0.0), (11, 3.0), (12, -5.0)] {
        let mut rows = world(seed, 3_000, 1, [0.1, 0.1, 0.8]);
        rows.iter_mut().for_each(|row| row.q = row.q.map(|q| noise + if noise == 0.0 { q } else { -q }));
        let estimates = evaluate(&rows);
        let width = |name: &str| {
            let estimate = estimates.iter().find(|e| e.estimator.to_string() == name).unwrap();
            estimate.upper.unwrap() - estimate.lower.unwrap()
        };
        for other in ["ips", "snips", "dr", "sndr"] {
            assert!(width("dr_cv") <= 1.01 * width(other), "{noise}: {} {other} {}", width("dr_cv"), width(other));
        }
    }
}

#[test]
fn the_bootstrap_is_as_wide_as_the_delta_method_and_merges_in_any_order() {
    let rows = world(13, 1_500, 2, [0.2, 0.2, 0.6]);
    let seed = guerdon_core::Seed(5);
    let of = |rows: &[Logged]| {
        let mut evaluation = evaluation().with_bootstrap(400, seed);
        push_all(&mut evaluation, rows);
        evaluation
    };
    let whole = of(&rows).estimates(0.95);
    for (bootstrap, delta) in whole.iter().zip(evaluate(&rows)) {
        let width = |e: &Estimate| e.upper.unwrap() - e.lower.unwrap();
        let ratio = width(bootstrap) / width(&delta);
        assert!((0.85..1.15).contains(&ratio), "{}: {ratio}", delta.estimator);
    }
    let (first, second) = rows.split_at(1_000);
    let mut parts = of(second);
    parts.merge(of(first));
    for (merged, whole) in parts.estimates(0.95).iter().zip(&whole) {
        assert!((merged.lower.unwrap() - whole.lower.unwrap()).abs() < 1e-12, "{}", whole.estimator);
    }
}

#[test]
fn a_level_is_tuned_only_where_the_evaluation_was_made_for_the_family() {
    let rows = world(14, 2_000, 1, [0.05, 0.05, 0.9]);
    let grid = Family::SwitchDr.grid();
    let mut made = Evaluation::new(&Family::SwitchDr.estimators(&grid), ACTIONS);
    push_all(&mut made, &rows);
    // q̂ is exact, so every level is unbiased and the tamest one has the least variance.
    // Weights are 0.1, 0.17 and 4.5.
    let tuned = made.tune(Family::SwitchDr, &grid, Rule::Slope).unwrap();
    assert!([1.0, 2.0].map(|level| Estimator::SwitchDr(Level::new(level).unwrap())).contains(&tuned), "{tuned}");
    assert_eq!(made.tune(Family::Dros, &grid, Rule::Slope), None);
}

#[test]
fn facts_make_a_number_weak_with_the_reason() {
    let rows = world(15, 2_000, 1, [0.2, 0.2, 0.6]);
    let facts = Facts { propensities_estimated: Some(true), ..Facts::default() };
    let mut evaluation = evaluation().with_facts(facts);
    push_all(&mut evaluation, &rows);
    let estimate = &evaluation.estimates(0.95)[1];
    assert_eq!((estimate.verdict, estimate.is_ok()), (Verdict::Weak, true));
    assert!(estimate.reasons[0].contains("propensities were estimated"));
}

proptest! {
    #[test]
    fn merging_parts_gives_the_whole(seed in 0u64..500, cut in 1usize..199) {
        let rows = world(seed, 200, 2, [0.2, 0.3, 0.5]);
        let cut = cut * 2;
        let mut first = evaluation();
        push_all(&mut first, &rows[..cut]);
        let mut second = evaluation();
        push_all(&mut second, &rows[cut..]);
        first.merge(second);
        for (merged, whole) in first.estimates(0.9).iter().zip(evaluate(&rows)) {
            prop_assert!((merged.value.unwrap() - whole.value.unwrap()).abs() < 1e-12);
            prop_assert!((merged.ess - whole.ess).abs() < 1e-9);
        }
    }

    #[test]
    fn snips_never_leaves_the_range_of_observed_rewards(seed in 0u64..500) {
        let rows = world(seed, 150, 1, [0.1, 0.1, 0.8]);
        let snips = evaluate(&rows)[2].clone();
        if let Some(value) = snips.value {
            let low = rows.iter().map(|r| r.reward).fold(f64::INFINITY, f64::min);
            let high = rows.iter().map(|r| r.reward).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!((low..=high).contains(&value));
        }
    }

    #[test]
    fn the_order_of_members_does_not_matter(seed in 0u64..500) {
        let rows = world(seed, 200, 1, [0.2, 0.3, 0.5]);
        let backwards: Vec<Logged> = rows.iter().rev().cloned().collect();
        for (a, b) in evaluate(&rows).iter().zip(evaluate(&backwards)) {
            prop_assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-12);
            prop_assert!((a.lower.unwrap() - b.lower.unwrap()).abs() < 1e-9);
        }
    }
}
