//! Normal equations of actions that know of each other: one block per action, coupled by a prior.

use crate::online::linear_algebra::{add_scaled, dot, multiply};
use crate::online::normal::Normal;
use guerdon_core::{Error, Result};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use rayon::prelude::*;

/// The matrix A = blockdiag(S_a) + P ⊗ diag(λ): S_a is what action a's rows say of its coefficients, P ⊗ diag(λ) the
/// precision of a Gaussian prior under which coefficient i of the actions has covariance P⁻¹/λ_i. Never formed: a product
/// with it costs `actions · size² + actions² · size`.
pub(crate) struct System {
    actions: usize,
    size: usize,
    /// S_a, `[actions][size][size]`.
    blocks: Vec<f64>,
    /// P, `[actions][actions]`.
    coupling: Vec<f64>,
    /// λ, `[size]`.
    penalties: Vec<f64>,
    /// Cholesky factors of the diagonal blocks S_a + P_aa·diag(λ): the preconditioner.
    factors: Vec<Cholesky<f64, Dyn>>,
}

/// Most steps of conjugate gradients; some twenty to two hundred do.
const MOST_STEPS: usize = 2000;

impl System {
    /// # Shapes
    /// `blocks`: `[actions][size][size]`, each symmetric and positive semi-definite; `coupling`: `[actions][actions]`,
    /// symmetric and positive definite; `penalties`: `[size]`, above 0.
    ///
    /// # Errors
    /// [`Error::Training`] where a block is not finite.
    pub fn new(blocks: Vec<f64>, coupling: &DMatrix<f64>, penalties: Vec<f64>, learner: &str) -> Result<Self> {
        let (actions, size) = (coupling.nrows(), penalties.len());
        let diagonal_block = |action: usize| {
            let block = &blocks[action * size * size..(action + 1) * size * size];
            let mut matrix = DMatrix::from_row_slice(size, size, block);
            (0..size).for_each(|i| matrix[(i, i)] += coupling[(action, action)] * penalties[i]);
            Cholesky::new(matrix).ok_or_else(|| no_solution(learner))
        };
        let factors = (0..actions).into_par_iter().map(diagonal_block).collect::<Result<_>>()?;
        let coupling = coupling.iter().copied().collect(); // symmetric: columns are rows
        Ok(System { actions, size, blocks, coupling, penalties, factors })
    }

    /// A · v.
    pub fn product(&self, v: &[f64]) -> Vec<f64> {
        let (size, actions) = (self.size, self.actions);
        let mut out = self.prior_product(v);
        let mut block = vec![0.0; size];
        for action in 0..actions {
            let at = action * size..(action + 1) * size;
            let matrix = &self.blocks[action * size * size..(action + 1) * size * size];
            multiply(matrix, &v[at.clone()], &mut block);
            add_scaled(&mut out[at], 1.0, &block);
        }
        out
    }

    /// (P ⊗ diag(λ)) · v.
    pub fn prior_product(&self, v: &[f64]) -> Vec<f64> {
        let size = self.size;
        let mut out = vec![0.0; v.len()];
        for (out, coupling) in out.chunks_exact_mut(size).zip(self.coupling.chunks_exact(self.actions)) {
            for (coupled, v) in coupling.iter().zip(v.chunks_exact(size)) {
                if *coupled != 0.0 {
                    add_scaled(out, *coupled, v);
                }
            }
            out.iter_mut().zip(&self.penalties).for_each(|(out, penalty)| *out *= penalty);
        }
        out
    }

    fn precondition(&self, v: &[f64]) -> Vec<f64> {
        let blocks = v.chunks_exact(self.size).zip(&self.factors);
        blocks.flat_map(|(v, factor)| factor.solve(&DVector::from_column_slice(v)).data.as_vec().clone()).collect()
    }

    /// x with A · x = `right`, by preconditioned conjugate gradients (Hestenes & Stiefel 1952) from `start` until the
    /// residual, in the preconditioner's norm, is `tolerance` of that of `right`.
    ///
    /// # Errors
    /// [`Error::Training`] where it does not converge.
    pub fn solve(&self, right: &[f64], start: Option<&[f64]>, tolerance: f64, learner: &str) -> Result<Vec<f64>> {
        let mut x = start.map_or_else(|| vec![0.0; right.len()], <[f64]>::to_vec);
        let mut residual = right.to_vec();
        if start.is_some() {
            add_scaled(&mut residual, -1.0, &self.product(&x));
        }
        let scale = dot(right, &self.precondition(right));
        let mut ahead = self.precondition(&residual);
        let mut size = dot(&residual, &ahead);
        let mut direction = ahead.clone();
        for _ in 0..MOST_STEPS {
            // `<=` so that zeros are solved by zeros.
            if size <= tolerance * tolerance * scale {
                return Ok(x);
            }
            let image = self.product(&direction);
            let step = size / dot(&direction, &image);
            add_scaled(&mut x, step, &direction);
            add_scaled(&mut residual, -step, &image);
            ahead = self.precondition(&residual);
            let next = dot(&residual, &ahead);
            let kept = next / size;
            direction.iter_mut().zip(&ahead).for_each(|(direction, ahead)| *direction = ahead + kept * *direction);
            size = next;
        }
        Err(no_solution(learner))
    }

    /// What draws of the posterior need.
    ///
    /// # Errors
    /// [`Error::Training`] where a block has no square root.
    pub fn roots(&self, learner: &str) -> Result<Roots> {
        let coupling = DMatrix::from_row_slice(self.actions, self.actions, &self.coupling);
        let coupling = Cholesky::new(coupling).ok_or_else(|| no_solution(learner))?.unpack();
        let blocks = self.blocks.par_chunks_exact(self.size * self.size);
        let root = |block: &[f64]| {
            semi_definite_root(&DMatrix::from_row_slice(self.size, self.size, block))
                .ok_or_else(|| no_solution(learner))
        };
        let penalties = self.penalties.iter().map(|penalty| penalty.sqrt()).collect();
        Ok(Roots { coupling, blocks: blocks.map(root).collect::<Result<_>>()?, penalties })
    }
}

/// Square roots of the parts of a [`System`].
pub(crate) struct Roots {
    coupling: DMatrix<f64>,
    blocks: Vec<DMatrix<f64>>,
    penalties: Vec<f64>,
}

impl Roots {
    /// A vector with mean 0 and the covariance A of its system, so that A⁻¹ times it has covariance A⁻¹: an exact draw
    /// of the posterior about its mean costs one solution (perturb and optimise, Papandreou & Yuille 2010).
    pub fn perturbation(&self, normal: &mut Normal) -> Vec<f64> {
        let size = self.penalties.len();
        let prior = &self.coupling * DMatrix::from_fn(self.blocks.len(), size, |_, _| normal.draw());
        let mut out = Vec::with_capacity(self.blocks.len() * size);
        for (action, root) in self.blocks.iter().enumerate() {
            let data = root * DVector::from_fn(size, |_, _| normal.draw());
            out.extend((0..size).map(|i| data[i] + prior[(action, i)] * self.penalties[i]));
        }
        out
    }
}

/// L with L·Lᵀ = `matrix`, which may be singular: a pivot lost to rounding is a column of zeros. `None` where it is not
/// finite.
pub(crate) fn semi_definite_root(matrix: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let size = matrix.nrows();
    let mut root = DMatrix::zeros(size, size);
    for j in 0..size {
        let taken: f64 = (0..j).map(|k| root[(j, k)] * root[(j, k)]).sum();
        let pivot: f64 = matrix[(j, j)] - taken;
        if !pivot.is_finite() {
            return None;
        }
        if pivot <= 1e-12 * matrix[(j, j)].abs() {
            continue;
        }
        root[(j, j)] = pivot.sqrt();
        for i in j + 1..size {
            let taken: f64 = (0..j).map(|k| root[(i, k)] * root[(j, k)]).sum();
            root[(i, j)] = (matrix[(i, j)] - taken) / root[(j, j)];
        }
    }
    Some(root)
}

fn no_solution(learner: &str) -> Error {
    Error::Training {
        learner: learner.into(),
        reason: "the normal equations have no finite solution; look for enormous feature values in the log, or raise \
                 `penalties`"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guerdon_core::Seed;

    /// Three actions of two coefficients, the last one never seen; and the same matrix written out.
    fn small() -> (System, DMatrix<f64>) {
        let blocks = vec![4.0, 1.0, 1.0, 3.0, 2.0, -0.5, -0.5, 5.0, 0.0, 0.0, 0.0, 0.0];
        let covariance = DMatrix::from_row_slice(3, 3, &[1.0, 0.6, 0.5, 0.6, 1.0, 0.7, 0.5, 0.7, 1.0]);
        let coupling = covariance.try_inverse().unwrap();
        let penalties = vec![0.7, 2.0];
        let mut whole = coupling.kronecker(&DMatrix::from_diagonal(&DVector::from_column_slice(&penalties)));
        for action in 0..3 {
            for i in 0..2 {
                for j in 0..2 {
                    whole[(2 * action + i, 2 * action + j)] += blocks[4 * action + 2 * i + j];
                }
            }
        }
        let coupling = (&coupling + coupling.transpose()) * 0.5;
        (System::new(blocks, &coupling, penalties, "test").unwrap(), whole)
    }

    #[test]
    fn a_product_and_a_solution_are_those_of_the_matrix_written_out() {
        let (system, whole) = small();
        let v = [0.3, -1.0, 2.0, 0.5, -0.7, 1.1];
        let product = &whole * DVector::from_column_slice(&v);
        system.product(&v).iter().zip(product.iter()).for_each(|(a, b)| assert!((a - b).abs() < 1e-12));
        let solved = system.solve(product.as_slice(), None, 1e-12, "test").unwrap();
        solved.iter().zip(v).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{a} {b}"));
        let from_near = system.solve(product.as_slice(), Some(&solved), 1e-12, "test").unwrap();
        from_near.iter().zip(v).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{a} {b}"));
        assert_eq!(system.solve(&[0.0; 6], None, 1e-12, "test").unwrap(), [0.0; 6]);
    }

    #[test]
    fn solved_perturbations_have_the_inverse_as_their_covariance() {
        let (system, whole) = small();
        let inverse = whole.try_inverse().unwrap();
        let mut normal = Normal::new(Seed(2));
        let roots = system.roots("test").unwrap();
        let n = 20_000;
        let mut found = DMatrix::zeros(6, 6);
        for _ in 0..n {
            let right = roots.perturbation(&mut normal);
            let draw = DVector::from_vec(system.solve(&right, None, 1e-10, "test").unwrap());
            found += &draw * draw.transpose();
        }
        found /= f64::from(n);
        for i in 0..6 {
            for j in 0..6 {
                let error = (inverse[(i, i)] * inverse[(j, j)] * 2.0 / f64::from(n)).sqrt();
                assert!((found[(i, j)] - inverse[(i, j)]).abs() < 4.0 * error, "{i} {j}: {found} against {inverse}");
            }
        }
    }

    #[test]
    fn a_singular_block_has_a_root() {
        let block = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 4.0]);
        let root = semi_definite_root(&block).unwrap();
        assert!((&root * root.transpose() - block).abs().max() < 1e-12);
        assert!(semi_definite_root(&DMatrix::from_element(1, 1, f64::NAN)).is_none());
    }
}
