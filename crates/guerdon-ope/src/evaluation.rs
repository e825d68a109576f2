//! One pass over a log for one target policy: every estimator named, and the certificate.

use crate::estimate::normal_interval;
use crate::{Certificate, ClusterMoments, Estimate, Estimator, Gates, Status, Terms};

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
}

impl Row<'_> {
    /// The numbers that estimators use.
    pub fn terms(&self) -> Terms {
        let (q_logged, v_target) = match self.q_hat {
            Some(q) => (q[self.action], self.target.iter().zip(q).map(|(p, q)| p * q).sum()),
            None => (f64::NAN, f64::NAN),
        };
        Terms { reward: self.reward, weight: self.target[self.action] / self.propensity, q_logged, v_target }
    }
}

/// What a target policy is worth on a log: push every row once, ask for the estimates. Two evaluations of different
/// members can be merged.
#[derive(Debug, Clone)]
pub struct Evaluation {
    estimators: Vec<(Estimator, ClusterMoments<2>)>,
    weights: ClusterMoments<2>,
    squares: f64,
    largest: f64,
    target_mass: Vec<f64>,
    logged: Vec<u64>,
    gates: Gates,
    notes: Vec<String>,
}

impl Evaluation {
    /// For these estimators, over a catalogue of `actions`.
    pub fn new(estimators: &[Estimator], actions: usize) -> Self {
        Evaluation {
            estimators: estimators.iter().map(|e| (*e, ClusterMoments::default())).collect(),
            weights: ClusterMoments::default(),
            squares: 0.0,
            largest: 0.0,
            target_mass: vec![0.0; actions],
            logged: vec![0; actions],
            gates: Gates::default(),
            notes: vec![],
        }
    }

    /// Something that every reader of these estimates must know (say, that propensities were estimated).
    pub fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    /// Adds one row of `member`; a member's rows must follow each other.
    pub fn push(&mut self, member: u64, row: &Row<'_>) {
        let terms = row.terms();
        for (estimator, moments) in &mut self.estimators {
            let (numerator, denominator) = estimator.ratio_terms(&terms);
            moments.push(member, [numerator, denominator]);
        }
        self.weights.push(member, [terms.weight, 1.0]);
        self.squares += terms.weight * terms.weight;
        self.largest = self.largest.max(terms.weight);
        self.logged[row.action] += 1;
        self.target_mass.iter_mut().zip(row.target).for_each(|(mass, p)| *mass += p);
    }

    /// Adds all that `other` saw, of other members.
    pub fn merge(&mut self, other: Evaluation) {
        for ((_, mine), (_, theirs)) in self.estimators.iter_mut().zip(other.estimators) {
            mine.merge(theirs);
        }
        self.weights.merge(other.weights);
        self.squares += other.squares;
        self.largest = self.largest.max(other.largest);
        self.target_mass.iter_mut().zip(other.target_mass).for_each(|(a, b)| *a += b);
        self.logged.iter_mut().zip(other.logged).for_each(|(a, b)| *a += b);
    }

    /// The facts behind acceptance or refusal.
    pub fn certificate(&self) -> Certificate {
        let n = self.weights.rows();
        let [sum, count] = self.weights.sums();
        let mean = if n == 0 { 0.0 } else { sum / count };
        let variance = self.weights.variance([1.0 / count.max(1.0), -mean / count.max(1.0)]);
        let unsupported: Vec<usize> =
            (0..self.logged.len()).filter(|a| self.logged[*a] == 0 && self.target_mass[*a] > 0.0).collect();
        let mass: f64 = unsupported.iter().map(|a| self.target_mass[*a]).sum();
        Certificate {
            n,
            clusters: self.weights.clusters(),
            ess: if self.squares > 0.0 { sum * sum / self.squares } else { 0.0 },
            max_weight: self.largest,
            mean_weight: mean,
            mean_weight_se: variance.map_or(f64::INFINITY, f64::sqrt),
            unsupported_mass: if n == 0 { 0.0 } else { mass / n as f64 },
            unsupported_actions: unsupported,
        }
    }

    /// The estimates, in the order asked for, with normal intervals clustered by member at `confidence` in (0, 1).
    /// Where a gate refuses, the numbers are withheld and the reasons given.
    pub fn estimates(&self, confidence: f64) -> Vec<Estimate> {
        let certificate = self.certificate();
        let refusals = certificate.refusals(&self.gates);
        self.estimators
            .iter()
            .map(|(estimator, moments)| self.estimate(*estimator, moments, &certificate, &refusals, confidence))
            .collect()
    }

    fn estimate(
        &self,
        estimator: Estimator,
        moments: &ClusterMoments<2>,
        certificate: &Certificate,
        refusals: &[String],
        confidence: f64,
    ) -> Estimate {
        let value = ratio(moments);
        let mut reasons = refusals.to_vec();
        if reasons.is_empty() && !value.is_finite() {
            reasons.push(if estimator.needs_model() {
                "no outcome model was given, or it has no prediction for an action that this policy takes".into()
            } else {
                "the sum of weights is zero or not finite".into()
            });
        }
        let ok = reasons.is_empty();
        let (lower, upper) =
            if ok { normal_interval(value, ratio_variance(moments), confidence) } else { (None, None) };
        if ok {
            reasons.extend(self.notes.iter().cloned());
            if estimator == Estimator::Dm {
                reasons.push("the interval leaves out the error of the outcome model".into());
            }
        }
        Estimate {
            estimator,
            status: if ok { Status::Ok } else { Status::NotEvaluable },
            value: ok.then_some(value),
            lower,
            upper,
            confidence,
            ess: certificate.ess,
            max_weight: certificate.max_weight,
            mean_weight: certificate.mean_weight,
            n: certificate.n,
            reasons,
        }
    }
}

fn ratio(moments: &ClusterMoments<2>) -> f64 {
    let [numerator, denominator] = moments.sums();
    numerator / denominator
}

fn ratio_variance(moments: &ClusterMoments<2>) -> Option<f64> {
    let [_, denominator] = moments.sums();
    moments.variance([1.0 / denominator, -ratio(moments) / denominator])
}
