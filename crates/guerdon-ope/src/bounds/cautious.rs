//! Cautious empirical likelihood (Karampatziakis, Langford & Mineiro 2020, "Empirical Likelihood for Contextual Bandits"):
//! the most likely distribution of (w, r) with `E[w] = 1`, and the profile-likelihood interval of `E[w·r]`, where mass may
//! also lie on weights and rewards that the log has not shown.

use super::cells::Atoms;
use super::root::solve;
use super::special::student_quantile;
use super::{BoundsError, Interval, RewardRange, WeightRange, WeightedCells, range};
use crate::moments::Compensated;

/// Below this, in units of an n-th of the mass, a dual variable counts as being at its bound; costs 1e-12 of the reward
/// range.
const FLOOR: f64 = 1e-12;

impl WeightedCells {
    /// The cautious estimate of V: Q_i = 1 / (n + β(w_i − 1)), with β the maximiser of Σ ln(n + β(w_i − 1))
    /// over those that leave every possible weight a mass ≥ 0. Mass that no logged event can hold takes the mean logged
    /// reward. O(cells) time per step of the root search.
    ///
    /// # Errors
    /// No event, all weights zero, or a weight outside `weights`.
    pub fn cautious_likelihood(&self, weights: &WeightRange) -> Result<f64, BoundsError> {
        self.enough(1)?;
        self.weights_within(weights)?;
        let atoms = self.atoms();
        let beta = tilt(&atoms, weights);
        let mass = |w: f64| 1.0 / (atoms.n + beta * (w - 1.0));
        let seen = atoms.total(|w, _| mass(w) * w);
        Ok(atoms.total(|w, x| mass(w) * x) + (1.0 - seen).max(0.0) * self.mean_reward())
    }

    /// The profile-likelihood interval of V: all `E_Q[w·r]` over distributions Q on the two ranges, with `E_Q[w] = 1` and
    /// Σ ln(n Q_i) no more than half the 1 − `alpha` quantile of F(1, n − 1) below its maximum. Q may put mass on events
    /// that were never seen. Claims *at least* its coverage for large samples, and is good from some tens of events on.
    /// Lies inside the reward range by construction.
    ///
    /// Up to some 200 passes over the cells for each end, and one more number of memory per cell.
    ///
    /// # Errors
    /// As [`cautious_likelihood`](Self::cautious_likelihood), fewer than two events, `alpha` outside (0, 1), or a reward
    /// outside `rewards`.
    pub fn cautious_likelihood_interval(
        &self,
        weights: &WeightRange,
        rewards: &RewardRange,
        alpha: f64,
    ) -> Result<Interval, BoundsError> {
        let alpha = range::checked_alpha(alpha)?;
        self.enough(2)?;
        self.weights_within(weights)?;
        rewards.check(self.reward.0)?;
        rewards.check(self.reward.1)?;
        let atoms = self.atoms();
        let beta = tilt(&atoms, weights) / atoms.n;
        let spare = 0.5 * student_quantile(atoms.n - 1.0, alpha / 2.0).powi(2);
        let best = atoms.total(|w, _| (beta * (w - 1.0)).ln_1p());
        let shrink = (-(best + spare) / atoms.n).exp();
        let least = |from_the_end: &dyn Fn(f64, f64) -> f64| {
            let gain = |(w, x): (&f64, &f64)| (from_the_end(*w, *x) / rewards.width()).max(0.0);
            let gains = atoms.w.iter().zip(&atoms.x).map(gain).collect();
            Profile { atoms: &atoms, gains, range: weights, shrink }.least().clamp(0.0, 1.0)
        };
        let lower = rewards.at(least(&|w, x| x - w * rewards.min()));
        let upper = rewards.at(1.0 - least(&|w, x| w * rewards.max() - x));
        Ok(Interval { lower, upper })
    }

    /// At least `wanted` events, and not all weights zero.
    pub(super) fn enough(&self, wanted: u64) -> Result<(), BoundsError> {
        if self.events < wanted {
            Err(BoundsError::TooFew { events: self.events, wanted })
        } else if self.weight.1 == 0.0 {
            Err(BoundsError::NoOverlap { events: self.events })
        } else {
            Ok(())
        }
    }

    fn weights_within(&self, weights: &WeightRange) -> Result<(), BoundsError> {
        weights.check(self.weight.0)?;
        weights.check(self.weight.1)
    }
}

/// The maximiser β of Σ ln(n + β(w_i − 1)), a concave function: where its slope changes sign, or the nearer end of the
/// β's that leave mass ≥ 0 at both ends of the weight range and no event more than all the mass.
fn tilt(atoms: &Atoms, range: &WeightRange) -> f64 {
    let n = atoms.n;
    let (mut low, mut high) = ((n / (1.0 - range.max())).min(0.0), n / (1.0 - range.min()));
    for w in &atoms.w {
        if *w < 1.0 {
            high = high.min((n - 1.0) / (1.0 - w));
        } else if *w > 1.0 {
            low = low.max((n - 1.0) / (1.0 - w));
        }
    }
    let slope = |beta: f64| atoms.total(|w, _| (w - 1.0) / (n + beta * (w - 1.0)));
    if slope(low) <= 0.0 {
        low
    } else if slope(high) >= 0.0 {
        high
    } else {
        solve(low, high, 0.0, slope)
    }
}

/// The least `E_Q[g]` over Q that are likely enough, where g = w · (reward's distance from its end, scaled to [0, 1]),
/// and mass that was never seen has g = 0. Its dual, with c = exp(−allowed loss of log-likelihood / n):
///
/// max over (γ, b) of c · exp(mean of ln d_i) − γ − b, with d_i = γ + b·w_i + g_i, and γ + b·w ≥ 0 for every possible
/// w,
///
/// since the multiplier of the likelihood has the closed form c · exp(mean of ln d_i). Concave in (γ, b).
struct Profile<'a> {
    atoms: &'a Atoms,
    gains: Vec<f64>,
    range: &'a WeightRange,
    shrink: f64,
}

/// The dual function at a point, with its slopes.
#[derive(Clone, Copy)]
struct Dual {
    value: f64,
    in_t: f64,
    in_b: f64,
}

impl Profile<'_> {
    fn least(&self) -> f64 {
        let mut best = f64::NEG_INFINITY;
        let mut slope = |b: f64| {
            let dual = self.best_for(b);
            best = best.max(dual.value);
            dual.in_b
        };
        if slope(0.0) > 0.0 {
            let far = expand(&mut slope, 1.0);
            solve(0.0, far, FLOOR, &mut slope);
        } else if self.range.max().is_finite() {
            let mut mirrored = |b: f64| -slope(-b);
            // The slope jumps at b = 0: take it from below.
            if mirrored(f64::MIN_POSITIVE) > 0.0 {
                let far = expand(&mut mirrored, 1.0);
                solve(f64::MIN_POSITIVE, far, FLOOR, &mut mirrored);
            }
        }
        best
    }

    /// The best γ for this b, with the slope in b along the best γ's.
    fn best_for(&self, b: f64) -> Dual {
        let mut last = self.at(b, FLOOR);
        if last.in_t > 0.0 {
            let mut slope = |t: f64| {
                last = self.at(b, t);
                last.in_t
            };
            let far = expand(&mut slope, 1.0);
            let t = solve(FLOOR, far, FLOOR, &mut slope);
            last = self.at(b, t);
        }
        last
    }

    /// At b and γ = (the least γ that b allows) + t. With w* the weight at which that γ binds, d_i = t + b(w_i − w*) +
    /// g_i.
    fn at(&self, b: f64, t: f64) -> Dual {
        let binding = if b >= 0.0 { self.range.min() } else { self.range.max() };
        let n = self.atoms.n;
        let (mut logs, mut inverse, mut tilted) = (Compensated::default(), 0.0, 0.0);
        for ((events, w), g) in self.atoms.events.iter().zip(&self.atoms.w).zip(&self.gains) {
            let off = w - binding;
            let d = t + b * off + g;
            logs.add(events * d.ln());
            inverse += events / d;
            tilted += events * off / d;
        }
        let mass = self.shrink * (logs.total() / n).exp();
        Dual {
            value: mass - t - b * (1.0 - binding),
            in_t: mass * inverse / n - 1.0,
            in_b: mass * tilted / n - (1.0 - binding),
        }
    }
}

/// A point beyond `start` at which a falling `slope` is no longer positive.
fn expand(slope: &mut impl FnMut(f64) -> f64, start: f64) -> f64 {
    let mut far = start;
    while slope(far) > 0.0 && far < 1e18 {
        far *= 4.0;
    }
    far
}
