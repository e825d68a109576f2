//! Seeded normal draws with a given covariance, for max-|t| critical values (Hothorn, Bretz & Westfall 2008, §3).

use guerdon_core::Seed;

/// Standard normal numbers by Box & Muller (1958) over SplitMix64 (Steele, Lea & Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Normals {
    state: u64,
    spare: Option<f64>,
}

impl Normals {
    pub(super) fn new(seed: Seed) -> Self {
        Normals { state: seed.named("max_t").0, spare: None }
    }

    pub(super) fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 − u lies in (0, 1], so the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        (word >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The lower triangular root L of a covariance matrix, L Lᵀ = C, that may be singular; `None` where C is no covariance.
pub(super) fn root(covariance: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = covariance.len();
    let largest = (0..size).map(|i| covariance[i][i]).fold(0.0, f64::max);
    let mut root = vec![vec![0.0; size]; size];
    for j in 0..size {
        let pivot = covariance[j][j] - root[j][..j].iter().map(|v| v * v).sum::<f64>();
        if pivot < -1e-6 * largest {
            return None;
        }
        if pivot <= 1e-12 * largest {
            continue;
        }
        root[j][j] = pivot.sqrt();
        for i in j + 1..size {
            let shared: f64 = root[i][..j].iter().zip(&root[j][..j]).map(|(a, b)| a * b).sum();
            root[i][j] = (covariance[i][j] - shared) / root[j][j];
        }
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_covariance_asked_for() {
        let wanted = vec![vec![2.0, 1.2, 2.0], vec![1.2, 1.0, 1.2], vec![2.0, 1.2, 2.0]];
        let root = root(&wanted).unwrap();
        let mut normals = Normals::new(Seed(5));
        let n = 100_000;
        let mut sums = [[0.0; 3]; 3];
        for _ in 0..n {
            let e: Vec<f64> = (0..3).map(|_| normals.draw()).collect();
            let z: Vec<f64> = root.iter().map(|row| row.iter().zip(&e).map(|(a, b)| a * b).sum()).collect();
            for i in 0..3 {
                for j in 0..3 {
                    sums[i][j] += z[i] * z[j] / f64::from(n);
                }
            }
        }
        for i in 0..3 {
            for j in 0..3 {
                assert!((sums[i][j] - wanted[i][j]).abs() < 0.04, "{i} {j}: {}", sums[i][j]);
            }
        }
    }

    #[test]
    fn what_is_no_covariance_has_no_root() {
        assert_eq!(root(&[vec![1.0, 2.0], vec![2.0, 1.0]]), None);
    }
}
