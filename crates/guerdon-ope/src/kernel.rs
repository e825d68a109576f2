//! Off-policy evaluation of a continuous amount or dose (Kallus & Zhou 2018, eq. 2 and 5): a kernel takes the place of the
//! indicator that the logged dose is the policy's. Bandwidths by SLOPE (Su, Srinath & Krishnamurthy 2020).
//!
//! ```
//! use guerdon_ope::kernel::{DoseKernel, DoseRow, Kernel};
//!
//! let kernel = DoseKernel::new(Kernel::Epanechnikov, 0.1, 0.0, 1.0)?;
//! let row = DoseRow { reward: 2.0, dose: 0.5, target: 0.5, density: 1.0, q_logged: f64::NAN, v_target: f64::NAN };
//! assert!((kernel.terms(&row)?.weight - 7.5).abs() < 1e-12);
//! # Ok::<(), guerdon_ope::kernel::KernelError>(())
//! ```

mod error;
mod grid;
mod shape;

pub use error::KernelError;
pub use grid::DoseEvaluation;
pub use shape::Kernel;

use crate::Terms;

/// One logged decision on a dose. Doses and densities are in the same units (money, say, and 1/money).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseRow {
    /// Net value of the decision, in major units.
    pub reward: f64,
    /// The logged dose t, in [lo, hi].
    pub dose: f64,
    /// The policy's dose τ(x), in [lo, hi]; for a policy that draws its dose, one draw.
    pub target: f64,
    /// Density f(t|x) with which the log drew its dose, above 0.
    pub density: f64,
    /// q̂(x, t) at the logged dose, from a model that never saw this member; NaN without a model.
    pub q_logged: f64,
    /// q̂(x, τ(x)) at the policy's dose; NaN without a model.
    pub v_target: f64,
}

/// A kernel of one bandwidth over the interval of feasible doses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseKernel {
    kernel: Kernel,
    bandwidth: f64,
    low: f64,
    high: f64,
    corrected: bool,
}

impl DoseKernel {
    /// Over the doses from `low` to `high`, all in the dose's units. Near the ends, where part of the kernel lies outside,
    /// weights are divided by the part inside. Errors: a bandwidth that is not above 0, ends that are not finite or not in
    /// order.
    pub fn new(kernel: Kernel, bandwidth: f64, low: f64, high: f64) -> Result<Self, KernelError> {
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(KernelError::Interval { low, high });
        }
        if !(bandwidth > 0.0 && bandwidth.is_finite()) {
            return Err(KernelError::Bandwidth { given: bandwidth });
        }
        Ok(DoseKernel { kernel, bandwidth, low, high, corrected: true })
    }

    /// Without the correction at the ends, where values are then drawn towards 0. For comparison only.
    pub fn uncorrected(mut self) -> Self {
        self.corrected = false;
        self
    }

    /// The bandwidth h.
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// Width of the interval of doses.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }

    /// K((t − τ)/h) / (h f(t|x)), over the part of the kernel around τ that lies inside the interval. Errors: a dose
    /// outside the interval, a density that is not above 0.
    pub fn weight(&self, dose: f64, target: f64, density: f64) -> Result<f64, KernelError> {
        for (what, given) in [("logged", dose), ("policy's", target)] {
            if !(self.low..=self.high).contains(&given) {
                return Err(KernelError::Outside { what, given, low: self.low, high: self.high });
            }
        }
        if !(density > 0.0 && density.is_finite()) {
            return Err(KernelError::Density { given: density });
        }
        let inside = if self.corrected {
            let mass = |end: f64| self.kernel.distribution((end - target) / self.bandwidth);
            mass(self.high) - mass(self.low)
        } else {
            1.0
        };
        Ok(self.kernel.density((dose - target) / self.bandwidth) / (self.bandwidth * density * inside))
    }

    /// The terms that every estimator takes: with them [`crate::Estimator::Ips`], `Snips` and `Dr` are kernel IPS, SNIPS
    /// and DR. Errors: as [`weight`](Self::weight).
    pub fn terms(&self, row: &DoseRow) -> Result<Terms, KernelError> {
        let weight = self.weight(row.dose, row.target, row.density)?;
        Ok(Terms::new(row.reward, weight, row.q_logged, row.v_target))
    }
}
