//! Uplift curves against areas that are known in closed form.

use guerdon_core::Seed;
use guerdon_ope::uplift::{UpliftError, UpliftOptions, UpliftRow, curve, uplift, uplift_difference};

const OPTIONS: UpliftOptions = UpliftOptions { confidence: 0.95, resamples: 400, seed: Seed(7) };

/// Member i of n has the effect 2i/n on average 1 (from 0 to 2); who is treated alternates.
fn linear(n: u64, score: impl Fn(f64) -> f64) -> Vec<UpliftRow> {
    (0..n)
        .map(|i| {
            let effect = 2.0 * ((i / 2) as f64 + 0.5) / (n / 2) as f64;
            let treated = i % 2 == 0;
            let outcome = 3.0 + if treated { effect } else { 0.0 };
            UpliftRow { member: i, score: score(effect), treated, propensity: 0.5, outcome }
        })
        .collect()
}

#[test]
fn a_perfect_ranking_of_a_uniform_effect_has_the_areas_of_a_parabola() {
    // u(φ) = ∫ 2(1 − t) dt = 2φ − φ²: area 2/3; over the line φ: 1/6.
    let found = uplift(&linear(20_000, |effect| effect), &OPTIONS).unwrap();
    assert!((found.effect.value - 1.0).abs() < 1e-9, "{found:?}");
    assert!((found.auuc.value - 2.0 / 3.0).abs() < 1e-3, "{found:?}");
    assert!((found.qini.value - 1.0 / 6.0).abs() < 1e-3, "{found:?}");
    assert_eq!((found.treated, found.control), (10_000, 10_000));
}

#[test]
fn the_reverse_ranking_loses_what_the_perfect_one_gains() {
    let found = uplift(&linear(20_000, |effect| -effect), &OPTIONS).unwrap();
    assert!((found.auuc.value - 1.0 / 3.0).abs() < 1e-3, "{found:?}");
    assert!((found.qini.value + 1.0 / 6.0).abs() < 1e-3, "{found:?}");
}

#[test]
fn one_score_for_all_draws_the_straight_line() {
    let rows = linear(1_000, |_| 0.0);
    let points = curve(&rows).unwrap();
    assert_eq!(points.len(), 2);
    let found = uplift(&rows, &OPTIONS).unwrap();
    assert!((found.auuc.value - found.effect.value / 2.0).abs() < 1e-12);
    assert!(found.qini.value.abs() < 1e-12);
}

#[test]
fn ties_share_a_step_whatever_the_order_of_rows() {
    let mut rows = linear(2_000, |effect| (effect * 5.0).floor());
    let before = uplift(&rows, &OPTIONS).unwrap();
    rows.reverse();
    let after = uplift(&rows, &OPTIONS).unwrap();
    assert!((before.auuc.value - after.auuc.value).abs() < 1e-12);
    assert_eq!(curve(&rows).unwrap().len(), 11);
}

/// Nine in ten of those with a large effect are treated, one in ten of the others: unweighted shares would be wrong.
fn targeted(n: u64) -> Vec<UpliftRow> {
    (0..n)
        .map(|i| {
            let large = i < n / 2;
            let treated = if large { i % 10 != 0 } else { i % 10 == 0 };
            let propensity = if large == treated { 0.9 } else { 0.1 };
            let outcome = if treated && large { 1.0 } else { 0.0 };
            UpliftRow { member: i, score: f64::from(u8::from(large)), treated, propensity, outcome }
        })
        .collect()
}

#[test]
fn propensities_undo_the_targeting_of_the_log() {
    let points = curve(&targeted(20_000)).unwrap();
    assert!((points[1].share - 0.5).abs() < 1e-9 && (points[1].uplift - 0.5).abs() < 1e-9, "{points:?}");
    assert!((points[2].uplift - 0.5).abs() < 1e-9, "{points:?}");
}

#[test]
fn a_bootstrap_of_a_ranking_against_itself_gives_no_difference_and_against_chance_its_gain() {
    let rows = linear(4_000, |effect| effect);
    let none = uplift_difference(&rows, &rows, &OPTIONS).unwrap();
    assert_eq!((none.qini.value, none.qini.lower, none.qini.upper), (0.0, Some(0.0), Some(0.0)));
    let chance = linear(4_000, |effect| (effect * 1e4).sin());
    let gain = uplift_difference(&rows, &chance, &OPTIONS).unwrap();
    assert!(gain.qini.lower.unwrap() > 0.1 && gain.qini.upper.unwrap() < 0.25, "{gain:?}");
    assert!(gain.effect.value.abs() < 1e-12);
}

#[test]
fn intervals_cover_the_true_area_about_as_often_as_they_say() {
    let mut covered = 0;
    for log in 0..100u64 {
        let noise = Seed(log).named("noise");
        let rows: Vec<UpliftRow> = (0..600u64)
            .map(|i| {
                let (x, treated) = (noise.uniform_indexed(i), noise.uniform_indexed(i + 10_000) < 0.5);
                let noise = 4.0 * (noise.uniform_indexed(i + 20_000) - 0.5);
                let outcome = noise + if treated { 2.0 * x } else { 0.0 };
                UpliftRow { member: i, score: x, treated, propensity: 0.5, outcome }
            })
            .collect();
        let found = uplift(&rows, &UpliftOptions { resamples: 200, ..OPTIONS }).unwrap().qini;
        covered += i32::from(found.lower.unwrap() <= 1.0 / 6.0 && 1.0 / 6.0 <= found.upper.unwrap());
    }
    eprintln!("{covered} of 100 intervals hold the true Qini coefficient");
    assert!((88..=100).contains(&covered), "{covered}");
}

#[test]
fn rows_that_no_log_can_hold_and_single_arms_are_refused_by_name() {
    let rows = linear(10, |effect| effect);
    let mut broken = rows.clone();
    broken[3].propensity = 0.0;
    assert!(matches!(uplift(&broken, &OPTIONS), Err(UpliftError::Row { place: 3, what: "propensity", .. })));
    broken = rows.clone();
    broken[4].score = f64::NAN;
    assert!(uplift(&broken, &OPTIONS).unwrap_err().to_string().contains("row 4: score is NaN"));
    let treated: Vec<_> = rows.iter().filter(|row| row.treated).copied().collect();
    assert_eq!(uplift(&treated, &OPTIONS), Err(UpliftError::OneArm { treated: 5, control: 0 }));
    assert!(matches!(uplift_difference(&rows, &treated, &OPTIONS), Err(UpliftError::Different { .. })));
    let options = UpliftOptions { confidence: 1.0, ..OPTIONS };
    assert!(uplift(&rows, &options).unwrap_err().to_string().contains("confidence is 1"));
}
