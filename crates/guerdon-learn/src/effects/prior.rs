//! What is thought of effects before the data speak: slopes are about 0, and alike actions have alike slopes.

use crate::traits::traits;
use guerdon_core::{Catalogue, Error, Result};
use nalgebra::{DMatrix, SymmetricEigen};

/// The covariance over actions of an effect's slopes: K = sharing · T Tᵀ + (1 − sharing) · I, with T the actions' traits
/// in rows of unit length, so that every action has variance 1.
#[derive(Debug, Clone)]
pub(crate) struct Prior {
    /// K⁻¹, `[actions, actions]`.
    pub precision: DMatrix<f64>,
    /// Eigenvectors of K, in columns.
    pub vectors: DMatrix<f64>,
    /// Eigenvalues of K, all positive.
    pub values: Vec<f64>,
}

impl Prior {
    /// For `sharing` in [0, 1).
    ///
    /// # Errors
    /// [`Error::Internal`] if K has no inverse, which sharing below 1 rules out.
    pub fn new(catalogue: &Catalogue, sharing: f64) -> Result<Self> {
        let actions = catalogue.len();
        let traits: Vec<f64> = traits(catalogue).into_iter().map(f64::from).collect();
        let t = DMatrix::from_row_slice(actions, traits.len() / actions.max(1), &traits);
        let own = DMatrix::identity(actions, actions) * (1.0 - sharing);
        let k = &t * t.transpose() * sharing + own;
        let precision = k.clone().try_inverse().ok_or_else(|| Error::Internal("prior without an inverse".into()))?;
        let SymmetricEigen { eigenvectors, eigenvalues } = k.symmetric_eigen();
        let values = eigenvalues.iter().map(|value| value.max(1e-6)).collect();
        Ok(Prior { precision, vectors: eigenvectors, values })
    }
}
