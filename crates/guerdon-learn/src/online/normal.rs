//! The normal distribution: draws by Box and Muller (1958), the distribution function by Hart (1968) after West (2005).

use guerdon_core::Seed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};

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
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// Φ(z), to some 10⁻¹⁵, and 10⁻⁸ of itself in the tail.
pub(super) fn cumulative(z: f64) -> f64 {
    const ABOVE: [f64; 7] = [
        3.52624965998911e-2,
        0.700383064443688,
        6.37396220353165,
        33.912866078383,
        112.079291497871,
        221.213596169931,
        220.206867912376,
    ];
    const BELOW: [f64; 8] = [
        8.83883476483184e-2,
        1.75566716318264,
        16.064177579207,
        86.7807322029461,
        296.564248779674,
        637.333633378831,
        793.826512519948,
        440.413735824752,
    ];
    let size = z.abs();
    let horner = |terms: &[f64]| terms.iter().fold(0.0, |sum, term| sum * size + term);
    let tail = if size > 37.0 {
        0.0
    } else if size < 7.07106781186547 {
        (-0.5 * size * size).exp() * horner(&ABOVE) / horner(&BELOW)
    } else {
        let fraction = [4.0, 3.0, 2.0, 1.0].into_iter().fold(size + 0.65, |below, above| size + above / below);
        (-0.5 * size * size).exp() / fraction / (2.0 * PI).sqrt()
    };
    if z > 0.0 { 1.0 - tail } else { tail }
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
