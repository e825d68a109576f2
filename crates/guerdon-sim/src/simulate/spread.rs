//! Intervals from an ensemble.

use super::result::Interval;
use guerdon_core::{Error, Result};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Turns one number per ensemble member into an [`Interval`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    t: f64,
}

impl Spread {
    /// # Errors
    /// [`Error::Config`] for fewer than two models or a confidence outside (0, 1).
    pub(super) fn new(ensemble: usize, confidence: f64) -> Result<Spread> {
        if ensemble < 2 {
            return Err(Error::config(
                "simulation",
                "ensemble",
                ensemble,
                "at least 2 would do: one model can't tell how sure it is",
            ));
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(Error::config("simulation", "confidence", confidence, "a number between 0 and 1 would do"));
        }
        let student = StudentsT::new(0.0, 1.0, (ensemble - 1) as f64)
            .map_err(|error| Error::Internal(format!("Student's t: {error}")))?;
        Ok(Spread { t: student.inverse_cdf(0.5 + confidence / 2.0) })
    }

    /// The mean of `plain` (one per model, over the members as they are) with the spread of `resampled` (one per
    /// model, over that model's bootstrap of members).
    pub(super) fn interval(self, plain: &[f64], resampled: &[f64]) -> Interval {
        let value = mean(plain);
        let centre = mean(resampled);
        let squares: f64 = resampled.iter().map(|number| (number - centre).powi(2)).sum();
        let half = self.t * (squares / (resampled.len() as f64 - 1.0)).sqrt();
        Interval { value, lower: value - half, upper: value + half }
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_models_get_students_quantile_for_nine_degrees_of_freedom() {
        let spread = Spread::new(10, 0.95).unwrap();
        assert!((spread.t - 2.262_157).abs() < 1e-5, "{}", spread.t);
        let numbers: Vec<f64> = (0..10).map(f64::from).collect();
        let interval = spread.interval(&numbers, &numbers);
        assert_eq!(interval.value, 4.5);
        assert!((interval.upper - (4.5 + 2.262_157 * 3.027_650)).abs() < 1e-4);
    }

    #[test]
    fn one_model_is_refused() {
        assert!(Spread::new(1, 0.95).unwrap_err().to_string().contains("ensemble is 1"));
    }
}
