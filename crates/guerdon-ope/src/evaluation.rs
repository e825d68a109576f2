//! One pass over a log for one target policy: every estimator named, and the certificate.

use crate::bootstrap::Bootstrap;
use crate::estimate::normal_interval;
use crate::sheet::Sheet;
use crate::tail::Tail;
use crate::{Certificate, Classes, Estimate, Estimator, Facts, Gates, JointMoments, Row, Status, Terms, Verdict};
use guerdon_core::Seed;

/// What a target policy is worth on a log: push every row once, ask for the estimates. Two evaluations of different
/// members can be merged.
#[derive(Debug, Clone)]
pub struct Evaluation {
    estimators: Vec<Estimator>,
    sheet: Sheet,
    classes: Classes,
    bootstrap: Option<Bootstrap>,
    squares: f64,
    largest: f64,
    tail: Tail,
    /// 1/(eligible actions · propensity) and the count, by member.
    inverse: JointMoments,
    propensities: (f64, f64),
    target_mass: Vec<f64>,
    logged: Vec<u64>,
    gates: Gates,
    facts: Facts,
    notes: Vec<String>,
}

impl Evaluation {
    /// For these estimators, over a catalogue of `actions`.
    pub fn new(estimators: &[Estimator], actions: usize) -> Self {
        Evaluation {
            estimators: estimators.to_vec(),
            sheet: Sheet::new(estimators),
            classes: Classes::default(),
            bootstrap: None,
            squares: 0.0,
            largest: 0.0,
            tail: Tail::default(),
            inverse: JointMoments::new(2),
            propensities: (f64::INFINITY, 0.0),
            target_mass: vec![0.0; actions],
            logged: vec![0; actions],
            gates: Gates::default(),
            facts: Facts::default(),
            notes: vec![],
        }
    }

    /// With the classes of actions that MIPS needs.
    pub fn with_classes(mut self, classes: Classes) -> Self {
        self.classes = classes;
        self
    }

    /// With intervals from `resamples` Poisson bootstraps of members instead of the normal ones; members are told apart by
    /// the numbers that they are pushed with, so those must not depend on how the log is read. Memory: `resamples` times
    /// the estimators' sums.
    pub fn with_bootstrap(mut self, resamples: usize, seed: Seed) -> Self {
        self.bootstrap = Some(Bootstrap::new(resamples, self.sheet.width(), seed));
        self
    }

    /// With other limits.
    pub fn with_gates(mut self, gates: Gates) -> Self {
        self.gates = gates;
        self
    }

    /// With what else is known of the log.
    pub fn with_facts(mut self, facts: Facts) -> Self {
        self.facts = facts;
        self
    }

    /// Something that every reader of these estimates must know.
    pub fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    /// Adds one row of `member`; a member's rows must follow each other.
    pub fn push(&mut self, member: u64, row: &Row<'_>) {
        let terms = row.terms_with(&self.classes);
        let eligible = row.eligible.unwrap_or(row.target.len()) as f64;
        self.count(member, row.propensity, row.propensity * eligible, &terms);
        self.logged[row.action] += 1;
        self.target_mass.iter_mut().zip(row.target).for_each(|(mass, p)| *mass += p);
    }

    /// Adds one decision of `member` of which only the terms are known, say one on a continuous dose; a member's rows must
    /// follow each other. `relative` is the logged action's propensity over that of an even choice: propensity × actions,
    /// or density × the width of the interval of doses; the certificate's calibration and range are of it. The certificate
    /// then can't name unsupported actions: ESS, the largest and the mean weight have to tell.
    pub fn push_terms(&mut self, member: u64, relative: f64, terms: &Terms) {
        self.count(member, relative, relative, terms);
    }

    fn count(&mut self, member: u64, propensity: f64, relative: f64, terms: &Terms) {
        self.sheet.push(member, terms);
        if let Some(bootstrap) = &mut self.bootstrap {
            bootstrap.push(member, self.sheet.last());
        }
        self.squares += terms.weight * terms.weight;
        self.largest = self.largest.max(terms.weight);
        self.tail.push(terms.weight);
        self.inverse.push(member, &[1.0 / relative, 1.0]);
        let (least, most) = self.propensities;
        self.propensities = (least.min(propensity), most.max(propensity));
    }

    /// Adds all that `other` saw, of other members.
    pub fn merge(&mut self, other: Evaluation) {
        self.sheet.merge(other.sheet);
        if let (Some(mine), Some(theirs)) = (&mut self.bootstrap, other.bootstrap) {
            mine.merge(&theirs);
        }
        self.squares += other.squares;
        self.largest = self.largest.max(other.largest);
        self.tail.merge(other.tail);
        self.inverse.merge(other.inverse);
        self.propensities =
            (self.propensities.0.min(other.propensities.0), self.propensities.1.max(other.propensities.1));
        self.target_mass.iter_mut().zip(other.target_mass).for_each(|(a, b)| *a += b);
        self.logged.iter_mut().zip(other.logged).for_each(|(a, b)| *a += b);
    }

    pub(crate) fn gates(&self) -> &Gates {
        &self.gates
    }

    pub(crate) fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    pub(crate) fn weights(&self) -> (f64, f64) {
        (self.squares / self.sheet.moments().rows().max(1) as f64, self.largest)
    }

    /// The facts behind acceptance or refusal.
    pub fn certificate(&self) -> Certificate {
        let weights = self.sheet.mean_weight();
        let moments = self.sheet.moments();
        let n = moments.rows();
        let mean = if n == 0 { 0.0 } else { weights.value };
        let sum = mean * n as f64;
        let variance = moments.variance(&weights.gradient);
        let unsupported: Vec<usize> =
            (0..self.logged.len()).filter(|a| self.logged[*a] == 0 && self.target_mass[*a] > 0.0).collect();
        let mass: f64 = unsupported.iter().map(|a| self.target_mass[*a]).sum();
        let (inverse, count) = (self.inverse.sum(0), self.inverse.sum(1).max(1.0));
        let calibration = inverse / count;
        let calibration_variance = self.inverse.variance(&[1.0 / count, -calibration / count]);
        Certificate {
            n,
            clusters: moments.clusters(),
            ess: if self.squares > 0.0 { sum * sum / self.squares } else { 0.0 },
            max_weight: self.largest,
            mean_weight: mean,
            mean_weight_se: variance.map_or(f64::INFINITY, f64::sqrt),
            unsupported_mass: if n == 0 { 0.0 } else { mass / n as f64 },
            unsupported_actions: unsupported,
            scarce_actions: self.scarce(),
            tail_shape: self.tail.shape(n),
            calibration,
            calibration_se: calibration_variance.map_or(f64::INFINITY, f64::sqrt),
            propensity_range: self.propensities,
            facts: self.facts.clone(),
        }
    }

    /// Actions by how often the target takes them for each time that the log did, most first; only those that the target
    /// takes more often than the log.
    fn scarce(&self) -> Vec<usize> {
        let ratio = |action: usize| self.target_mass[action] / (self.logged[action] as f64).max(0.5);
        let mut actions: Vec<usize> = (0..self.logged.len()).filter(|action| ratio(*action) > 1.0).collect();
        actions.sort_by(|a, b| ratio(*b).total_cmp(&ratio(*a)).then(a.cmp(b)));
        actions
    }

    /// The estimates, in the order asked for, with intervals clustered by member at `confidence` in (0, 1): normal ones by
    /// the delta method, or with the bootstrap's standard deviation if there is one. Where a gate refuses, the numbers are withheld
    /// and the reasons given.
    pub fn estimates(&self, confidence: f64) -> Vec<Estimate> {
        let certificate = self.certificate();
        let refusals = certificate.refusals(&self.gates);
        self.estimators.iter().map(|estimator| self.estimate(*estimator, &certificate, &refusals, confidence)).collect()
    }

    /// One estimate, with the gates asked once for many.
    pub(crate) fn estimate(
        &self,
        estimator: Estimator,
        certificate: &Certificate,
        refusals: &[String],
        confidence: f64,
    ) -> Estimate {
        let point = self.sheet.point(estimator);
        let mut reasons = refusals.to_vec();
        if let Some(own) = own_refusal(estimator, point.value, certificate) {
            reasons.push(own);
        }
        let ok = reasons.is_empty();
        let (lower, upper) = match &self.bootstrap {
            _ if !ok => (None, None),
            Some(bootstrap) => bootstrap.interval(&self.sheet, estimator, confidence),
            None => normal_interval(point.value, self.sheet.variance(estimator, &point), confidence),
        };
        let mut verdict = if ok { Verdict::Ok } else { Verdict::NotEvaluable };
        if ok {
            reasons = certificate.cautions(&self.gates, estimator.needs_model());
            if estimator == Estimator::Dm {
                reasons.push("the interval leaves out the error of the outcome model".into());
            }
            if !reasons.is_empty() {
                verdict = Verdict::Weak;
            }
            reasons.extend(self.notes.iter().cloned());
        }
        Estimate {
            estimator,
            status: if ok { Status::Ok } else { Status::NotEvaluable },
            verdict,
            value: ok.then_some(point.value),
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

/// Why this estimator in particular can't be given.
fn own_refusal(estimator: Estimator, value: f64, certificate: &Certificate) -> Option<String> {
    if estimator == Estimator::Replay {
        let (least, most) = certificate.propensity_range;
        if most - least > 1e-9 * most {
            return Some(format!(
                "replay needs a log that took every action alike; propensities run from {least} to {most}"
            ));
        }
    }
    if value.is_finite() {
        return None;
    }
    Some(match estimator {
        Estimator::Mips(_) => "no logging probabilities of all actions, or no classes of actions, were given".into(),
        model if model.needs_model() => {
            "no outcome model was given, or it has no prediction for an action that this policy takes".into()
        }
        _ => "the sum of weights is zero or not finite".to_owned(),
    })
}
