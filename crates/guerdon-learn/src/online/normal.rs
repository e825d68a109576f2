//! The standard normal distribution: draws by Box and Muller (1958), density and distribution function.

use guerdon_core::Seed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{Continuous, ContinuousCDF};
use std::f64::consts::TAU;

/// Standard normal draws from one seed.
pub(crate) struct Normal {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    pub(crate) fn new(seed: Seed) -> Normal {
        Normal { rng: ChaCha8Rng::seed_from_u64(seed.0), spare: None }
    }

    pub(crate) fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.rng.random::<f64>()).ln()).sqrt();
        let angle = TAU * self.rng.random::<f64>();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}

/// φ(z).
pub(super) fn density(z: f64) -> f64 {
    standard().pdf(z)
}

/// Φ(z), to some 10⁻⁸ of itself in the tail.
pub(super) fn cumulative(z: f64) -> f64 {
    standard().cdf(z)
}

fn standard() -> statrs::distribution::Normal {
    statrs::distribution::Normal::standard()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_function_is_that_of_the_tables() {
        for (z, truth) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.959_963_984_540_054, 0.025),
            (-5.0, 2.866_515_718_791_94e-7),
            (-8.0, 6.220_960_574_271_78e-16),
        ] {
            assert!((cumulative(z) / truth - 1.0).abs() < 1e-8, "{z}: {}", cumulative(z));
        }
    }

    #[test]
    fn draws_have_the_moments_of_a_standard_normal() {
        let mut normal = Normal::new(Seed(3));
        let draws: Vec<f64> = (0..100_000).map(|_| normal.draw()).collect();
        let moment = |power| draws.iter().map(|z| z.powi(power)).sum::<f64>() / 1e5;
        assert!(moment(1).abs() < 0.015 && (moment(2) - 1.0).abs() < 0.02 && (moment(4) - 3.0).abs() < 0.15);
    }
}
