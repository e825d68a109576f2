//! What a stochastic policy is trained to maximise, as sums over logged decisions, and their exact gradients.
//!
//! Every objective sees a decision through three numbers of the policy: ρ = min(M, π(A)/p), the clipped importance ratio
//! of the logged action A with propensity p; b = Σ_a π(a) q̂(a); and log π(A). Rewards r are standardised net values.

/// One logged decision under the policy at hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// ρ = min(M, π(A)/p).
    pub ratio: f64,
    /// Σ_a π(a) q̂(a); 0 where no q̂ is used.
    pub base: f64,
    /// r − q̂(A); r where no q̂ is used.
    pub residual: f64,
    /// π(A).
    pub chance: f64,
    /// The weight of log π(A), at least 0; only the likelihood looks at it.
    pub weight: f64,
}

/// What is maximised, over n decisions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Objective {
    /// With t = b + ρ·(r − q̂(A)): mean(t) − λ √(Var(t) / n), the variance with n − 1.
    ///
    /// With q̂ = 0 inverse propensity scoring (Strehl et al. 2010) under the empirical variance penalty of counterfactual
    /// risk minimisation (POEM; Swaminathan & Joachims, ICML 2015); else doubly robust (Dudík et al. 2011).
    Mean {
        /// λ, in standard errors; at least 0.
        variance: f64,
    },
    /// S − λ √(V / n) with S = Σρr / Σρ and V = mean(ρ² (r − S)²) / mean(ρ)²: self-normalised (Norm-POEM; Swaminathan &
    /// Joachims, NeurIPS 2015).
    SelfNormalised {
        /// λ, in standard errors; at least 0.
        variance: f64,
    },
    /// Logarithmic smoothing (Sakhi, Aouali, Alquier & Chopin 2024). For costs c ≤ 0 the paper's estimate of
    /// risk is −(1/λ) mean log(1 − λ ρ c); in rewards r = −c ≥ 0 the value is (1/λ) mean log(1 + λ ρ r), never above
    /// mean(ρr), and mean(ρr) as λ → 0. A reward below 0 is a positive cost, for which the logarithm has a pole; it
    /// counts in full, ρr, so that the estimate stays below mean(ρr) term by term.
    Smoothed {
        /// λ, above 0.
        lambda: f64,
    },
    /// mean(weight · log π(A)).
    Likelihood,
}

/// What an objective that is no plain sum needs to know of all decisions at the policy where its gradient is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Anchor {
    n: f64,
    /// mean(t) or S.
    value: f64,
    /// √Var(t), or √mean(ρ²(r − S)²).
    deviation: f64,
    /// mean(ρ).
    ratio: f64,
    /// mean(ρ²(r − S)).
    lean: f64,
}

/// Derivatives of n · objective for one decision.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Slopes {
    /// By b.
    pub base: f64,
    /// By ρ.
    pub ratio: f64,
    /// By π(A) itself.
    pub chance: f64,
}

impl Point {
    /// b + ρ·(r − q̂(A)): the decision's part of a doubly robust value.
    pub fn term(&self) -> f64 {
        self.base + self.ratio * self.residual
    }
}

impl Objective {
    /// Whether gradients need an [`Anchor`]: where they don't, decisions count one by one.
    pub fn needs_anchor(&self) -> bool {
        match self {
            Objective::Mean { variance } => *variance > 0.0,
            Objective::SelfNormalised { .. } => true,
            Objective::Smoothed { .. } | Objective::Likelihood => false,
        }
    }

    /// The objective over all decisions; 0 without any.
    pub fn value(&self, points: &[Point]) -> f64 {
        let n = points.len().max(1) as f64;
        let anchor = self.anchor(points);
        let mean = |f: &dyn Fn(&Point) -> f64| points.iter().map(f).sum::<f64>() / n;
        match self {
            Objective::Mean { variance } => anchor.value - variance * anchor.deviation / n.sqrt(),
            Objective::SelfNormalised { variance } => {
                let spread = if anchor.ratio > 0.0 { anchor.deviation / anchor.ratio } else { 0.0 };
                anchor.value - variance * spread / n.sqrt()
            }
            Objective::Smoothed { lambda } => mean(&|point| smooth(point.ratio * point.residual, *lambda)),
            Objective::Likelihood => mean(&|point| point.weight * point.chance.ln()),
        }
    }

    /// The sums that gradients at this policy need.
    pub fn anchor(&self, points: &[Point]) -> Anchor {
        let n = points.len().max(1) as f64;
        let mean = |f: &dyn Fn(&Point) -> f64| points.iter().map(f).sum::<f64>() / n;
        match self {
            Objective::Mean { .. } => {
                let value = mean(&Point::term);
                let squares = mean(&|point| (point.term() - value).powi(2));
                Anchor { n, value, deviation: (squares * n / (n - 1.0).max(1.0)).sqrt(), ..Anchor::default() }
            }
            Objective::SelfNormalised { .. } => {
                let ratio = mean(&|point| point.ratio);
                let value = if ratio > 0.0 { mean(&|point| point.ratio * point.residual) / ratio } else { 0.0 };
                let lean = mean(&|point| point.ratio.powi(2) * (point.residual - value));
                let squares = mean(&|point| (point.ratio * (point.residual - value)).powi(2));
                Anchor { n, value, deviation: squares.sqrt(), ratio, lean }
            }
            Objective::Smoothed { .. } | Objective::Likelihood => Anchor { n, ..Anchor::default() },
        }
    }

    /// The derivatives for one decision, exact where `anchor` was taken at the same policy. Between two anchors the
    /// penalised mean moves along its majoriser (the square root and −mean² replaced by their tangents), as in POEM's
    /// stochastic steps; the self-normalised objective likewise keeps its ratio.
    pub fn slopes(&self, point: &Point, anchor: &Anchor) -> Slopes {
        match self {
            Objective::Mean { variance } => {
                let pull = if *variance > 0.0 && anchor.deviation > 0.0 {
                    let scale = anchor.n.sqrt() / ((anchor.n - 1.0).max(1.0) * anchor.deviation);
                    variance * scale * (point.term() - anchor.value)
                } else {
                    0.0
                };
                Slopes { base: 1.0 - pull, ratio: (1.0 - pull) * point.residual, chance: 0.0 }
            }
            Objective::SelfNormalised { variance } => {
                Slopes { ratio: self_normalised(*variance, point, anchor), ..Slopes::default() }
            }
            Objective::Smoothed { lambda } => {
                let r = point.residual;
                Slopes { ratio: r / (1.0 + lambda * point.ratio * r.max(0.0)), ..Slopes::default() }
            }
            Objective::Likelihood => Slopes { chance: point.weight / point.chance, ..Slopes::default() },
        }
    }
}

/// (1/λ) log(1 + λu) where u > 0, else u.
fn smooth(u: f64, lambda: f64) -> f64 {
    if u > 0.0 { (lambda * u).ln_1p() / lambda } else { u }
}

/// ∂/∂ρ of S − (λ/√n) √A / W, with A = mean(ρ²(r − S)²), W = mean(ρ) and B = mean(ρ²(r − S)), where S moves by
/// (r − S)/W, A by 2ρ(r − S)² − 2B(r − S)/W and W by 1.
fn self_normalised(variance: f64, point: &Point, anchor: &Anchor) -> f64 {
    let Anchor { n, value, deviation, ratio, lean } = *anchor;
    if ratio <= 0.0 {
        return 0.0;
    }
    let away = point.residual - value;
    let gain = away / ratio;
    if variance <= 0.0 || deviation <= 0.0 {
        return gain;
    }
    let spread = (point.ratio * away * away - lean * away / ratio) / (deviation * ratio) - deviation / (ratio * ratio);
    gain - variance / n.sqrt() * spread
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<Point> {
        (0..7)
            .map(|i| {
                let i = f64::from(i);
                Point {
                    ratio: 0.4 + 0.7 * (i * 1.3).sin().abs(),
                    base: 0.2 * i.cos(),
                    residual: (i * 0.9).sin() * 1.5,
                    chance: 0.1 + 0.1 * i,
                    weight: 1.0 + i,
                }
            })
            .collect()
    }

    const ALL: [Objective; 6] = [
        Objective::Mean { variance: 0.0 },
        Objective::Mean { variance: 1.7 },
        Objective::SelfNormalised { variance: 0.0 },
        Objective::SelfNormalised { variance: 1.7 },
        Objective::Smoothed { lambda: 0.6 },
        Objective::Likelihood,
    ];

    #[test]
    fn every_objectives_slopes_are_its_derivatives_by_finite_differences() {
        let points = points();
        let n = points.len() as f64;
        for objective in ALL {
            let anchor = objective.anchor(&points);
            for i in 0..points.len() {
                let moved = |change: &dyn Fn(&mut Point, f64)| {
                    let at = |by: f64| {
                        let mut points = points.clone();
                        change(&mut points[i], by);
                        objective.value(&points)
                    };
                    n * (at(1e-5) - at(-1e-5)) / 2e-5
                };
                let slopes = objective.slopes(&points[i], &anchor);
                for (found, expected) in [
                    (slopes.base, moved(&|point, by| point.base += by)),
                    (slopes.ratio, moved(&|point, by| point.ratio += by)),
                    (slopes.chance, moved(&|point, by| point.chance += by)),
                ] {
                    // The base belongs to the mean only; the others are given none.
                    assert!((found - expected).abs() < 1e-7, "{objective:?} at {i}: {found} against {expected}");
                }
            }
        }
    }

    #[test]
    fn smoothing_is_below_the_plain_mean_and_tends_to_it() {
        let points: Vec<Point> = points().into_iter().map(|point| Point { base: 0.0, ..point }).collect();
        let plain = Objective::Mean { variance: 0.0 }.value(&points);
        let smoothed = |lambda| Objective::Smoothed { lambda }.value(&points);
        assert!(smoothed(1.0) < smoothed(0.1) && smoothed(0.1) < plain);
        assert!((smoothed(1e-9) - plain).abs() < 1e-8);
    }

    #[test]
    fn a_penalty_takes_lambda_standard_errors_off_the_mean() {
        let points = points();
        let terms: Vec<f64> = points.iter().map(Point::term).collect();
        let mean = terms.iter().sum::<f64>() / 7.0;
        let error = (terms.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / 6.0 / 7.0).sqrt();
        assert!((Objective::Mean { variance: 2.0 }.value(&points) - (mean - 2.0 * error)).abs() < 1e-12);
    }

    #[test]
    fn without_spread_or_without_support_nothing_is_infinite() {
        let same = vec![Point { ratio: 1.0, base: 0.0, residual: 0.5, chance: 0.5, weight: 1.0 }; 3];
        let none = vec![Point { ratio: 0.0, base: 0.0, residual: 0.5, chance: 0.5, weight: 1.0 }; 3];
        for objective in ALL {
            for points in [&same, &none] {
                let slopes = objective.slopes(&points[0], &objective.anchor(points));
                assert!(objective.value(points).is_finite() && slopes.ratio.is_finite(), "{objective:?}");
            }
        }
    }
}
