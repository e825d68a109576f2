//! One arm's regressor: recursive least squares with forgetting (Plackett 1950), or its logistic kin.
//!
//! State: A = ρI + Σ γ^age w x xᵀ and b = ρθ₀ + Σ γ^age w z x; the prediction is θᵀx with θ = A⁻¹b. A⁻¹ follows A by Sherman
//! and Morrison's formula (1950) and is made anew from A by Cholesky every so often, so that rounding can't pile up.
//! With the logistic link each step is one step of online Newton (the extended Kalman filter of West, Harrison & Migon
//! 1985): w = μ(1 − μ) and z = η + (r − μ)/w. Forgetting by age, for every arm alike, is that of Russac et al. (2019).

use super::linear_algebra::{add_diagonal, add_outer, add_scaled, diagonal, dot, invert, multiply};
use super::normal::Normal;
use guerdon_core::{Error, Result};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What a linear prediction says of the expected reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// It is the expected reward. Rewards are any finite number; penalties and widths assume a scale near 1.
    Identity,
    /// It is the log odds of the expected reward, which lies in [0, 1], as every reward must.
    Logistic,
}

impl Link {
    /// The expected reward at the linear prediction `eta`.
    pub fn mean(self, eta: f64) -> f64 {
        match self {
            Link::Identity => eta,
            Link::Logistic => 1.0 / (1.0 + (-eta).exp()),
        }
    }
}

/// The parameters of an [`OnlineRidge`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RidgeParameters {
    /// λ, the ridge penalty in units of observations of unit length; greater than 0. Default 1.
    pub lambda: f64,
    /// γ, how much an observation's weight keeps per step of the learner, in (0, 1]. 1 never forgets; 0.999 remembers
    /// some 1,000 steps. Default 1.
    pub forgetting: f64,
    /// Observations that are this many steps old are taken out; `None` keeps them. Costs their memory. At least 1.
    pub window: Option<u64>,
    /// What predictions say of rewards. Default [`Link::Identity`].
    pub link: Link,
}

impl Default for RidgeParameters {
    fn default() -> Self {
        RidgeParameters { lambda: 1.0, forgetting: 1.0, window: None, link: Link::Identity }
    }
}

impl RidgeParameters {
    pub(super) fn check(&self) -> Result<()> {
        let refused = |key: &str, given: String, wanted: &str| Err(Error::config("ridge", key, given, wanted));
        if !(self.lambda.is_finite() && self.lambda > 0.0) {
            return refused("lambda", self.lambda.to_string(), "a finite number above 0 would do");
        }
        if !(self.forgetting > 0.0 && self.forgetting <= 1.0) {
            return refused("forgetting", self.forgetting.to_string(), "a number in (0, 1] would do");
        }
        if self.window == Some(0) {
            return refused("window", "0".into(), "at least 1 step would do");
        }
        Ok(())
    }
}

/// The least weight w = μ(1 − μ) of an observation under the logistic link: keeps steps bounded where μ nears 0 or 1.
const LEAST_CURVATURE: f64 = 0.01;
/// A⁻¹ is made anew after this many rank-one changes, or four times the width if that is more.
const REBUILD_AFTER: usize = 1024;
/// A removal is done by rebuilding where 1 − w xᵀA⁻¹x is below this.
const LEAST_REMAINDER: f64 = 1e-6;

/// `x`, filled up with 0 or cut to `width`.
fn fitted(x: &[f64], width: usize) -> Vec<f64> {
    x.iter().copied().chain(std::iter::repeat(0.0)).take(width).collect()
}

/// Recursive ridge regression of one arm. All vectors are `[width]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnlineRidge {
    parameters: RidgeParameters,
    width: usize,
    #[serde(with = "super::bits")]
    precision: Vec<f64>,
    #[serde(with = "super::bits")]
    moment: Vec<f64>,
    #[serde(with = "super::bits")]
    covariance: Vec<f64>,
    #[serde(with = "super::bits")]
    weights: Vec<f64>,
    /// θ₀, to which the penalty draws: the penalty is ρ‖θ − θ₀‖².
    #[serde(with = "super::bits")]
    prior: Vec<f64>,
    /// The penalty that is left of λ since the last rebuild.
    #[serde(with = "super::bits::one")]
    ridge: f64,
    /// Up to which step forgetting has been worked in.
    at: u64,
    changes: usize,
    kept: VecDeque<Row>,
    #[serde(with = "super::bits")]
    product: Vec<f64>,
}

/// An observation that a window may have to take out again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    at: u64,
    #[serde(with = "super::bits")]
    x: Vec<f64>,
    /// w and w · z as they entered.
    #[serde(with = "super::bits::one")]
    weight: f64,
    #[serde(with = "super::bits::one")]
    moment: f64,
}

impl OnlineRidge {
    /// A regressor that has seen nothing, of `width` features.
    ///
    /// # Errors
    /// [`Error::Config`] for parameters out of range.
    pub fn new(parameters: RidgeParameters, width: usize) -> Result<OnlineRidge> {
        parameters.check()?;
        Ok(OnlineRidge {
            parameters,
            width,
            precision: diagonal(width, parameters.lambda),
            moment: vec![0.0; width],
            covariance: diagonal(width, 1.0 / parameters.lambda),
            weights: vec![0.0; width],
            prior: vec![0.0; width],
            ridge: parameters.lambda,
            at: 0,
            changes: 0,
            kept: VecDeque::new(),
            product: vec![0.0; width],
        })
    }

    /// The same regressor, drawn towards `prior` in place of 0. To be called before anything is learned; numbers that
    /// `prior` is short of are 0.
    pub fn with_prior(mut self, prior: &[f64]) -> OnlineRidge {
        self.prior.iter_mut().zip(prior).for_each(|(kept, given)| *kept = *given);
        self.moment.fill(0.0);
        add_scaled(&mut self.moment, self.parameters.lambda, &self.prior);
        self.weights.copy_from_slice(&self.prior);
        self
    }

    /// A draw from N(0, scale² A⁻¹), as of the last observation.
    pub(super) fn draw(&self, scale: f64, normal: &mut Normal) -> Vec<f64> {
        let covariance = DMatrix::from_row_slice(self.width, self.width, &self.covariance);
        let noise = DVector::from_fn(self.width, |_, _| normal.draw());
        match covariance.cholesky() {
            Some(factor) => (factor.l() * noise * scale).iter().copied().collect(),
            // Rounding has made it indefinite: no spread that could be trusted.
            None => vec![0.0; self.width],
        }
    }

    /// θ.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The ridge penalty in force: λ, or with forgetting between λ/2 and λ, as it fades between two rebuilds.
    pub fn ridge(&self) -> f64 {
        self.ridge
    }

    /// θᵀx at step `now` and √(xᵀA⁻¹x), its standard deviation in units of the noise's. A shorter or longer `x` than the
    /// width counts as filled up with 0 or cut.
    pub fn predict(&mut self, x: &[f64], now: u64) -> (f64, f64) {
        if x.len() != self.width {
            return self.predict(&fitted(x, self.width), now);
        }
        let age = now.saturating_sub(self.at);
        let faded = self.parameters.forgetting.powf(age as f64);
        if self.parameters.window.is_some() || (age > 0 && self.ridge * faded < 0.5 * self.parameters.lambda) {
            self.advance(now);
            return (dot(&self.weights, x), self.variance(x).sqrt());
        }
        (dot(&self.weights, x), (self.variance(x) / faded).sqrt())
    }

    /// Learns that `x` earned `reward` at step `now`, counted `importance` times (finite, at least 0).
    /// An `x` of another length is treated as in [`OnlineRidge::predict`].
    pub fn update(&mut self, x: &[f64], reward: f64, importance: f64, now: u64) {
        if x.len() != self.width {
            return self.update(&fitted(x, self.width), reward, importance, now);
        }
        self.advance(now);
        if importance <= 0.0 {
            return;
        }
        let (weight, moment) = match self.parameters.link {
            Link::Identity => (importance, importance * reward),
            Link::Logistic => {
                let eta = dot(&self.weights, x);
                let mean = self.parameters.link.mean(eta);
                let curvature = (mean * (1.0 - mean)).max(LEAST_CURVATURE);
                (importance * curvature, importance * (curvature * eta + reward - mean))
            }
        };
        let variance = self.variance(x);
        add_outer(&mut self.precision, weight, x);
        add_scaled(&mut self.moment, moment, x);
        let gain = 1.0 / (1.0 + weight * variance);
        let residual = moment - weight * dot(&self.weights, x);
        add_scaled(&mut self.weights, gain * residual, &self.product);
        add_outer(&mut self.covariance, -weight * gain, &self.product);
        if self.parameters.window.is_some() {
            self.kept.push_back(Row { at: now, x: x.to_vec(), weight, moment });
        }
        self.changed(gain > 0.0 && gain.is_finite());
    }

    /// xᵀA⁻¹x; A⁻¹x is left in `product`. Rebuilds where rounding has spoilt it.
    fn variance(&mut self, x: &[f64]) -> f64 {
        multiply(&self.covariance, x, &mut self.product);
        let variance = dot(&self.product, x);
        if variance >= 0.0 && variance.is_finite() {
            return variance;
        }
        self.rebuild();
        multiply(&self.covariance, x, &mut self.product);
        dot(&self.product, x).max(0.0)
    }

    /// Works in what time has done up to step `now`: forgetting, and rows that have left the window.
    fn advance(&mut self, now: u64) {
        let age = now.saturating_sub(self.at);
        self.at = self.at.max(now);
        if age > 0 && self.parameters.forgetting < 1.0 {
            let faded = self.parameters.forgetting.powf(age as f64);
            self.ridge *= faded;
            self.precision.iter_mut().chain(&mut self.moment).for_each(|entry| *entry *= faded);
            self.covariance.iter_mut().for_each(|entry| *entry /= faded);
            if self.ridge < 0.5 * self.parameters.lambda {
                self.rebuild();
            }
        }
        let Some(window) = self.parameters.window else { return };
        while let Some(row) = self.kept.pop_front_if(|row| row.at.saturating_add(window) <= self.at) {
            self.remove(&row);
        }
    }

    fn remove(&mut self, row: &Row) {
        let faded = self.parameters.forgetting.powf(self.at.saturating_sub(row.at) as f64);
        let weight = row.weight * faded;
        let variance = self.variance(&row.x);
        let remainder = 1.0 - weight * variance;
        add_outer(&mut self.precision, -weight, &row.x);
        add_scaled(&mut self.moment, -row.moment * faded, &row.x);
        add_outer(&mut self.covariance, weight / remainder, &self.product);
        multiply(&self.covariance, &self.moment, &mut self.weights);
        self.changed(remainder > LEAST_REMAINDER);
    }

    /// Counts one rank-one change; rebuilds when it is time or `whole` is false.
    fn changed(&mut self, whole: bool) {
        self.changes += 1;
        if !whole || self.changes >= REBUILD_AFTER.max(4 * self.width) {
            self.rebuild();
        }
    }

    /// Restores the penalty to λ and makes A⁻¹ and θ from A and b; with a window A and b come from its rows.
    fn rebuild(&mut self) {
        self.changes = 0;
        if self.parameters.window.is_some() {
            self.precision.fill(0.0);
            self.moment.fill(0.0);
            add_diagonal(&mut self.precision, self.width, self.parameters.lambda);
            add_scaled(&mut self.moment, self.parameters.lambda, &self.prior);
            for row in &self.kept {
                let faded = self.parameters.forgetting.powf(self.at.saturating_sub(row.at) as f64);
                add_outer(&mut self.precision, row.weight * faded, &row.x);
                add_scaled(&mut self.moment, row.moment * faded, &row.x);
            }
        } else {
            add_diagonal(&mut self.precision, self.width, self.parameters.lambda - self.ridge);
            add_scaled(&mut self.moment, self.parameters.lambda - self.ridge, &self.prior);
        }
        self.ridge = self.parameters.lambda;
        if invert(&self.precision, self.width, &mut self.covariance) {
            multiply(&self.covariance, &self.moment, &mut self.weights);
        }
    }
}
