//! Normal equations of actions that know of each other: one block per action, coupled by a prior.

use crate::lanes::{Blocks, Coupling, Factors, Lane, one_by_one, side_by_side};
use crate::online::linear_algebra::{add_scaled, dot};
use crate::online::normal::Normal;
use guerdon_core::{Error, Result};
use nalgebra::{Cholesky, DMatrix, DVector};
use std::sync::Arc;

/// The matrix A = blockdiag(S_a) + P ⊗ diag(λ): S_a is what action a's rows say of its coefficients, P ⊗ diag(λ) the
/// precision of a Gaussian prior under which coefficient i of the actions has covariance P⁻¹/λ_i. Never formed: a product
/// with it costs `actions · size² + actions² · size`.
pub(crate) struct System {
    actions: usize,
    size: usize,
    /// S_a.
    blocks: Arc<Blocks>,
    /// P.
    precision: DMatrix<f64>,
    coupling: Coupling,
    /// λ, `[size]`.
    penalties: Vec<f64>,
    /// Of the diagonal blocks S_a + P_aa·diag(λ): the preconditioner.
    factors: Factors,
}

/// Most steps of conjugate gradients; some ten to two hundred do.
const MOST_STEPS: usize = 2000;

impl System {
    /// # Shapes
    /// `blocks`: of `actions` positive semi-definite matrices `[size][size]`; `precision`: `[actions][actions]`,
    /// symmetric and positive definite; `penalties`: `[size]`, above 0.
    ///
    /// # Errors
    /// [`Error::Training`] where a block is not finite.
    pub fn new(
        blocks: impl Into<Arc<Blocks>>,
        precision: &DMatrix<f64>,
        penalties: Vec<f64>,
        learner: &str,
    ) -> Result<System> {
        let (actions, size) = (precision.nrows(), penalties.len());
        let blocks = blocks.into();
        let scales: Vec<f64> = precision.diagonal().iter().copied().collect();
        let factors = blocks.factors(&scales, &penalties).ok_or_else(|| no_solution(learner))?;
        let coupling = Coupling::new(precision.as_slice(), actions);
        Ok(System { actions, size, blocks, precision: precision.clone(), coupling, penalties, factors })
    }

    /// A · v, `[actions][size]`.
    #[cfg(test)]
    pub fn product(&self, v: &[f64]) -> Vec<f64> {
        let v = side_by_side(v, self.size);
        let mut out = v.clone();
        self.multiply(&v, &mut out);
        one_by_one(&out, self.size, self.actions)
    }

    /// `out` = A · v.
    fn multiply(&self, v: &[Lane], out: &mut [Lane]) {
        self.coupling.product(&self.penalties, v, out);
        self.blocks.add_product(v, out);
    }

    /// (P ⊗ diag(λ)) · v.
    ///
    /// # Shapes
    /// `v` and what is given back: `[actions][size]`.
    pub fn prior_product(&self, v: &[f64]) -> Vec<f64> {
        let v = side_by_side(v, self.size);
        let mut out = v.clone();
        self.coupling.product(&self.penalties, &v, &mut out);
        one_by_one(&out, self.size, self.actions)
    }

    /// x with A · x = `right`, by preconditioned conjugate gradients (Hestenes & Stiefel 1952) until the residual, in the
    /// preconditioner's norm, is `tolerance` of that of `right`.
    ///
    /// # Shapes
    /// `right` and what is given back: `[actions][size]`.
    ///
    /// # Errors
    /// [`Error::Training`] where it does not converge.
    pub fn solve(&self, right: &[f64], tolerance: f64, learner: &str) -> Result<Vec<f64>> {
        let x = self.solve_from(&side_by_side(right, self.size), None, tolerance, learner)?;
        Ok(one_by_one(&x, self.size, self.actions))
    }

    /// As [`System::solve`] from `start`, if it is given, with vectors [`side_by_side`].
    ///
    /// # Errors
    /// [`Error::Training`] where it does not converge.
    pub fn solve_from(
        &self,
        right: &[Lane],
        start: Option<&[Lane]>,
        tolerance: f64,
        learner: &str,
    ) -> Result<Vec<Lane>> {
        let mut ahead = right.to_vec();
        self.factors.solve(&mut ahead);
        let scale = inner(right, &ahead);
        let mut residual = right.to_vec();
        let mut image = vec![Lane::default(); right.len()];
        let mut x = match start {
            Some(start) => {
                self.multiply(start, &mut image);
                add(&mut residual, -1.0, &image);
                ahead.copy_from_slice(&residual);
                self.factors.solve(&mut ahead);
                start.to_vec()
            }
            None => image.clone(),
        };
        let mut size = inner(&residual, &ahead);
        let mut direction = ahead.clone();
        for _ in 0..MOST_STEPS {
            // `<=` so that zeros are solved by zeros.
            if size <= tolerance * tolerance * scale {
                return Ok(x);
            }
            self.multiply(&direction, &mut image);
            let step = size / inner(&direction, &image);
            add(&mut x, step, &direction);
            add(&mut residual, -step, &image);
            ahead.copy_from_slice(&residual);
            self.factors.solve(&mut ahead);
            let next = inner(&residual, &ahead);
            let kept = next / size;
            let numbers = direction.as_flattened_mut().iter_mut().zip(ahead.as_flattened());
            numbers.for_each(|(direction, ahead)| *direction = ahead + kept * *direction);
            size = next;
        }
        Err(no_solution(learner))
    }

    /// What draws of the posterior need.
    ///
    /// # Errors
    /// [`Error::Training`] where a block has no square root.
    pub fn roots(&self, learner: &str) -> Result<Roots> {
        let coupling = Cholesky::new(self.precision.clone()).ok_or_else(|| no_solution(learner))?.unpack();
        let root = |block: Vec<f64>| {
            semi_definite_root(&DMatrix::from_row_slice(self.size, self.size, &block))
                .ok_or_else(|| no_solution(learner))
        };
        let penalties = self.penalties.iter().map(|penalty| penalty.sqrt()).collect();
        Ok(Roots { coupling, blocks: self.blocks.each().map(root).collect::<Result<_>>()?, penalties })
    }
}

/// x · y.
pub(crate) fn inner(x: &[Lane], y: &[Lane]) -> f64 {
    dot(x.as_flattened(), y.as_flattened())
}

/// y += scale · x.
fn add(y: &mut [Lane], scale: f64, x: &[Lane]) {
    add_scaled(y.as_flattened_mut(), scale, x.as_flattened());
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
        (System::new(Blocks::new(&blocks, 2), &coupling, penalties, "test").unwrap(), whole)
    }

    #[test]
    fn a_product_and_a_solution_are_those_of_the_matrix_written_out() {
        let (system, whole) = small();
        let v = [0.3, -1.0, 2.0, 0.5, -0.7, 1.1];
        let product = &whole * DVector::from_column_slice(&v);
        system.product(&v).iter().zip(product.iter()).for_each(|(a, b)| assert!((a - b).abs() < 1e-12));
        let solved = system.solve(product.as_slice(), 1e-12, "test").unwrap();
        solved.iter().zip(v).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{a} {b}"));
        let near = side_by_side(&v.map(|v| 1.01 * v), 2);
        let right = side_by_side(product.as_slice(), 2);
        let from_near = one_by_one(&system.solve_from(&right, Some(&near), 1e-12, "test").unwrap(), 2, 3);
        from_near.iter().zip(v).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{a} {b}"));
        assert_eq!(system.solve(&[0.0; 6], 1e-12, "test").unwrap(), [0.0; 6]);
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
            let draw = DVector::from_vec(system.solve(&right, 1e-10, "test").unwrap());
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
