//! The automatic choice of an estimator.
//!
//! Every candidate's mean squared error is estimated from the same log: its variance, by the delta method, plus its squared
//! bias against a reference that is (asymptotically) unbiased, V̂_ref, taken as max(0, (V̂ − V̂_ref)² − Var(V̂ − V̂_ref)):
//! what of the gap chance alone would not make (the estimate behind MAGIC, Thomas & Brunskill 2016, §6). The reference is
//! `dr_cv`, the doubly robust estimator of least variance, or `snips` without a model. The least estimate wins.

use crate::{Estimator, Evaluation, Family};

/// The candidates: `model` tells whether there is a q̂.
pub(crate) fn candidates(model: bool) -> Vec<Estimator> {
    let families: &[Family] = if model { &[Family::SwitchDr, Family::Dros] } else { &[Family::IpsClip] };
    let mut all = if model {
        vec![Estimator::DrCv, Estimator::Dr, Estimator::Sndr, Estimator::Snips, Estimator::Dm]
    } else {
        vec![Estimator::Snips, Estimator::Ips]
    };
    for family in families {
        all.extend(family.grid().into_iter().map(|level| family.at(level)));
    }
    all
}

impl Evaluation {
    /// The estimators that an evaluation must be made for so that [`choose`](Self::choose) can choose.
    pub fn automatic(model: bool) -> Vec<Estimator> {
        candidates(model)
    }

    /// The candidate with the least estimated mean squared error among those that this evaluation was made for; see the
    /// module's first lines. `None` with too few members or no reference.
    pub fn choose(&self) -> Option<Estimator> {
        let sheet = self.sheet();
        let usable = |estimator: Estimator| sheet.has(estimator) && sheet.point(estimator).value.is_finite();
        let model = usable(Estimator::DrCv);
        let reference = if model { Estimator::DrCv } else { Estimator::Snips };
        let unbiased = sheet.point(reference);
        let mut best: Option<(Estimator, f64)> = None;
        for estimator in candidates(model).into_iter().filter(|estimator| usable(*estimator)) {
            let point = sheet.point(estimator);
            let variance = sheet.variance(estimator, &point)?;
            let gap = (point.value - unbiased.value).powi(2);
            let chance = sheet.variance_of_difference(&point, &unbiased)?;
            let error = variance + (gap - chance).max(0.0);
            if best.is_none_or(|(_, least)| error < least) {
                best = Some((estimator, error));
            }
        }
        best.map(|(estimator, _)| estimator)
    }
}
