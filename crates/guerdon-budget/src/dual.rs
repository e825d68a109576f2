//! The Lagrangian dual of several limits, and its entropy-smoothed form with slope and curvature (Nesterov 2005).
//!
//! D(y) = Σᵢ maxⱼ (vᵢⱼ − y·aᵢⱼ) + Σ yₘ⁺ Uₘ − yₘ⁻ Lₘ; the smoothed one has τ·logsumexp in place of the maximum.

use crate::batch::Batch;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use crate::sum::Sum;
use crate::units;
use guerdon_core::Result;

/// What one reading gives at given prices.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// Σᵢ maxⱼ, without the limits' own terms.
    pub(crate) hard: f64,
    /// The same with τ·logsumexp.
    pub(crate) soft: f64,
    /// Units used under the softmax, one a limit.
    pub(crate) used: Vec<f64>,
    /// Covariance of the units used, summed over members, divided by τ; limits × limits.
    pub(crate) curvature: Vec<f64>,
}

#[derive(Default)]
struct Part {
    hard: Sum,
    soft: Sum,
    used: Vec<f64>,
    curvature: Vec<f64>,
}

/// Reads the members once at prices `y` (one a limit, negative for floors) and temperature `tau` > 0.
pub(crate) fn read<M: Members + ?Sized>(members: &M, limits: &[Limit], y: &[f64], tau: f64) -> Result<Reading> {
    let n = limits.len();
    let mut all = Part { used: vec![0.0; n], curvature: vec![0.0; n * n], ..Part::default() };
    pass::ordered(
        members,
        |batch, _| batch_reading(batch, limits, y, tau),
        |part| {
            all.hard.merge(part.hard);
            all.soft.merge(part.soft);
            all.used.iter_mut().zip(part.used).for_each(|(a, b)| *a += b);
            all.curvature.iter_mut().zip(part.curvature).for_each(|(a, b)| *a += b);
            Ok(())
        },
    )?;
    Ok(Reading { hard: all.hard.value(), soft: all.soft.value(), used: all.used, curvature: all.curvature })
}

fn batch_reading(batch: &Batch, limits: &[Limit], y: &[f64], tau: f64) -> Part {
    let (n, resources) = (limits.len(), batch.resources());
    let mut part = Part { used: vec![0.0; n], curvature: vec![0.0; n * n], ..Part::default() };
    let mut scores: Vec<f64> = Vec::with_capacity(batch.options());
    let mut likely: Vec<(usize, f64)> = Vec::with_capacity(batch.options());
    let (mut mean, mut cov) = (vec![0.0; resources], vec![0.0; resources * resources]);
    for member in 0..batch.len() {
        let segments = batch.segments(member);
        scores.clear();
        scores.extend_from_slice(batch.values(member));
        for (limit, price) in limits.iter().zip(y) {
            if *price != 0.0 && limit.counts(segments) {
                let costs = batch.costs(member, limit.resource);
                scores.iter_mut().zip(costs).for_each(|(s, c)| *s -= price * units::amount(*c));
            }
        }
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        likely.clear();
        let mut total = 0.0;
        for (option, score) in scores.iter().enumerate() {
            let x = (score - best) / tau;
            if x > -30.0 {
                let weight = x.exp();
                total += weight;
                likely.push((option, weight));
            }
        }
        part.hard.add(best);
        part.soft.add(best + tau * total.ln());
        for (r, mean) in mean.iter_mut().enumerate() {
            let costs = batch.costs(member, r);
            *mean = likely.iter().map(|(o, w)| w * units::amount(costs[*o])).sum::<f64>() / total;
        }
        let spread = likely.len() > 1;
        if spread {
            for r in 0..resources {
                let a = batch.costs(member, r);
                for s in 0..=r {
                    let b = batch.costs(member, s);
                    let deviations = likely
                        .iter()
                        .map(|(o, w)| w * (units::amount(a[*o]) - mean[r]) * (units::amount(b[*o]) - mean[s]));
                    let c = deviations.sum::<f64>() / (total * tau);
                    (cov[r * resources + s], cov[s * resources + r]) = (c, c);
                }
            }
        }
        for (k, limit) in limits.iter().enumerate().filter(|(_, l)| l.counts(segments)) {
            part.used[k] += mean[limit.resource];
            if spread {
                for (l, other) in limits.iter().enumerate().filter(|(_, l)| l.counts(segments)) {
                    part.curvature[k * n + l] += cov[limit.resource * resources + other.resource];
                }
            }
        }
    }
    part
}
