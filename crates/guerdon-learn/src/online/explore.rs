//! Exploration: from each arm's estimate to a distribution over the arms. One function per rule.

use super::ridge::Link;

/// How many arms are eligible.
pub(super) fn count(eligible: &[bool]) -> usize {
    eligible.iter().filter(|eligible| **eligible).count()
}

/// The eligible arm of the largest score; among equals the first.
pub(super) fn best(scores: &[f64], eligible: &[bool]) -> Option<usize> {
    let arms = scores.iter().zip(eligible).enumerate().filter(|(_, (_, eligible))| **eligible);
    let top = arms.reduce(|top, arm| if arm.1.0 > top.1.0 { arm } else { top });
    top.map(|(arm, _)| arm)
}

/// The largest score for certain; exact equals share evenly.
pub(super) fn greedy(scores: &[f64], eligible: &[bool], out: &mut [f64]) {
    let top = best(scores, eligible).and_then(|arm| scores.get(arm)).copied();
    share(out, scores.iter().zip(eligible).map(|(score, eligible)| *eligible && Some(*score) == top));
}

/// Evenly among the arms that `chosen` says yes to.
fn share(out: &mut [f64], chosen: impl Iterator<Item = bool>) {
    out.iter_mut().zip(chosen).for_each(|(p, chosen)| *p = f64::from(u8::from(chosen)));
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|p| *p /= sum.max(1.0));
}

/// p ← (1 − ε) p + ε / eligible arms.
pub(super) fn mix_uniform(epsilon: f64, eligible: &[bool], out: &mut [f64]) {
    let each = epsilon / count(eligible).max(1) as f64;
    for (p, eligible) in out.iter_mut().zip(eligible) {
        *p = if *eligible { (1.0 - epsilon) * *p + each } else { 0.0 };
    }
}

/// Boltzmann exploration: p(a) ∝ exp(r̂(a) / temperature).
pub(super) fn softmax(temperature: f64, rewards: &[f64], eligible: &[bool], out: &mut [f64]) {
    let Some(top) = best(rewards, eligible).and_then(|arm| rewards.get(arm)) else { return };
    for ((p, reward), eligible) in out.iter_mut().zip(rewards).zip(eligible) {
        *p = if *eligible { ((reward - top) / temperature).exp() } else { 0.0 };
    }
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|p| *p /= sum);
}

/// Inverse gap weighting (Abe & Long 1999; SquareCB, Foster & Rakhlin 2020, alg. 1): p(a) = 1 / (K + γ · gap(a)), and
/// the best arm gets the rest.
pub(super) fn inverse_gap(gamma: f64, rewards: &[f64], eligible: &[bool], out: &mut [f64]) {
    let arms = count(eligible) as f64;
    with_rest(rewards, eligible, out, |gap, _| 1.0 / (arms + gamma * gap));
}

/// FastCB's weighting (Foster & Krishnamurthy 2021, alg. 1) over losses 1 − r̂: with the least loss l*,
/// p(a) = l* / (K l* + γ · gap(a)), and the best arm gets the rest.
pub(super) fn reweighted_inverse_gap(gamma: f64, rewards: &[f64], eligible: &[bool], out: &mut [f64]) {
    let arms = count(eligible) as f64;
    with_rest(rewards, eligible, out, |gap, top| {
        let least = (1.0 - top).clamp(0.0, 1.0);
        if least > 0.0 { least / (arms * least + gamma * gap) } else { 0.0 }
    });
}

/// `chance(gap, best reward)` for each eligible arm but the best, which gets what is left.
fn with_rest(rewards: &[f64], eligible: &[bool], out: &mut [f64], chance: impl Fn(f64, f64) -> f64) {
    let Some(first) = best(rewards, eligible) else { return };
    let top = rewards.get(first).copied().unwrap_or_default();
    let mut rest = 1.0;
    for (arm, ((p, reward), eligible)) in out.iter_mut().zip(rewards).zip(eligible).enumerate() {
        *p = if *eligible && arm != first { chance(top - reward, top) } else { 0.0 };
        rest -= *p;
    }
    if let Some(p) = out.get_mut(first) {
        *p = rest.max(0.0);
    }
}

/// RegCB by elimination (Foster et al. 2018, alg. 1): evenly among the arms whose upper bound m + αs reaches the largest
/// lower bound. For ridge regression the set {f: risk(f) − risk(f̂) ≤ β} bounds predictions by m ± √β s.
pub(super) fn eliminate(alpha: f64, means: &[f64], deviations: &[f64], eligible: &[bool], out: &mut [f64]) {
    let arms = || means.iter().zip(deviations).zip(eligible);
    let lower = arms().filter(|(_, eligible)| **eligible).map(|((m, s), _)| m - alpha * s);
    let lower = lower.fold(f64::NEG_INFINITY, f64::max);
    share(out, arms().map(|((m, s), eligible)| *eligible && m + alpha * s >= lower));
}

/// Predictions on the scale of rewards.
pub(super) fn rewards(link: Link, means: &[f64]) -> Vec<f64> {
    means.iter().map(|mean| link.mean(*mean)).collect()
}
