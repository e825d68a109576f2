//! One regressor per arm.

use super::ridge::{OnlineRidge, RidgeParameters};
use guerdon_core::Result;
use serde::{Deserialize, Serialize};

/// The regressors of every arm, with the latest estimates. All vectors are `[actions]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Arms {
    pub(super) arms: Vec<OnlineRidge>,
    #[serde(with = "super::bits")]
    pub(super) means: Vec<f64>,
    #[serde(with = "super::bits")]
    pub(super) deviations: Vec<f64>,
}

impl Arms {
    /// `actions` regressors; `prior` gives each arm's θ₀.
    pub(super) fn new(
        parameters: RidgeParameters,
        width: usize,
        actions: usize,
        mut prior: impl FnMut(usize) -> Vec<f64>,
    ) -> Result<Arms> {
        let arms = (0..actions).map(|arm| Ok(OnlineRidge::new(parameters, width)?.with_prior(&prior(arm))));
        let arms = arms.collect::<Result<_>>()?;
        Ok(Arms { arms, means: vec![0.0; actions], deviations: vec![0.0; actions] })
    }

    /// Fills means and deviations (in units of the noise's) at the mapped context, for eligible arms.
    pub(super) fn estimate(&mut self, features: &[f64], eligible: &[bool], now: u64) {
        let places = self.means.iter_mut().zip(&mut self.deviations).zip(eligible);
        for (arm, ((mean, deviation), _)) in self.arms.iter_mut().zip(places).filter(|(_, (_, eligible))| **eligible) {
            (*mean, *deviation) = arm.predict(features, now);
        }
    }
}
