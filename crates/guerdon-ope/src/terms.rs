//! What an estimator may use of one logged decision, and how that is made from a row.

use crate::estimators::Factors;

/// One logged decision, as the estimators see it. Slices run over the catalogue's actions.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Net value of the decision, in major units.
    pub reward: f64,
    /// π_b(a|x) of the logged action, in (0, 1].
    pub propensity: f64,
    /// Index of the logged action.
    pub action: usize,
    /// π_e(·|x): a probability per action.
    pub target: &'a [f64],
    /// q̂(x, ·) from a model that never saw this member, or nothing.
    pub q_hat: Option<&'a [f64]>,
    /// How many actions were eligible; all of them without it.
    pub eligible: Option<usize>,
    /// π_b(·|x): the logging probability of every action, where it is known; only MIPS needs it.
    pub logging: Option<&'a [f64]>,
}

/// The numbers that estimators use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Reward r.
    pub reward: f64,
    /// Importance weight w = π_e(a|x) / π_b(a|x).
    pub weight: f64,
    /// π_e(a|x) of the logged action; NaN where only the weight is known.
    pub chance: f64,
    /// q̂(x, a) of the logged action; NaN without a model.
    pub q_logged: f64,
    /// v̂(x) = Σ_a π_e(a|x) q̂(x, a); NaN without a model.
    pub v_target: f64,
    /// Weight of the logged action's class, Σ π_e / Σ π_b over the class, per set of factors; NaN where not asked for.
    pub(crate) class_weights: [f64; Factors::SETS],
}

impl Terms {
    /// A decision of which the weight is known and perhaps the model's two numbers (NaN for none), but no more.
    pub fn new(reward: f64, weight: f64, q_logged: f64, v_target: f64) -> Terms {
        Terms { reward, weight, chance: f64::NAN, q_logged, v_target, class_weights: [f64::NAN; Factors::SETS] }
    }
}

impl Row<'_> {
    /// The numbers that estimators use, but for those of MIPS.
    pub fn terms(&self) -> Terms {
        let (q_logged, v_target) = match self.q_hat {
            Some(q) => (q[self.action], dot(self.target, q)),
            None => (f64::NAN, f64::NAN),
        };
        let chance = self.target[self.action];
        Terms { chance, ..Terms::new(self.reward, chance / self.propensity, q_logged, v_target) }
    }

    /// As [`terms`](Self::terms), with the weights of the logged action's class under each of `classes`.
    pub fn terms_with(&self, classes: &Classes) -> Terms {
        let mut terms = self.terms();
        for (factors, classes) in &classes.0 {
            terms.class_weights[factors.place()] = self.class_weight(classes);
        }
        terms
    }

    fn class_weight(&self, classes: &[u32]) -> f64 {
        let Some(logging) = self.logging else { return f64::NAN };
        let class = classes[self.action];
        let (mut target, mut logged) = (0.0, 0.0);
        for ((of, e), b) in classes.iter().zip(self.target).zip(logging) {
            if *of == class {
                target += e;
                logged += b;
            }
        }
        target / logged
    }
}

/// Which actions count as one under each set of factors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Classes(Vec<(Factors, Vec<u32>)>);

impl Classes {
    /// Adds a set of factors: actions with the same entry in `classes` agree in all of them. One entry an action.
    pub fn with(mut self, factors: Factors, classes: Vec<u32>) -> Self {
        self.0.retain(|(known, _)| *known != factors);
        self.0.push((factors, classes));
        self
    }
}

/// Σ a·b in four running sums, which the compiler can keep in one register.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, rest) = (a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = fours.remainder().iter().zip(rest.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in fours.zip(rest) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + tail
}
