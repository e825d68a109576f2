//! Kernels: symmetric densities around 0 (Silverman 1986, table 3.1), and their distribution functions.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};
use std::f64::consts::TAU;

/// A kernel K. All but the Gaussian are 0 outside [−1, 1].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// ¾ (1 − u²): least mean squared error of all.
    Epanechnikov,
    /// Standard normal.
    Gaussian,
    /// 1 − |u|.
    Triangular,
    /// ½ (boxcar).
    Rectangular,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Kernel; 4] = [Kernel::Epanechnikov, Kernel::Gaussian, Kernel::Triangular, Kernel::Rectangular];

    /// K(u).
    pub fn density(self, u: f64) -> f64 {
        let outside = u.abs() > 1.0;
        match self {
            Kernel::Gaussian => (-0.5 * u * u).exp() / TAU.sqrt(),
            _ if outside => 0.0,
            Kernel::Epanechnikov => 0.75 * (1.0 - u * u),
            Kernel::Triangular => 1.0 - u.abs(),
            Kernel::Rectangular => 0.5,
        }
    }

    /// The mass of K up to `u`, in [0, 1].
    pub fn distribution(self, u: f64) -> f64 {
        let v = u.clamp(-1.0, 1.0);
        match self {
            Kernel::Gaussian => Normal::standard().cdf(u),
            Kernel::Epanechnikov => 0.5 + 0.75 * v - 0.25 * v * v * v,
            Kernel::Triangular => 0.5 + v - 0.5 * v * v.abs(),
            Kernel::Rectangular => 0.5 + 0.5 * v,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_the_integrals_of_their_densities() {
        for kernel in Kernel::ALL {
            let (steps, low) = (80_000, -8.0);
            let width = 16.0 / f64::from(steps);
            let mut mass = 0.0;
            for step in 0..steps {
                let u = low + (f64::from(step) + 0.5) * width;
                mass += kernel.density(u) * width;
                let gap = mass - kernel.distribution(u + width / 2.0);
                assert!(gap.abs() < 2e-4, "{kernel:?} at {u}: {gap}");
            }
            assert!((mass - 1.0).abs() < 2e-4, "{kernel:?}: {mass}");
        }
    }
}
