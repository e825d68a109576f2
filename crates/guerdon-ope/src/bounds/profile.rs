//! Owen's empirical likelihood of V = `E[w·r]` over the events seen, with `E[w] = 1` as a known moment (Owen 1988, 2001
//! §3; Qin & Lawless 1994): calibrated for large samples, and without ranges of weights or rewards.

use super::cells::Atoms;
use super::root::solve;
use super::special::student_quantile;
use super::{BoundsError, Interval, WeightedCells, range};

/// Steps of Newton's method; it takes five to ten.
const STEPS: usize = 100;

/// Log-likelihood that is left to gain at which the last step is taken.
const CLOSE: f64 = 1e-13;

impl WeightedCells {
    /// The most likely V: Σ Q_i w_i r_i with Q_i = 1 / (n (1 + λ(w_i − 1))) over the events seen, λ such that
    /// Σ Q_i w_i = 1. To first order the regression estimate with w as control, of the same variance.
    ///
    /// # Errors
    /// No event, or weights that all lie on one side of 1, so that they can't have mean one.
    pub fn empirical_likelihood(&self) -> Result<f64, BoundsError> {
        self.straddles(1)?;
        Ok(Problem::new(&self.atoms()).best)
    }

    /// The profile-likelihood interval of V around it: every v for which twice the log-likelihood that Σ Q_i w_i r_i = v
    /// costs, beyond what Σ Q_i w_i = 1 costs, is at most the 1 − `alpha` quantile of F(1, n − 1) (χ²₁ for large n). Claims
    /// its coverage for large samples. Mass on events that the log has not shown is not thought of: for that see
    /// [`cautious_likelihood_interval`](Self::cautious_likelihood_interval), which is wider. Where all rewards seen are
    /// equal it has no width, as the normal interval of a constant has none.
    ///
    /// # Errors
    /// As [`empirical_likelihood`](Self::empirical_likelihood), fewer than two events, or `alpha` outside (0, 1).
    pub fn empirical_likelihood_interval(&self, alpha: f64) -> Result<Interval, BoundsError> {
        let alpha = range::checked_alpha(alpha)?;
        self.straddles(2)?;
        let atoms = self.atoms();
        let problem = Problem::new(&atoms);
        let far = student_quantile(atoms.n - 1.0, alpha / 2.0);
        Ok(Interval { lower: problem.end(-1.0, far), upper: problem.end(1.0, far) })
    }

    fn straddles(&self, wanted: u64) -> Result<(), BoundsError> {
        self.enough(wanted)?;
        let (min, max) = self.weight;
        let can = (min < 1.0 && max > 1.0) || (min == 1.0 && max == 1.0);
        if can { Ok(()) } else { Err(BoundsError::MeanWeight { min, max }) }
    }
}

/// The multipliers of w − 1 and of w·r − v.
type Dual = [f64; 2];

struct Problem<'a> {
    atoms: &'a Atoms,
    /// Standard error of V to first order: the scale of v.
    scale: f64,
    /// λ at no constraint on V, and the cost of `E[w] = 1` alone.
    start: f64,
    cost: f64,
    best: f64,
}

impl<'a> Problem<'a> {
    fn new(atoms: &'a Atoms) -> Self {
        let n = atoms.n;
        let mut problem = Problem { atoms, scale: 0.0, start: 0.0, cost: 0.0, best: 0.0 };
        let ([start, _], cost) = problem.maximum([0.0, 0.0], None, f64::INFINITY);
        (problem.start, problem.cost) = (start, cost);
        let mass = |w: f64| 1.0 / (1.0 + start * (w - 1.0));
        problem.best = atoms.total(|w, x| mass(w) * x) / n;
        let best = problem.best;
        let ww = atoms.total(|w, _| mass(w) * (w - 1.0) * (w - 1.0));
        let wx = atoms.total(|w, x| mass(w) * (w - 1.0) * (x - best));
        let xx = atoms.total(|w, x| mass(w) * (x - best) * (x - best));
        let left = if ww > 0.0 { xx - wx * wx / ww } else { xx };
        problem.scale = if left > 1e-12 * xx { left.sqrt() / n } else { 0.0 };
        problem
    }

    /// Where the signed root of the cost reaches `far`, on one side of the best.
    fn end(&self, side: f64, far: f64) -> f64 {
        if self.scale == 0.0 {
            return self.best;
        }
        let mut dual = [self.start, 0.0];
        let mut beyond = |steps: f64| {
            let v = self.best + side * steps * self.scale;
            let (found, cost) = self.maximum(dual, Some(v), self.cost + 2.0 * far * far + 8.0);
            // Beyond the hull of what was seen there is no maximum to start from again.
            dual = if cost.is_finite() && cost < self.cost + 2.0 * far * far { found } else { [self.start, 0.0] };
            (2.0 * (cost - self.cost).max(0.0)).sqrt() - far
        };
        let mut outside = 1.25 * far;
        while beyond(outside) < 0.0 && outside < 1e9 {
            outside *= 2.0;
        }
        self.best + side * self.scale * solve(0.0, outside, 1e-12, beyond)
    }

    /// The largest Σ ln(1 + λ(w − 1) + μ(x − v)), by damped Newton steps from `dual` (where these are out of bounds: from
    /// nothing). Ends early once it exceeds `enough`. Without v, μ stays 0.
    fn maximum(&self, dual: Dual, v: Option<f64>, enough: f64) -> (Dual, f64) {
        let (mut at, mut found) = (dual, self.slopes(dual, v));
        if found.is_none() {
            at = [0.0, 0.0];
            found = self.slopes(at, v);
        }
        let Some(mut now) = found else { return (at, 0.0) };
        for _ in 0..STEPS {
            let step = now.step();
            let gain = step[0] * now.slope[0] + step[1] * now.slope[1];
            if now.value > enough {
                break;
            }
            if gain <= CLOSE {
                // Newton's method squares this error: one step more leaves none. Values no longer tell it from rounding.
                at = [at[0] + step[0], at[1] + step[1]];
                break;
            }
            // Damped far from the maximum; Σ ln is self-concordant, so that such a step stays inside and gains.
            let mut share = if gain > 0.0625 { 1.0 / (1.0 + gain.sqrt()) } else { 1.0 };
            let mut next = None;
            for _ in 0..30 {
                let there = [at[0] + share * step[0], at[1] + share * step[1]];
                next = self.slopes(there, v).filter(|next| next.value >= now.value).map(|next| (there, next));
                if next.is_some() {
                    break;
                }
                share *= 0.5;
            }
            match next {
                Some((there, better)) => (at, now) = (there, better),
                None => break,
            }
        }
        (at, now.value)
    }

    /// Value, slopes and curvature; nothing where a mass would not be positive.
    fn slopes(&self, [lambda, mu]: Dual, v: Option<f64>) -> Option<Slopes> {
        let mut sums = [0.0; 6];
        let atoms = self.atoms;
        for ((events, w), x) in atoms.events.iter().zip(&atoms.w).zip(&atoms.x) {
            let (u, y) = (w - 1.0, v.map_or(0.0, |v| x - v));
            let z = lambda * u + mu * y;
            if z <= -1.0 {
                return None;
            }
            let inverse = 1.0 / (1.0 + z);
            let (u, y) = (u * inverse, y * inverse);
            let terms = [z.ln_1p(), u, y, u * u, u * y, y * y];
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += events * term);
        }
        let [value, u, y, uu, uy, yy] = sums;
        value.is_finite().then_some(Slopes { value, slope: [u, y], curve: [uu, uy, yy] })
    }
}

struct Slopes {
    value: f64,
    slope: Dual,
    /// Minus the second derivatives: λλ, λμ, μμ.
    curve: [f64; 3],
}

impl Slopes {
    /// Newton's step; a direction without curvature is left alone.
    fn step(&self) -> Dual {
        let ([a, b, c], [u, y]) = (self.curve, self.slope);
        if a <= 0.0 {
            return [0.0, if c > 0.0 { y / c } else { 0.0 }];
        }
        let left = c - b * b / a;
        let mu = if left > 1e-13 * c { (y - b / a * u) / left } else { 0.0 };
        [(u - b * mu) / a, mu]
    }
}
