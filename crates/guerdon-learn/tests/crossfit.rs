//! Cross-fitting: no member's own outcomes ever reach the model that predicts for that member.

mod common;

use common::{Row, log_of, rows};
use guerdon_core::{NoProgress, Seed, Value};
use guerdon_learn::{CrossFit, HeadPlan, Shrinkage, fit_heads};

fn everyone(_: &str) -> bool {
    true
}

fn predict(fit: &CrossFit, member: &str, x: f64, code: &str) -> Vec<f64> {
    let mut out = vec![0.0; 3];
    fit.predict(member, &[Value::Number(x), Value::Category(code)], &mut out);
    out
}

#[test]
fn a_members_own_outcomes_never_move_that_members_prediction() {
    let original = rows(400, 1);
    let first = CrossFit::fit(&log_of(&original).reader, &everyone, 5, Seed(2), &NoProgress).unwrap();
    for member in ["m00003", "m00120", "m00399"] {
        // This member now spends a fortune whenever offered something: the planted signal.
        let changed: Vec<Row> = original
            .iter()
            .map(|row| if row.member == member { Row { spend: 90_000.0, ..row.clone() } } else { row.clone() })
            .collect();
        let second = CrossFit::fit(&log_of(&changed).reader, &everyone, 5, Seed(2), &NoProgress).unwrap();
        assert_eq!(predict(&first, member, 0.3, "a"), predict(&second, member, 0.3, "a"));
        let other = original.iter().find(|row| first.fold(&row.member) != first.fold(member)).unwrap();
        assert_ne!(predict(&first, &other.member, 0.3, "a"), predict(&second, &other.member, 0.3, "a"));
    }
}

#[test]
fn a_signal_that_only_names_the_member_is_worth_nothing_out_of_fold() {
    // Thirty decisions each; the code is the member's name and spend depends on nothing but the name.
    let mut all = vec![];
    for member in 0..40 {
        let spend = 1.0 + Seed(9).uniform_indexed(member) * 99.0;
        for step in 0..30u32 {
            let member = format!("m{member:02}");
            let action = (step % 3) as usize;
            all.push(Row { code: member.clone(), member, hour: step * 10, action, x: 0.0, spend });
        }
    }
    let log = log_of(&all);
    let fit = CrossFit::fit(&log.reader, &everyone, 4, Seed(3), &NoProgress).unwrap();
    let values: Vec<(f64, f64)> = all
        .iter()
        .filter(|row| row.action == 0)
        .map(|row| (predict(&fit, &row.member, 0.0, &row.code)[0], 0.5 * row.spend))
        .collect();
    let n = values.len() as f64;
    let (mean_p, mean_y) = (values.iter().map(|v| v.0).sum::<f64>() / n, values.iter().map(|v| v.1).sum::<f64>() / n);
    let error = values.iter().map(|(p, y)| (p - y).powi(2)).sum::<f64>() / n;
    let variance = values.iter().map(|(_, y)| (y - mean_y).powi(2)).sum::<f64>() / n;
    // A model that had seen its own members would know every one of them.
    assert!(error > 0.9 * variance, "error {error}, variance {variance}, mean {mean_p}");
}

#[test]
fn net_value_is_recovered_for_every_action() {
    let log = log_of(&rows(8000, 4));
    let fit = CrossFit::fit(&log.reader, &everyone, 5, Seed(5), &NoProgress).unwrap();
    for x in [-0.6, 0.0, 0.6] {
        // Additive in code and x, the model is right on average over the codes.
        let (a, b) = (predict(&fit, "somebody new", x, "a"), predict(&fit, "somebody new", x, "b"));
        let truth = [0.3 * 20.0, (0.5 + 0.3 * x) * 15.0, (0.5 - 0.3 * x) * 10.0];
        for action in 0..3 {
            let (found, truth) = ((a[action] + b[action]) / 2.0, truth[action]);
            assert!((found - truth).abs() < 0.8, "{found} against {truth} at {x}");
        }
        assert!((b[0] - a[0] - 6.0).abs() < 1.0, "code b brings {} more", b[0] - a[0]);
    }
}

#[test]
fn members_that_are_not_included_change_nothing() {
    let original = rows(400, 6);
    let odd = |member: &str| member.ends_with(['1', '3', '5', '7', '9']);
    let changed: Vec<Row> = original
        .iter()
        .map(|row| if odd(&row.member) { row.clone() } else { Row { x: 50.0, spend: 700.0, ..row.clone() } })
        .collect();
    let fit = |rows: &[Row]| CrossFit::fit(&log_of(rows).reader, &odd, 3, Seed(7), &NoProgress).unwrap();
    assert!(fit(&original) == fit(&changed));
}

#[test]
fn an_action_that_nobody_took_gets_what_the_others_share() {
    let mut all = rows(400, 8);
    all.retain(|row| row.action != 2);
    let log = log_of(&all);
    let fit = CrossFit::fit(&log.reader, &everyone, 2, Seed(9), &NoProgress).unwrap();
    let found = predict(&fit, "m00001", 0.0, "b");
    assert!(found[2].is_finite() && found[2] > found[0].min(found[1]) - 1.0 && found[2] < found[0].max(found[1]) + 1.0);
}

#[test]
fn one_fold_or_nobody_is_refused() {
    let log = log_of(&rows(20, 10));
    assert_eq!(CrossFit::fit(&log.reader, &everyone, 1, Seed(1), &NoProgress).unwrap_err().exit_code(), 12);
    assert_eq!(CrossFit::fit(&log.reader, &|_| false, 3, Seed(1), &NoProgress).unwrap_err().exit_code(), 18);
}

#[test]
fn a_weight_of_two_is_the_member_twice_and_replicas_are_apart() {
    let original = rows(200, 11);
    let log = log_of(&original);
    let doubled = |member: &str| if member.ends_with('4') { 2.0 } else { 1.0 };
    let twice: Vec<Row> = original
        .iter()
        .flat_map(|row| {
            let copy = Row { member: format!("{}-again", row.member), ..row.clone() };
            if doubled(&row.member) == 2.0 { vec![row.clone(), copy] } else { vec![row.clone()] }
        })
        .collect();
    let repeated = log_of(&twice);
    let fit = |log: &common::Log, encoder, weight: &dyn Fn(usize, &str) -> f64| {
        let plan = HeadPlan {
            include: &everyone,
            replicas: 2,
            weight,
            targets: 1,
            fill: &|batch, row, out| out[0] = batch.revenue(row).to_major(2),
            applies: Some(&|batch, row| batch.action(row) != 0),
            shrinkage: Shrinkage { lambda: 0.01, prior_rows: 1.0 },
            encoder,
        };
        fit_heads(&log.reader, &plan, &NoProgress).unwrap()
    };
    let weighted = fit(&log, None, &|replica, member| if replica == 0 { doubled(member) } else { 1.0 });
    let copied = fit(&repeated, Some(&weighted.encoder), &|_, _| 1.0);
    for (a, b) in weighted.replicas[0].weights.iter().zip(&copied.replicas[0].weights) {
        assert!((a - b).abs() < 1e-9, "{a} against {b}");
    }
    assert_ne!(weighted.replicas[0], weighted.replicas[1]);
    assert_eq!(copied.replicas[0], copied.replicas[1]);
}
