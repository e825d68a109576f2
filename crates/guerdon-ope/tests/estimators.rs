//! What must hold of every estimator, as sentences.

use guerdon_ope::{Estimate, Estimator, Evaluation, PairedDifference, Row, Terms};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ACTIONS: usize = 3;

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
    let mut evaluation = Evaluation::new(&Estimator::ALL, ACTIONS);
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
    for (index, estimator) in Estimator::ALL.iter().enumerate().filter(|(_, e)| **e != Estimator::Dm) {
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
fn all_agree_when_the_target_is_the_logging_policy_and_q_hat_is_the_reward() {
    let mut rows = world(3, 500, 2, [0.5, 0.3, 0.2]);
    for row in &mut rows {
        row.reward = row.q[row.action];
    }
    let estimates = evaluate(&rows);
    let mean: f64 = rows.iter().map(|r| r.reward).sum::<f64>() / rows.len() as f64;
    assert!((estimates[1].value.unwrap() - mean).abs() < 1e-12);
    assert!((estimates[2].value.unwrap() - mean).abs() < 1e-12);
    assert!((estimates[0].value.unwrap() - estimates[3].value.unwrap()).abs() < 1e-12);
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
    let mut evaluation = Evaluation::new(&Estimator::ALL, ACTIONS);
    for row in &rows {
        evaluation.push(row.member, &Row { q_hat: None, ..as_row(row) });
    }
    let ok: Vec<bool> = evaluation.estimates(0.95).iter().map(Estimate::is_ok).collect();
    assert_eq!(ok, [false, true, true, false]);
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
        let index = Estimator::ALL.iter().position(|e| *e == estimator).unwrap();
        let (a, b) = (&evaluate(&first)[index], &evaluate(&second)[index]);
        assert!((difference.value - (a.value.unwrap() - b.value.unwrap())).abs() < 1e-12);
        let width = difference.upper.unwrap() - difference.lower.unwrap();
        assert!(width < 0.5 * (a.upper.unwrap() - a.lower.unwrap()), "{estimator}");
    }
}

#[test]
fn names_of_estimators_read_back_and_a_wrong_one_lists_them() {
    for estimator in Estimator::ALL {
        assert_eq!(estimator.name().parse::<Estimator>(), Ok(estimator));
    }
    assert!("drr".parse::<Estimator>().unwrap_err().contains("dm, ips, snips, dr"));
}

proptest! {
    #[test]
    fn merging_parts_gives_the_whole(seed in 0u64..500, cut in 1usize..199) {
        let rows = world(seed, 200, 2, [0.2, 0.3, 0.5]);
        let cut = cut * 2;
        let mut first = Evaluation::new(&Estimator::ALL, ACTIONS);
        push_all(&mut first, &rows[..cut]);
        let mut second = Evaluation::new(&Estimator::ALL, ACTIONS);
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
