//! The chance that each arm's posterior draw is the largest: Thompson sampling's propensities.
//!
//! With independent normal posteriors N(mₐ, sₐ²) the chance is ∫ φ((z − mₐ)/sₐ)/sₐ ∏_{b≠a} Φ((z − m_b)/s_b) dz.
//! [`quadrature`] computes it; [`monte_carlo`] counts winners among draws, with the error of [`standard_error`].

use super::normal::{Normal, cumulative, density};
use guerdon_core::Seed;

/// Integration panels end at every arm's mean plus these many deviations: no panel is wider than the narrowest posterior
/// that bends within it.
const KNOTS: [f64; 13] = [-7.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
/// Gauss–Legendre with five nodes on [−1, 1].
const NODES: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// Writes the chance of each eligible arm to draw the largest value; the others get 0. They are scaled to sum to 1.
/// The error is below 10⁻⁵. The time grows with the square of the number of eligible arms that stand a chance.
///
/// # Shapes
/// `means`, `deviations` (greater than 0, or all is left to the best mean), `eligible`, `out`: `[actions]`.
pub fn quadrature(means: &[f64], deviations: &[f64], eligible: &[bool], out: &mut [f64]) {
    out.fill(0.0);
    let arms = || means.iter().zip(deviations).zip(eligible).enumerate().filter(|(_, (_, eligible))| **eligible);
    // Below this no draw can win: one arm's draw is larger all but for certain.
    let floor = arms().map(|(_, ((m, s), _))| m - 7.0 * s).fold(f64::NEG_INFINITY, f64::max);
    let posteriors: Vec<(usize, f64, f64)> =
        arms().filter(|(_, ((m, s), _))| **m + 7.0 * **s >= floor).map(|(arm, ((m, s), _))| (arm, *m, *s)).collect();
    let mut ends: Vec<f64> = posteriors.iter().flat_map(|(_, m, s)| KNOTS.map(|knot| m + knot * s)).collect();
    ends.retain(|end| *end >= floor);
    ends.sort_by(f64::total_cmp);
    let mut below = vec![(0.0, 0.0); posteriors.len()];
    for (from, to) in ends.iter().zip(ends.iter().skip(1)).filter(|(from, to)| to > from) {
        for (node, weight) in NODES {
            let z = 0.5 * (from + to) + 0.5 * (to - from) * node;
            let mut product = 0.5 * (to - from) * weight;
            // Of each arm, the chance that those before it draw less than z, and that it does.
            for (below, (_, m, s)) in below.iter_mut().zip(&posteriors) {
                *below = (product, cumulative((z - m) / s));
                product *= below.1;
            }
            let mut after = 1.0;
            for ((before, this), (arm, m, s)) in below.iter().zip(&posteriors).rev() {
                if let Some(chance) = out.get_mut(*arm) {
                    *chance += before * after * density((z - m) / s) / s;
                }
                after *= this;
            }
        }
    }
    normalise(means, eligible, out);
}

/// As [`quadrature`], by counting the winners of `draws` joint draws (at least 1) from `seed`. What it writes is a
/// multiple of 1/draws, often 0; its error against the ideal chance is [`standard_error`].
///
/// # Shapes
/// As [`quadrature`].
pub fn monte_carlo(means: &[f64], deviations: &[f64], eligible: &[bool], draws: usize, seed: Seed, out: &mut [f64]) {
    out.fill(0.0);
    let mut normal = Normal::new(seed);
    for _ in 0..draws.max(1) {
        let mut best = None;
        for (arm, (m, s)) in means.iter().zip(deviations).enumerate() {
            // Drawn for every arm, so that a mask does not shift the others' draws.
            let value = m + s * normal.draw();
            if eligible.get(arm) == Some(&true) && best.is_none_or(|(_, top)| value > top) {
                best = Some((arm, value));
            }
        }
        if let Some(count) = best.and_then(|(arm, _)| out.get_mut(arm)) {
            *count += 1.0;
        }
    }
    normalise(means, eligible, out);
}

/// The standard error of a chance `p` that [`monte_carlo`] estimates with `draws` draws: √(p(1 − p)/draws).
pub fn standard_error(p: f64, draws: usize) -> f64 {
    (p * (1.0 - p) / draws.max(1) as f64).sqrt()
}

/// Scales to a sum of 1; where there is no sum to scale, the best eligible mean gets all.
fn normalise(means: &[f64], eligible: &[bool], out: &mut [f64]) {
    let sum: f64 = out.iter().sum();
    if sum > 0.0 && sum.is_finite() {
        out.iter_mut().for_each(|chance| *chance /= sum);
    } else {
        super::explore::greedy(means, eligible, out);
    }
}
