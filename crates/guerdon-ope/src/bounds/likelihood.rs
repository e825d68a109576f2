//! Empirical likelihood (Karampatziakis, Langford & Mineiro 2020, "Empirical Likelihood for Contextual
//! Bandits"; Owen 2001): the most likely distribution of
//! (w, r) with `E[w] = 1`, and the profile-likelihood interval of `E[w·r]`.
//!
//! These need all rows at every step, so they take slices and can't be merged. For logs too large for memory use
//! [`WeightedRewards::cressie_read`](super::WeightedRewards::cressie_read), which agrees with them to first order.

use super::root::solve;
use super::special::student_quantile;
use super::{BoundsError, Interval, RewardRange, WeightRange, range};
use crate::moments::Compensated;

/// Below this, in units of an n-th of the mass, a dual variable counts as being at its bound; costs 1e-12 of the reward
/// range.
const FLOOR: f64 = 1e-12;

/// The empirical-likelihood estimate of V: Q_i = 1 / (n + β(w_i − 1)), with β the maximiser of Σ ln(n + β(w_i − 1))
/// over those that leave every possible weight a mass ≥ 0. Mass that no logged event can hold takes the mean logged
/// reward. `weights` and `rewards` hold one entry per event. O(n) time per step of the root search, no extra memory.
///
/// # Errors
/// No event, all weights zero, slices of different lengths, a weight or reward that is not finite, or a weight outside
/// `weight_range`.
pub fn empirical_likelihood(weights: &[f64], rewards: &[f64], weight_range: &WeightRange) -> Result<f64, BoundsError> {
    checked(weights, rewards, weight_range, 1)?;
    let n = weights.len() as f64;
    let beta = tilt(weights, weight_range);
    let (mut seen, mut value, mut mean) = (Compensated::default(), Compensated::default(), Compensated::default());
    for (w, r) in weights.iter().zip(rewards) {
        let mass = 1.0 / (n + beta * (w - 1.0));
        seen.add(mass * w);
        value.add(mass * w * r);
        mean.add(r / n);
    }
    Ok(value.total() + (1.0 - seen.total()).max(0.0) * mean.total())
}

/// The profile-likelihood interval of V: all `E_Q[w·r]` over distributions Q on the two ranges, with `E_Q[w] = 1` and Σ
/// ln(n Q_i) no more than half the 1 − `alpha` quantile of F(1, n − 1) below its maximum. Q may put mass on events that
/// were never seen. Asymptotic, yet good from some tens of events on. Lies inside the reward range by construction.
///
/// Up to some 200 passes over the log for each end, and one more number of memory per event.
///
/// # Errors
/// As [`empirical_likelihood`], fewer than two events, `alpha` outside (0, 1), or a reward outside `reward_range`.
pub fn empirical_likelihood_interval(
    weights: &[f64],
    rewards: &[f64],
    weight_range: &WeightRange,
    reward_range: &RewardRange,
    alpha: f64,
) -> Result<Interval, BoundsError> {
    let alpha = range::checked_alpha(alpha)?;
    checked(weights, rewards, weight_range, 2)?;
    rewards.iter().try_for_each(|r| reward_range.check(*r))?;
    let n = weights.len() as f64;
    let beta = tilt(weights, weight_range) / n;
    let spare = 0.5 * student_quantile(n - 1.0, alpha / 2.0).powi(2);
    let best = total(weights.iter().map(|w| (beta * (w - 1.0)).ln_1p()));
    let shrink = (-(best + spare) / n).exp();
    let least = |from_the_end: &dyn Fn(f64) -> f64| {
        let gains = weights.iter().zip(rewards).map(|(w, r)| w * from_the_end(*r) / reward_range.width()).collect();
        Profile { weights, gains, range: weight_range, shrink }.least().clamp(0.0, 1.0)
    };
    let lower = reward_range.at(least(&|r| r - reward_range.min()));
    let upper = reward_range.at(1.0 - least(&|r| reward_range.max() - r));
    Ok(Interval { lower, upper })
}

fn checked(weights: &[f64], rewards: &[f64], range: &WeightRange, wanted: u64) -> Result<(), BoundsError> {
    if weights.len() != rewards.len() {
        return Err(BoundsError::Lengths { weights: weights.len(), rewards: rewards.len() });
    }
    let events = weights.len() as u64;
    if events < wanted {
        return Err(BoundsError::TooFew { events, wanted });
    }
    for (w, r) in weights.iter().zip(rewards) {
        range::checked_event(*w, *r)?;
        range.check(*w)?;
    }
    if weights.iter().all(|w| *w == 0.0) {
        return Err(BoundsError::NoOverlap { events });
    }
    Ok(())
}

/// The maximiser β of Σ ln(n + β(w_i − 1)), a concave function: where its slope changes sign, or the nearer end of the
/// β's that leave mass ≥ 0 at both ends of the weight range and no event more than all the mass.
fn tilt(weights: &[f64], range: &WeightRange) -> f64 {
    let n = weights.len() as f64;
    let (mut low, mut high) = ((n / (1.0 - range.max())).min(0.0), n / (1.0 - range.min()));
    for w in weights {
        if *w < 1.0 {
            high = high.min((n - 1.0) / (1.0 - w));
        } else if *w > 1.0 {
            low = low.max((n - 1.0) / (1.0 - w));
        }
    }
    let slope = |beta: f64| total(weights.iter().map(|w| (w - 1.0) / (n + beta * (w - 1.0))));
    if slope(low) <= 0.0 {
        low
    } else if slope(high) >= 0.0 {
        high
    } else {
        solve(low, high, 0.0, slope)
    }
}

fn total(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Compensated::default();
    terms.for_each(|term| sum.add(term));
    sum.total()
}

/// The least `E_Q[g]` over Q that are likely enough, where g = w · (reward's distance from its end, scaled to [0, 1]),
/// and mass that was never seen has g = 0. Its dual, with c = exp(−allowed loss of log-likelihood / n):
///
/// max over (γ, b) of c · exp(mean of ln d_i) − γ − b, with d_i = γ + b·w_i + g_i, and γ + b·w ≥ 0 for every possible
/// w,
///
/// since the multiplier of the likelihood has the closed form c · exp(mean of ln d_i). Concave in (γ, b).
struct Profile<'a> {
    weights: &'a [f64],
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
        let n = self.weights.len() as f64;
        let (mut logs, mut inverse, mut tilted) = (Compensated::default(), 0.0, 0.0);
        for (w, g) in self.weights.iter().zip(&self.gains) {
            let off = w - binding;
            let d = t + b * off + g;
            logs.add(d.ln());
            inverse += 1.0 / d;
            tilted += off / d;
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
