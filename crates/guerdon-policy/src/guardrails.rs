//! Guardrails made ready to run: rules that can only remove actions, each with its reason.

use crate::encoder::Encoder;
use crate::reasons::{Reason, Reasons};
use crate::request::Request;
use guerdon_core::{Error, FeatureType, Guardrails, QuietHours, Result, Seed, Value};

/// The guardrails of a policy, with features as places in the context.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    kill_switch: bool,
    holdout: f64,
    holdout_seed: Seed,
    consent: Option<usize>,
    quiet_hours: Option<QuietHours>,
    caps: Vec<(usize, f64)>,
    features: usize,
}

impl Gate {
    /// # Errors
    /// [`Error::Config`] for a share, hour or cap out of range, or a feature that the policy does not have.
    pub(crate) fn new(guardrails: &Guardrails, encoder: &Encoder, seed: Seed) -> Result<Gate> {
        let Guardrails { kill_switch, holdout, consent, quiet_hours, frequency_caps } = guardrails;
        if !(0.0..1.0).contains(holdout) {
            return Err(refused("holdout", holdout, "a share in [0, 1) would do"));
        }
        if let Some(hours) = quiet_hours.filter(|hours| hours.from > 23 || hours.to > 23) {
            return Err(refused("quiet_hours", format!("{} to {}", hours.from, hours.to), "hours 0 to 23 would do"));
        }
        let consent = consent.as_ref().map(|name| place(encoder, "consent", name)).transpose()?;
        let mut caps = vec![];
        for cap in frequency_caps {
            let index = place(encoder, "frequency_caps", &cap.feature)?;
            let is_number = encoder.schema().nth(index).is_some_and(|feature| feature.r#type == FeatureType::Number);
            if !is_number || cap.most.is_nan() {
                let given = format!("{:?} with most {}", cap.feature, cap.most);
                return Err(refused("frequency_caps", given, "a number feature and a number would do"));
            }
            caps.push((index, cap.most));
        }
        Ok(Gate {
            kill_switch: *kill_switch,
            holdout: *holdout,
            holdout_seed: seed.named("holdout"),
            consent,
            quiet_hours: *quiet_hours,
            caps,
            features: encoder.features(),
        })
    }

    /// Why this request may get no offer; empty where it may.
    pub(crate) fn refusals(&self, request: &Request) -> Reasons {
        let mut reasons = Reasons::NONE;
        if self.kill_switch {
            reasons.add(Reason::KillSwitch);
        }
        if self.holdout > 0.0 && self.holdout_seed.uniform(request.member_id) < self.holdout {
            reasons.add(Reason::Holdout);
        }
        if request.context.len() != self.features {
            reasons.add(Reason::ContextMismatch);
        }
        if let Some(feature) = self.consent {
            match request.context.get(feature) {
                Some(Value::Number(consent)) if *consent == 1.0 => {}
                Some(Value::Category("yes" | "true")) => {}
                Some(Value::Number(consent)) if !consent.is_finite() => reasons.add(Reason::ConsentUnknown),
                Some(Value::Missing) | None => reasons.add(Reason::ConsentUnknown),
                Some(_) => reasons.add(Reason::NoConsent),
            }
        }
        if self.quiet_hours.is_some_and(|hours| hours.contains(request.at.hour())) {
            reasons.add(Reason::QuietHours);
        }
        for (feature, most) in &self.caps {
            match request.context.get(*feature) {
                Some(Value::Number(count)) if count < most => {}
                Some(Value::Number(count)) if count >= most => reasons.add(Reason::FrequencyCap),
                _ => reasons.add(Reason::CapUnknown),
            }
        }
        reasons
    }
}

fn place(encoder: &Encoder, key: &str, name: &str) -> Result<usize> {
    encoder.index_of(name).ok_or_else(|| {
        let known: Vec<_> = encoder.schema().map(|feature| feature.name.as_str()).collect();
        refused(key, format!("{name:?}"), format!("a feature of the policy would do: {}", known.join(", ")))
    })
}

fn refused(key: &str, given: impl ToString, wanted: impl ToString) -> Error {
    Error::config("guardrails", key, given, wanted)
}
