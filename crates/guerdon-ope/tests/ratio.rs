//! What must hold of ratios and ROI, as sentences.

use guerdon_core::Seed;
use guerdon_ope::ratio::{Fieller, Ratio, RatioMoments, RoiMoments, RoiTerms};
use guerdon_ope::selection::Selection;
use guerdon_ope::{Estimator, Evaluation, Row, Terms};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One logged decision: member, context, action (0 none, 1 offer), margin, cost.
type Logged = (u64, f64, usize, f64, f64);

/// Members with two decisions each, an offer made in 40 % of them. The offer lifts the margin by 0.9 on average and is
/// redeemed, at a cost of 1, with probability 0.4: ROI (0.9 − 0.4) / 0.4.
fn log(seed: u64, members: u64) -> Vec<Logged> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = vec![];
    for member in 0..members {
        let own: f64 = rng.random();
        for _ in 0..2 {
            let offered = rng.random::<f64>() < 0.4;
            let redeemed = offered && rng.random::<f64>() < 0.2 + 0.4 * own;
            let lift = if redeemed { 1.5 } else { 0.5 };
            let margin = own + rng.random::<f64>() + f64::from(u8::from(offered)) * lift;
            rows.push((member, own, usize::from(offered), margin, f64::from(u8::from(redeemed))));
        }
    }
    rows
}

const ROI: f64 = 1.25;

/// Always the offer, against never.
fn terms((_, own, action, margin, cost): &Logged) -> RoiTerms {
    let weight = |wanted: usize| if *action == wanted { [1.0 / 0.6, 1.0 / 0.4][wanted] } else { 0.0 };
    // Models that are near the truth but not it.
    let of_margin = [0.5 + own, 1.3 + 1.3 * own];
    let of_cost = [0.0, 0.25 + 0.3 * own];
    let term = |outcome: f64, q: [f64; 2], wanted: usize| Terms::new(outcome, weight(wanted), q[*action], q[wanted]);
    RoiTerms {
        policy_margin: term(*margin, of_margin, 1),
        reference_margin: term(*margin, of_margin, 0),
        policy_cost: term(*cost, of_cost, 1),
        reference_cost: term(*cost, of_cost, 0),
    }
}

fn roi(estimator: Estimator, rows: &[Logged]) -> RoiMoments {
    let mut moments = RoiMoments::new(estimator).with_bootstrap(300, Seed(3));
    rows.iter().for_each(|row| moments.push(row.0, &terms(row)));
    moments
}

fn holds(ends: Option<(f64, f64)>, truth: f64) -> usize {
    let (lower, upper) = ends.unwrap();
    usize::from((lower..=upper).contains(&truth))
}

#[test]
fn the_true_roi_lies_inside_about_95_of_100_intervals() {
    for estimator in [Estimator::Ips, Estimator::Snips, Estimator::Dr] {
        let logs = 600;
        let mut inside = [0; 3];
        for seed in 0..logs {
            let roi = roi(estimator, &log(seed, 300)).roi(0.95);
            inside[0] += holds(roi.delta, ROI);
            inside[1] += usize::from(roi.fieller.unwrap().contains(ROI));
            inside[2] += holds(roi.bootstrap, ROI);
        }
        println!("{estimator}: delta, Fieller, bootstrap {inside:?} of {logs}");
        // 93 to 97 of 100; the standard error of a count is 5.3.
        assert!(inside.iter().all(|count| (558..=582).contains(count)), "{estimator}: {inside:?} of {logs}");
    }
}

#[test]
fn fieller_holds_where_the_denominator_may_be_0() {
    let logs = 1_000;
    let (mut inside, mut refused, mut kinds) = (0, 0, [0; 3]);
    for seed in 0..logs {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut moments = RatioMoments::default();
        for member in 0..200 {
            // The denominator is 1.7 standard errors from 0; the true ratio is 2.
            let (u, v) = (rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5);
            moments.push(member, 0.07 + u + 0.5 * v, 0.035 + v);
        }
        let ratio = moments.ratio(0.95);
        let fieller = ratio.fieller.unwrap();
        inside += usize::from(fieller.contains(2.0));
        refused += usize::from(ratio.value.is_none());
        match fieller {
            Fieller::Between { .. } => kinds[0] += 1,
            Fieller::Outside { .. } => kinds[1] += 1,
            _ => kinds[2] += 1,
        }
        // The set is bounded just where the value is given.
        assert_eq!(ratio.value.is_some(), matches!(fieller, Fieller::Between { .. }));
        assert_eq!(ratio.value.is_some(), ratio.delta.is_some() && ratio.reasons.is_empty());
    }
    println!("Fieller: {inside} of {logs}, refused {refused}; bounded, outside, everything {kinds:?}");
    assert!((930..=970).contains(&inside), "{inside} of {logs}");
    assert!(kinds.iter().all(|count| *count > 20), "{kinds:?}");
}

#[test]
fn snips_is_the_ratio_of_weighted_rewards_to_weights() {
    let mut moments = RatioMoments::default();
    let mut evaluation = Evaluation::new(&[Estimator::Snips], 2);
    for (member, _, action, margin, _) in log(2, 300) {
        let propensity = [0.6, 0.4][action];
        let target = [0.3, 0.7];
        let weight = target[action] / propensity;
        moments.push(member, weight * margin, weight);
        let row =
            Row { reward: margin, propensity, action, target: &target, q_hat: None, eligible: None, logging: None };
        evaluation.push(member, &row);
    }
    let (ratio, estimate) = (moments.ratio(0.9), &evaluation.estimates(0.9)[0]);
    let (lower, upper) = ratio.delta.unwrap();
    assert!((ratio.value.unwrap() - estimate.value.unwrap()).abs() < 1e-12);
    assert!((lower - estimate.lower.unwrap()).abs() < 1e-12);
    assert!((upper - estimate.upper.unwrap()).abs() < 1e-12);
    assert_eq!((ratio.n, ratio.members), (600, 300));
}

fn close(a: &Ratio, b: &Ratio) {
    let gap = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs().max((a.1 - b.1).abs());
    assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-12);
    assert!(gap(a.delta.unwrap(), b.delta.unwrap()) < 1e-12);
    assert!(gap(a.bootstrap.unwrap(), b.bootstrap.unwrap()) < 1e-12);
    let ends = |ratio: &Ratio| match ratio.fieller {
        Some(Fieller::Between { lower, upper }) => (lower, upper),
        other => panic!("{other:?}"),
    };
    assert!(gap(ends(a), ends(b)) < 1e-12);
}

#[test]
fn merging_in_any_order_gives_the_same() {
    let rows = log(5, 300);
    let plain = |rows: &[Logged]| {
        let mut moments = RatioMoments::default().with_bootstrap(100, Seed(1));
        rows.iter().for_each(|row| moments.push(row.0, row.3, row.4));
        moments
    };
    let part = |from: u64| rows.iter().filter(|row| row.0 / 100 == from).copied().collect::<Vec<Logged>>();
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let (mut a, mut b) = (roi(Estimator::Dr, &part(order[0])), plain(&part(order[0])));
        for place in &order[1..] {
            a.merge(roi(Estimator::Dr, &part(*place)));
            b.merge(plain(&part(*place)));
        }
        close(&a.roi(0.95), &roi(Estimator::Dr, &rows).roi(0.95));
        close(&b.ratio(0.95), &plain(&rows).ratio(0.95));
    }
}

#[test]
fn against_the_log_itself_roi_uses_the_rewards_as_they_are() {
    // The policy always offers, the log in 40 %: both differences are 60 % of those against none, so the ROI is the same.
    let mut moments = RoiMoments::new(Estimator::Snips);
    for row in log(11, 30_000) {
        let logged = RoiTerms {
            reference_margin: Selection::logged(row.3),
            reference_cost: Selection::logged(row.4),
            ..terms(&row)
        };
        moments.push(row.0, &logged);
    }
    let found = moments.roi(0.9999);
    assert!((found.denominator - 0.24).abs() < 0.01, "{found:?}");
    assert_eq!(holds(found.delta, ROI), 1, "{found:?}");
    assert_eq!(found.bootstrap, None);
}

#[test]
fn a_refusal_says_why_and_what_the_log_still_says() {
    let mut costless = RoiMoments::new(Estimator::Ips).with_bootstrap(50, Seed(1));
    for row in log(1, 300) {
        costless.push(row.0, &terms(&(row.0, row.1, row.2, row.3, 0.0)));
    }
    let ratio = costless.roi(0.95);
    assert_eq!((ratio.value, ratio.delta, ratio.bootstrap), (None, None, None));
    assert!(ratio.reasons[0].contains("holds 0"), "{:?}", ratio.reasons);

    let mut weak = RatioMoments::default();
    [(0.5, 1.0), (0.6, -0.9), (0.4, 1.1), (0.5, -0.8)].iter().zip(0..).for_each(|((n, d), m)| weak.push(m, *n, *d));
    let ratio = weak.ratio(0.95);
    let Some(Fieller::Outside { below, above }) = ratio.fieller else { panic!("{ratio:?}") };
    assert!(below < 0.0 && above > 0.0 && ratio.value.is_none());
    assert!(!ratio.fieller.unwrap().contains(0.0));
    assert!(ratio.fieller.unwrap().to_string().contains("the ratio has no bound"));

    let mut alone = RatioMoments::default();
    alone.push(1, 1.0, 1.0);
    assert!(alone.ratio(0.95).reasons[0].contains("one member"));
    assert!(RatioMoments::default().ratio(0.95).reasons[0].contains("no decisions"));
    let mut unmodelled = RoiMoments::new(Estimator::Dr);
    let without = Terms::new(1.0, 1.0, f64::NAN, f64::NAN);
    let four =
        RoiTerms { policy_margin: without, reference_margin: without, policy_cost: without, reference_cost: without };
    (0..5).for_each(|member| unmodelled.push(member, &four));
    let ratio = unmodelled.roi(0.95);
    assert!(ratio.reasons[0].contains("lacks its model") && ratio.fieller.is_none(), "{ratio:?}");
}
