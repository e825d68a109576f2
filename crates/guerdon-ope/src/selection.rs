//! Choosing among policies on one log: ranking, pairwise differences corrected for multiplicity (Holm 1979; Hothorn, Bretz
//! & Westfall 2008, eq. 3), guard outcomes, and SharpeRatio@k (Kiyohara et al. 2024).
//!
//! ```
//! use guerdon_ope::selection::{Multiplicity, Selection};
//! use guerdon_ope::{Estimator, Terms};
//!
//! let mut selection = Selection::new(Estimator::Ips, &["logging", "generous"])?;
//! for member in 0..1000u64 {
//!     let (action, reward) = (member % 2, (member % 2 * 2 + member % 3) as f64);
//!     let generous = Terms::new(reward, 2.0 * action as f64, f64::NAN, f64::NAN);
//!     selection.push(member, &[Selection::logged(reward), generous])?;
//! }
//! let compared = selection.comparisons()?.compare(0.95, Multiplicity::Bonferroni)?;
//! assert_eq!(compared.best_names(), ["generous"]);
//! # Ok::<(), guerdon_ope::selection::SelectionError>(())
//! ```
//!
//! What it does not do: hold the numbers against a certificate. Leave out candidates that [`crate::Evaluation`] refuses.

mod compared;
mod comparisons;
mod draws;
mod error;
mod guard;
mod sharpe;

pub use compared::{Compared, Pair};
pub use comparisons::{Candidate, Comparisons, Multiplicity};
pub use error::SelectionError;
pub use guard::{Choice, Direction, Guard, GuardCheck, choose};
pub use sharpe::{SharpeAt, sharpe_ratio_at};

use crate::sheet::Sheet;
use crate::{Estimator, JointMoments, Terms};

/// Joint sums of several policies on the same decisions, so that every pairwise difference comes from one matrix. Memory:
/// the square of (candidates × the estimator's sums), whatever the log's length.
#[derive(Debug, Clone)]
pub struct Selection {
    estimator: Estimator,
    names: Vec<String>,
    sheets: Vec<Sheet>,
    joint: JointMoments,
    row: Vec<f64>,
}

impl Selection {
    /// For these candidates, by this estimator. Errors: fewer than two names, or one named twice.
    pub fn new(estimator: Estimator, names: &[&str]) -> Result<Self, SelectionError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        error::check_names(&names)?;
        let sheet = Sheet::new(&[estimator]);
        let width = sheet.width() * names.len();
        let sheets = vec![sheet; names.len()];
        Ok(Selection { estimator, names, sheets, joint: JointMoments::new(width), row: vec![0.0; width] })
    }

    /// The logging policy's terms of a decision with this reward: by every estimator but replay and MIPS its value is the
    /// mean reward.
    pub fn logged(reward: f64) -> Terms {
        Terms::new(reward, 1.0, reward, reward)
    }

    /// Adds one decision of `member`: terms per candidate, in the order of the names. A member's rows must follow each
    /// other. Errors: another number of terms than of candidates.
    pub fn push(&mut self, member: u64, terms: &[Terms]) -> Result<(), SelectionError> {
        if terms.len() != self.names.len() {
            return Err(SelectionError::Length { what: "terms", given: terms.len(), wanted: self.names.len() });
        }
        let width = self.row.len() / self.names.len();
        for ((sheet, terms), place) in self.sheets.iter_mut().zip(terms).zip(self.row.chunks_exact_mut(width)) {
            sheet.push(member, terms);
            place.copy_from_slice(sheet.last());
        }
        self.joint.push(member, &self.row);
        Ok(())
    }

    /// Adds all that `other` saw, of other members. Errors: other candidates, or another estimator.
    pub fn merge(&mut self, other: Selection) -> Result<(), SelectionError> {
        if self.names != other.names || self.estimator != other.estimator {
            return Err(SelectionError::Other {
                given: format!("{} by {}", other.names.join(", "), other.estimator),
                wanted: format!("{} by {}", self.names.join(", "), self.estimator),
            });
        }
        self.sheets.iter_mut().zip(other.sheets).for_each(|(mine, theirs)| mine.merge(theirs));
        self.joint.merge(other.joint);
        Ok(())
    }

    /// Values and the variances of all pairwise differences, by the delta method over all candidates jointly, clustered by
    /// member. Errors: fewer than two members, or a candidate without a finite value.
    pub fn comparisons(&self) -> Result<Comparisons, SelectionError> {
        let width = self.row.len() / self.names.len();
        let points: Vec<_> = self.sheets.iter().map(|sheet| sheet.point(self.estimator)).collect();
        let variance = |parts: &[(usize, f64)]| {
            let mut gradient = vec![0.0; self.row.len()];
            for (candidate, sign) in parts {
                let places = &mut gradient[candidate * width..(candidate + 1) * width];
                places.iter_mut().zip(&points[*candidate].gradient).for_each(|(place, slope)| *place = sign * slope);
            }
            self.joint.variance(&gradient).unwrap_or(f64::NAN)
        };
        let candidates = self.names.iter().zip(&points).enumerate();
        let candidates = candidates
            .map(|(i, (name, point))| Candidate {
                name: name.clone(),
                value: point.value,
                variance: variance(&[(i, 1.0)]),
            })
            .collect();
        let count = self.names.len();
        let between = |i: usize, j: usize| if i == j { 0.0 } else { variance(&[(i.min(j), 1.0), (i.max(j), -1.0)]) };
        let variances = (0..count).map(|i| (0..count).map(|j| between(i, j)).collect()).collect();
        Comparisons::new(candidates, variances)
    }
}
