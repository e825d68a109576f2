//! The sums of one target policy on one log, and the value, gradient and variance of any estimator over them.

use crate::estimators::{Component, Estimator, Form, Taming};
use crate::leverage::{Fit, Leverage};
use crate::{JointMoments, Terms};

/// Components of the estimators asked for, summed jointly.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    components: Vec<Component>,
    moments: JointMoments,
    row: Vec<f64>,
    /// For [`Estimator::DrCv`].
    leverage: Option<Leverage>,
}

/// An estimator's value and its gradient over the sums.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
}

/// β₁ and β₂ of [`Estimator::DrCv`].
type Betas = [f64; 2];

impl Sheet {
    /// For these estimators; the count and the weights are always summed.
    pub(crate) fn new(estimators: &[Estimator]) -> Self {
        let mut components = vec![Component::One, Component::Weight];
        components.extend(estimators.iter().flat_map(|estimator| estimator.components()));
        components.sort_unstable();
        components.dedup();
        let width = components.len();
        let controlled = estimators.iter().any(|estimator| estimator.form() == Form::Controlled);
        let leverage = controlled.then(Leverage::new);
        Sheet { components, moments: JointMoments::new(width), row: vec![0.0; width], leverage }
    }

    /// Adds a row of `cluster`.
    pub(crate) fn push(&mut self, cluster: u64, terms: &Terms) {
        for (place, component) in self.row.iter_mut().zip(&self.components) {
            *place = component.of(terms);
        }
        self.moments.push(cluster, &self.row);
        if let Some(leverage) = &mut self.leverage {
            let [reward, weight, control, one] = CONTROLLED.map(|component| component.of(terms));
            leverage.push(cluster, [reward, one, weight - one, control]);
        }
    }

    /// The row that was pushed last.
    pub(crate) fn last(&self) -> &[f64] {
        &self.row
    }

    pub(crate) fn merge(&mut self, other: Sheet) {
        self.moments.merge(other.moments);
        if let (Some(mine), Some(theirs)) = (&mut self.leverage, other.leverage) {
            mine.merge(theirs);
        }
    }

    pub(crate) fn moments(&self) -> &JointMoments {
        &self.moments
    }

    /// Numbers a row.
    pub(crate) fn width(&self) -> usize {
        self.components.len()
    }

    /// The sums over all rows.
    pub(crate) fn sums(&self) -> Vec<f64> {
        (0..self.width()).map(|place| self.moments.sum(place)).collect()
    }

    fn place(&self, component: Component) -> Option<usize> {
        self.components.binary_search(&component).ok()
    }

    /// Whether the estimator's components are all summed here.
    pub(crate) fn has(&self, estimator: Estimator) -> bool {
        estimator.components().into_iter().all(|component| self.place(component).is_some())
    }

    /// The estimator's value and gradient; NaN for one that the sheet was not made for.
    pub(crate) fn point(&self, estimator: Estimator) -> Point {
        let sums = self.sums();
        let betas = self.betas(estimator);
        Point { value: self.value_at(estimator, &sums, betas), gradient: self.gradient(estimator, &sums, betas) }
    }

    /// The estimator's value at other sums (a bootstrap's, say).
    pub(crate) fn value_at(&self, estimator: Estimator, sums: &[f64], [b1, b2]: Betas) -> f64 {
        let sum = |component| self.place(component).map_or(f64::NAN, |place| sums[place]);
        match estimator.form() {
            Form::Ratio(above, below) => sum(above) / sum(below),
            Form::Sum(ratios) => ratios.iter().map(|(above, below)| sum(*above) / sum(*below)).sum(),
            Form::Controlled => {
                let [reward, weight, control, one] = CONTROLLED.map(sum);
                (reward - b1 * (weight - one) - b2 * control) / one
            }
        }
    }

    fn gradient(&self, estimator: Estimator, sums: &[f64], [b1, b2]: Betas) -> Vec<f64> {
        let mut gradient = vec![0.0; self.width()];
        let mut ratio = |above: Component, below: Component, factor: f64| {
            if let (Some(above), Some(below)) = (self.place(above), self.place(below)) {
                gradient[above] += factor / sums[below];
                gradient[below] -= factor * sums[above] / (sums[below] * sums[below]);
            }
        };
        match estimator.form() {
            Form::Ratio(above, below) => ratio(above, below, 1.0),
            Form::Sum(ratios) => ratios.iter().for_each(|(above, below)| ratio(*above, *below, 1.0)),
            Form::Controlled => {
                let [reward, weight, control, one] = CONTROLLED;
                ratio(reward, one, 1.0);
                ratio(weight, one, -b1);
                ratio(control, one, -b2);
            }
        }
        gradient
    }

    /// The mean weight.
    pub(crate) fn mean_weight(&self) -> Point {
        self.mean(Component::Weight)
    }

    fn mean(&self, component: Component) -> Point {
        let sums = self.sums();
        let mut gradient = vec![0.0; self.width()];
        let mut value = f64::NAN;
        if let (Some(above), Some(one)) = (self.place(component), self.place(Component::One)) {
            value = sums[above] / sums[one];
            gradient[above] += 1.0 / sums[one];
            gradient[one] -= value / sums[one];
        }
        Point { value, gradient }
    }

    /// The coefficients of least variance of [`Estimator::DrCv`]: Cov(controls)⁻¹ Cov(controls, w r). A control without
    /// variance of its own gets none.
    pub(crate) fn betas(&self, estimator: Estimator) -> Betas {
        if estimator.form() != Form::Controlled {
            return [0.0; 2];
        }
        let [reward, weight, control, _] = CONTROLLED.map(|component| self.mean(component).gradient);
        let cov = |g: &[f64], h: &[f64]| self.moments.covariance(g, h).unwrap_or(0.0);
        self.solve([cov(&weight, &reward), cov(&control, &reward)])
    }

    /// Cov(mean controls)⁻¹ · (c₁, c₂), by the controls that have a variance of their own.
    fn solve(&self, [c1, c2]: [f64; 2]) -> [f64; 2] {
        let [_, weight, control, _] = CONTROLLED.map(|component| self.mean(component).gradient);
        let cov = |g: &[f64], h: &[f64]| self.moments.covariance(g, h).unwrap_or(0.0);
        let (v1, v2, c12) = (cov(&weight, &weight), cov(&control, &control), cov(&weight, &control));
        let det = v1 * v2 - c12 * c12;
        if !v2.is_finite() {
            return [f64::NAN; 2];
        }
        if det > 1e-10 * v1 * v2 {
            return [(v2 * c1 - c12 * c2) / det, (v1 * c2 - c12 * c1) / det];
        }
        let alone = |c: f64, v: f64| if v > 0.0 { c / v } else { 0.0 };
        if v2 > 0.0 { [0.0, alone(c2, v2)] } else { [alone(c1, v1), 0.0] }
    }

    /// Variance of the estimator by the delta method, clustered; for [`Estimator::DrCv`] the jackknife's, which knows that
    /// its coefficients were fitted. `None` with too few clusters.
    pub(crate) fn variance(&self, estimator: Estimator, point: &Point) -> Option<f64> {
        if estimator.form() == Form::Controlled {
            self.fitted_variance()
        } else {
            self.moments.variance(&point.gradient)
        }
    }

    /// By how much the coefficients that the estimator fits widen its variance; 1 where it fits none.
    pub(crate) fn widening(&self, estimator: Estimator) -> Option<f64> {
        let point = self.point(estimator);
        let (fixed, fitted) = (self.moments.variance(&point.gradient)?, self.variance(estimator, &point)?);
        Some(if fixed > 0.0 { fitted / fixed } else { 1.0 })
    }

    /// The variance of [`Estimator::DrCv`]; see [`Leverage`].
    fn fitted_variance(&self) -> Option<f64> {
        let clusters = self.moments.clusters() as f64;
        let leverage = self.leverage.as_ref().filter(|_| clusters > 3.0)?;
        let sum = |component| self.place(component).map_or(f64::NAN, |place| self.moments.sum(place));
        let [reward, weight, control, one] = CONTROLLED.map(sum);
        let sums = [weight - one, control];
        let [b1, b2] = self.betas(Estimator::DrCv);
        let level = (reward - b1 * sums[0] - b2 * sums[1]) / one;
        // The covariance is of means, over C − 1.
        let scale = clusters / (clusters - 1.0) / (one * one);
        let [left, right] = [self.solve([scale, 0.0]), self.solve([0.0, scale])];
        let fit = Fit {
            residual: [1.0, -level, -b1, -b2],
            controls: [[0.0, -sums[0] / one, 1.0, 0.0], [0.0, -sums[1] / one, 0.0, 1.0]],
            inverse: [left, right],
            sums,
        };
        leverage.variance(&fit).map(|variance| variance / (one * one))
    }

    /// Variance of the difference of two estimators of the same value.
    pub(crate) fn variance_of_difference(&self, a: &Point, b: &Point) -> Option<f64> {
        let gradient: Vec<f64> = a.gradient.iter().zip(&b.gradient).map(|(a, b)| a - b).collect();
        self.moments.variance(&gradient)
    }
}

/// The components of [`Estimator::DrCv`].
const CONTROLLED: [Component; 4] =
    [Component::Reward(Taming::None), Component::Weight, Component::Control, Component::One];
