//! What must hold of the evaluation of doses, as sentences.

use guerdon_ope::kernel::{DoseEvaluation, DoseKernel, DoseRow, Kernel, KernelError};
use guerdon_ope::{Estimator, Evaluation, Verdict};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ESTIMATORS: [Estimator; 3] = [Estimator::Ips, Estimator::Snips, Estimator::Dr];

/// Doses on [0, 1], uniform or with density ½ + t; reward 1 + 2x + 3t − 2t² + noise, x uniform on [0, 1]; q̂ near the truth.
fn world(seed: u64, members: u64, target: fn(f64) -> f64, uniform: bool) -> Vec<DoseRow> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..members)
        .map(|_| {
            let (x, u): (f64, f64) = (rng.random(), rng.random());
            let (dose, density) = if uniform {
                (u, 1.0)
            } else {
                // u = t/2 + t²/2.
                let dose = (0.25 + 2.0 * u).sqrt() - 0.5;
                (dose.min(1.0), 0.5 + dose)
            };
            let reward = 1.0 + 2.0 * x + 3.0 * dose - 2.0 * dose * dose + rng.random::<f64>() - 0.5;
            let q = |t: f64| 1.1 + 1.9 * x + 2.9 * t - 2.0 * t * t;
            let target = target(x);
            DoseRow { reward, dose, target, density, q_logged: q(dose), v_target: q(target) }
        })
        .collect()
}

fn evaluate(kernel: DoseKernel, rows: &[DoseRow]) -> Evaluation {
    let mut evaluation = Evaluation::new(&ESTIMATORS, 0);
    for (member, row) in rows.iter().enumerate() {
        evaluation.push_terms(member as u64, row.density * kernel.width(), &kernel.terms(row).unwrap());
    }
    evaluation
}

/// Half an interval in standard errors.
const ERRORS: f64 = 0.5;

#[test]
fn weights_have_mean_1_wherever_the_policy_s_dose_lies() {
    for kernel in Kernel::ALL {
        for bandwidth in [0.05, 0.3, 2.0] {
            let kernel = DoseKernel::new(kernel, bandwidth, -1.0, 2.0).unwrap();
            for target in [-1.0, -0.97, 0.4, 1.9, 2.0] {
                let steps = 60_000;
                let density = |t: f64| (2.0 + t) / 7.5;
                let mean: f64 = (0..steps)
                    .map(|step| {
                        let t = -1.0 + 3.0 * (f64::from(step) + 0.5) / f64::from(steps);
                        kernel.weight(t, target, density(t)).unwrap() * density(t) * 3.0 / f64::from(steps)
                    })
                    .sum();
                assert!((mean - 1.0).abs() < 2e-3, "{kernel:?} at {target}: {mean}");
            }
        }
    }
}

#[test]
fn a_small_bandwidth_finds_the_true_value_also_at_the_ends() {
    let policies = [((|_| 0.5) as fn(f64) -> f64, 3.0), (|_| 0.0, 2.0), (|_| 1.0, 3.0), (|x| x, 1.0 + 2.5 - 2.0 / 3.0)];
    for kernel in Kernel::ALL {
        for uniform in [true, false] {
            for (place, (target, truth)) in policies.iter().enumerate() {
                let rows = world(place as u64, 60_000, *target, uniform);
                let kernel = DoseKernel::new(kernel, 0.01, 0.0, 1.0).unwrap();
                for estimate in evaluate(kernel, &rows).estimates(0.95) {
                    let (value, upper) = (estimate.value.unwrap(), estimate.upper.unwrap());
                    let se = (upper - value) / 1.96;
                    let gap = (value - truth).abs();
                    assert!(gap < 4.0 * se, "{kernel:?} {} of {place}: {value} ± {se}", estimate.estimator);
                }
            }
        }
    }
}

#[test]
fn without_the_correction_half_of_the_value_is_lost_at_an_end() {
    let rows = world(1, 20_000, |_| 0.0, true);
    let kernel = DoseKernel::new(Kernel::Epanechnikov, 0.02, 0.0, 1.0).unwrap();
    let evaluation = evaluate(kernel.uncorrected(), &rows);
    let refused = &evaluation.estimates(0.95)[0];
    assert_eq!(refused.verdict, Verdict::NotEvaluable);
    assert!(refused.reasons[0].contains("mean weight is 0."), "{:?}", refused.reasons);
    assert!((evaluation.certificate().mean_weight - 0.5).abs() < 0.1);
    // IPS as such, past the gates.
    let mean = |kernel: DoseKernel| {
        let sum: f64 = rows.iter().map(|row| kernel.terms(row).unwrap().weight * row.reward).sum();
        sum / rows.len() as f64
    };
    assert!((mean(kernel.uncorrected()) - 1.0).abs() < 0.2);
    assert!((mean(kernel) - 2.0).abs() < 0.4);
}

#[test]
fn a_good_model_makes_dr_much_narrower_than_ips() {
    let rows = world(4, 5_000, |x| 0.2 + 0.5 * x, false);
    let kernel = DoseKernel::new(Kernel::Triangular, 0.05, 0.0, 1.0).unwrap();
    let estimates = evaluate(kernel, &rows).estimates(0.95);
    let width = |place: usize| estimates[place].upper.unwrap() - estimates[place].lower.unwrap();
    assert!(width(2) < 0.4 * width(0), "{} {}", width(2), width(0));
    assert!(width(1) < width(0));
}

#[test]
fn the_certificate_of_doses_is_that_of_actions() {
    let rows = world(5, 4_000, |x| x, false);
    let kernel = DoseKernel::new(Kernel::Epanechnikov, 0.1, 0.0, 1.0).unwrap();
    let certificate = evaluate(kernel, &rows).certificate();
    assert_eq!((certificate.n, certificate.clusters), (4_000, 4_000));
    assert!((certificate.mean_weight - 1.0).abs() < 4.0 * certificate.mean_weight_se);
    assert!((certificate.calibration - 1.0).abs() < 4.0 * certificate.calibration_se);
    assert!((certificate.ess - 500.0).abs() < 250.0, "{}", certificate.ess);
    let narrow = DoseKernel::new(Kernel::Epanechnikov, 0.01, 0.0, 1.0).unwrap();
    let refused = &evaluate(narrow, &rows).estimates(0.95)[0];
    assert!(refused.reasons.join("; ").contains("most of all what it chooses"), "{:?}", refused.reasons);
}

/// A steep dome, so that large bandwidths are visibly biased.
fn dome(seed: u64, kernels: &[DoseKernel]) -> DoseEvaluation {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut evaluation = DoseEvaluation::new(kernels.to_vec(), &Evaluation::new(&ESTIMATORS, 0)).unwrap();
    for member in 0..3_000 {
        let (x, dose, noise): (f64, f64, f64) = (rng.random(), rng.random(), rng.random());
        let target = 0.3 + 0.4 * x;
        let reward = x + 2.0 - 8.0 * (dose - target).powi(2) + noise - 0.5;
        let row = DoseRow { reward, dose, target, density: 1.0, q_logged: 1.0 + x, v_target: 1.0 + x };
        evaluation.push(member, &row).unwrap();
    }
    evaluation
}

#[test]
fn slope_stays_within_a_factor_of_the_best_fixed_bandwidth() {
    let grid = [0.04, 0.06, 0.08, 0.11, 0.16, 0.23, 0.32, 0.45, 0.64];
    let kernels = grid.map(|h| DoseKernel::new(Kernel::Epanechnikov, h, 0.0, 1.0).unwrap());
    let truth = 2.5;
    for (place, estimator) in ESTIMATORS.iter().enumerate() {
        let (mut fixed, mut chosen, mut taken) = ([0.0; 9], 0.0, [0; 9]);
        for seed in 0..50 {
            let evaluation = dome(seed, &kernels);
            for (square, (_, each)) in fixed.iter_mut().zip(evaluation.each()) {
                // A bandwidth that the gates refuse is no rival.
                let error = each.estimates(0.95)[place].value.map_or(f64::INFINITY, |value| value - truth);
                *square += error * error / 50.0;
            }
            let (bandwidth, estimate) = evaluation.choose(*estimator, ERRORS, 0.95).unwrap();
            taken[bandwidth] += 1;
            chosen += (estimate.value.unwrap() - truth).powi(2) / 50.0;
        }
        let best = fixed.iter().copied().fold(f64::INFINITY, f64::min).sqrt();
        println!(
            "{estimator}: SLOPE {:.4}, best {best:.4}, fixed {:?}, taken {taken:?}",
            chosen.sqrt(),
            fixed.map(f64::sqrt)
        );
        // IPS came to 1.56 times the best, so 1.5 is not promised.
        assert!(chosen.sqrt() < 1.8 * best, "{estimator}: {} {best}", chosen.sqrt());
        assert!(fixed[8].sqrt() > 3.0 * best, "the largest bandwidth should be far off: {fixed:?}");
    }
}

#[test]
fn merging_in_any_order_gives_the_same() {
    let kernels = [0.1, 0.3].map(|h| DoseKernel::new(Kernel::Gaussian, h, 0.0, 1.0).unwrap());
    let rows = world(9, 900, |x| x, false);
    let part = |from: usize, to: usize| {
        let mut evaluation = DoseEvaluation::new(kernels.to_vec(), &Evaluation::new(&ESTIMATORS, 0)).unwrap();
        for (member, row) in rows.iter().enumerate().take(to).skip(from) {
            evaluation.push(member as u64, row).unwrap();
        }
        evaluation
    };
    let whole = part(0, 900);
    let mut merged = part(600, 900);
    merged.merge(part(0, 300));
    merged.merge(part(300, 600));
    for ((_, a), (_, b)) in whole.each().zip(merged.each()) {
        for (a, b) in a.estimates(0.95).iter().zip(b.estimates(0.95)) {
            assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-12);
            assert!((a.lower.unwrap() - b.lower.unwrap()).abs() < 1e-12);
        }
    }
}

#[test]
fn what_does_not_do_is_named_in_the_error() {
    let new = |bandwidth, low, high| DoseKernel::new(Kernel::Gaussian, bandwidth, low, high);
    for bandwidth in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(new(bandwidth, 0.0, 1.0).unwrap_err().to_string().contains("bandwidth is"));
    }
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(matches!(new(0.1, low, high), Err(KernelError::Interval { .. })), "{low} {high}");
    }
    let kernel = new(0.1, 0.0, 1.0).unwrap();
    for density in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(kernel.weight(0.5, 0.5, density), Err(KernelError::Density { .. })), "{density}");
    }
    let text = kernel.weight(1.5, 0.5, 1.0).unwrap_err().to_string();
    assert_eq!(text, "the logged dose is 1.5, outside 0 to 1; widen the interval or mend the dose");
    assert!(kernel.weight(0.5, -0.1, 1.0).unwrap_err().to_string().contains("policy's dose is -0.1"));
    assert!(kernel.weight(f64::NAN, 0.5, 1.0).is_err());
    assert!(DoseEvaluation::new(vec![], &Evaluation::new(&ESTIMATORS, 0)).is_err());
    let empty = DoseEvaluation::new(vec![kernel], &Evaluation::new(&ESTIMATORS, 0)).unwrap();
    assert!(empty.choose(Estimator::Ips, 1.0, 0.95).unwrap_err().to_string().contains("no decisions"));
    assert!(empty.choose(Estimator::Sndr, 1.0, 0.95).unwrap_err().to_string().contains("sndr was not asked for"));
}
