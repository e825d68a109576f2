//! Episodes: one member's decisions in order, each over its own eligible set, and how they ended.

use super::SequentialError;
use crate::Row;

/// How far a target policy's probabilities may be from a sum of 1 (single precision over a large catalogue).
const SUM_TOLERANCE: f64 = 1e-4;

/// One decision of an episode. Probabilities are over the eligible set: an ineligible action has probability 0 under both
/// policies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Reward r_t, in major units; finite.
    pub reward: f64,
    /// π_b(a_t|s_t) of the logged action, in (0, 1].
    pub propensity: f64,
    /// π_e(a_t|s_t) of the logged action, in [0, 1].
    pub target: f64,
    /// What a model that never saw this member predicts here, or nothing. DM, DR and WDR need it.
    pub model: Option<Prediction>,
    /// A discrete id of s_t, or nothing. MIS needs it.
    pub state: Option<u32>,
}

/// Predictions at one step of the discounted rewards from here to the end of the episode under the target policy. A NaN
/// says that there is no prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// q̂(s_t, a_t) of the logged action.
    pub q_logged: f64,
    /// v̂(s_t) = Σ_a π_e(a|s_t) q̂(s_t, a).
    pub v_target: f64,
}

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// A true end: nothing follows.
    Terminated,
    /// A cut: more would have followed.
    Truncated {
        /// v̂ of the state right after the last step, if there is one: the discounted value of what follows, seen from
        /// there. Used by DR and WDR only.
        value: Option<f64>,
    },
}

/// One member's decisions in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode<'a> {
    /// The decisions; at least one.
    pub steps: &'a [Step],
    /// How it ended.
    pub end: End,
}

impl Step {
    /// A step from a row over the whole catalogue. `eligible` says which actions could be taken (none given: all); π_e is
    /// divided by its mass on those. The row's propensity must already be over the eligible set, being the number that the
    /// action was drawn with. The step has no state id.
    ///
    /// # Errors
    /// If a slice is not as long as the target's, the logged action is unknown or ineligible, a probability is out of its
    /// range, π_e does not sum to 1 over the catalogue, or no mass of it is on eligible actions.
    pub fn from_row(row: &Row<'_>, eligible: Option<&[bool]>) -> Result<Step, SequentialError> {
        let actions = row.target.len();
        length("eligible", eligible.map(<[bool]>::len), actions)?;
        length("q_hat", row.q_hat.map(<[f64]>::len), actions)?;
        let &logged =
            row.target.get(row.action).ok_or(SequentialError::NoSuchAction { action: row.action, actions })?;
        for p in row.target {
            number(None, "target probability", *p, (0.0..=1.0).contains(p), "it must be in [0, 1]")?;
        }
        let sum: f64 = row.target.iter().sum();
        number(
            None,
            "sum of target probabilities",
            sum,
            (sum - 1.0).abs() <= SUM_TOLERANCE,
            "it must be 1 over the catalogue",
        )?;
        let allowed = |action: usize| eligible.is_none_or(|mask| mask.get(action).copied().unwrap_or(false));
        if !allowed(row.action) {
            return Err(SequentialError::Ineligible { action: row.action });
        }
        let mass = match eligible {
            Some(_) => row.target.iter().enumerate().filter(|(a, _)| allowed(*a)).map(|(_, p)| p).sum(),
            None => 1.0,
        };
        if mass <= 0.0 {
            return Err(SequentialError::NoEligibleMass);
        }
        let model = row.q_hat.and_then(|q| {
            // An action that is never taken must not bring in a prediction that is missing.
            let taken = row.target.iter().zip(q).enumerate().filter(|(a, (p, _))| allowed(*a) && **p > 0.0);
            let v_target = taken.map(|(_, (p, q))| p / mass * q).sum();
            q.get(row.action).map(|q_logged| Prediction { q_logged: *q_logged, v_target })
        });
        // Dividing by a sum may round to just above 1.
        let target = (logged / mass).min(1.0);
        let step = Step { reward: row.reward, propensity: row.propensity, target, model, state: None };
        step.check(None)?;
        Ok(step)
    }

    /// This step with a discrete state id.
    #[must_use]
    pub fn in_state(self, state: u32) -> Step {
        Step { state: Some(state), ..self }
    }

    fn check(&self, step: Option<usize>) -> Result<(), SequentialError> {
        let in_unit = (0.0..=1.0).contains(&self.propensity);
        number(step, "reward", self.reward, self.reward.is_finite(), "it must be finite")?;
        number(step, "propensity", self.propensity, in_unit && self.propensity > 0.0, "it must be in (0, 1]")?;
        number(step, "target probability", self.target, (0.0..=1.0).contains(&self.target), "it must be in [0, 1]")
    }
}

impl Episode<'_> {
    /// Whether all numbers are in their ranges.
    pub(super) fn check(&self) -> Result<(), SequentialError> {
        if self.steps.is_empty() {
            return Err(SequentialError::NoSteps);
        }
        self.steps.iter().enumerate().try_for_each(|(t, step)| step.check(Some(t)))?;
        match self.end {
            End::Truncated { value: Some(value) } => {
                number(Some(self.steps.len()), "value at the cut", value, value.is_finite(), "leave it out")
            }
            _ => Ok(()),
        }
    }
}

fn length(field: &'static str, given: Option<usize>, wanted: usize) -> Result<(), SequentialError> {
    match given {
        Some(given) if given != wanted => Err(SequentialError::Length { field, given, wanted }),
        _ => Ok(()),
    }
}

pub(super) fn number(
    step: Option<usize>,
    field: &'static str,
    given: f64,
    fine: bool,
    wanted: &'static str,
) -> Result<(), SequentialError> {
    if fine { Ok(()) } else { Err(SequentialError::Number { step, field, given, wanted }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row<'_> = Row {
        reward: 1.0,
        propensity: 0.5,
        action: 1,
        target: &[0.5, 0.3, 0.2],
        q_hat: Some(&[f64::NAN, 4.0, 2.0]),
        eligible: None,
        logging: None,
    };

    #[test]
    fn mass_on_ineligible_actions_goes_to_the_eligible_ones() {
        let step = Step::from_row(&ROW, Some(&[false, true, true])).unwrap();
        assert!((step.target - 0.6).abs() < 1e-15);
        let model = step.model.unwrap();
        assert!((model.v_target - (0.6 * 4.0 + 0.4 * 2.0)).abs() < 1e-12);
        assert_eq!(model.q_logged, 4.0);
        assert!(Step::from_row(&ROW, None).unwrap().model.unwrap().v_target.is_nan());
    }

    #[test]
    fn what_is_wrong_with_a_row_is_named() {
        let error = |row: Row<'_>, eligible: Option<&[bool]>| Step::from_row(&row, eligible).unwrap_err();
        assert_eq!(error(ROW, Some(&[true, false, true])), SequentialError::Ineligible { action: 1 });
        let elsewhere = Row { target: &[1.0, 0.0, 0.0], ..ROW };
        assert_eq!(error(elsewhere, Some(&[false, true, true])), SequentialError::NoEligibleMass);
        assert_eq!(error(ROW, Some(&[true])), SequentialError::Length { field: "eligible", given: 1, wanted: 3 });
        assert_eq!(error(Row { action: 3, ..ROW }, None), SequentialError::NoSuchAction { action: 3, actions: 3 });
        let half = Row { target: &[0.2, 0.2, 0.1], ..ROW };
        assert!(error(half, None).to_string().contains("sum of target probabilities is 0.5"));
        assert!(
            error(Row { propensity: 0.0, ..ROW }, None).to_string().contains("propensity is 0; it must be in (0, 1]")
        );
        assert!(error(Row { reward: f64::NAN, ..ROW }, None).to_string().contains("reward is NaN"));
    }

    #[test]
    fn an_episode_names_the_step_that_is_wrong() {
        let fine = Step { reward: 0.0, propensity: 1.0, target: 1.0, model: None, state: None };
        let steps = [fine, Step { target: 1.5, ..fine }];
        let error = Episode { steps: &steps, end: End::Terminated }.check().unwrap_err();
        assert_eq!(error.to_string(), "step 1: target probability is 1.5; it must be in [0, 1]");
        assert_eq!(Episode { steps: &[], end: End::Terminated }.check(), Err(SequentialError::NoSteps));
        let cut = Episode { steps: &steps[..1], end: End::Truncated { value: Some(f64::INFINITY) } };
        assert!(cut.check().unwrap_err().to_string().contains("value at the cut is inf"));
    }
}
