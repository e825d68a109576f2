//! Reason codes: why actions were removed from a decision.

use std::fmt;

/// Why actions were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The policy makes no offers at all.
    KillSwitch,
    /// The member belongs to the hold-out that never gets an offer.
    Holdout,
    /// The member has not consented.
    NoConsent,
    /// Whether the member has consented is not known.
    ConsentUnknown,
    /// No offers at this hour.
    QuietHours,
    /// The member has had enough.
    FrequencyCap,
    /// How much the member has had is not known.
    CapUnknown,
    /// The request's eligible set leaves actions out.
    NotEligible,
    /// The request's context does not have one value for each feature.
    ContextMismatch,
    /// A score came out infinite or NaN.
    ScoreNotFinite,
    /// Rewards go to the deepest stage that is likely to be reached; others were left out.
    Placement,
    /// No stage at which a reward pays is likely to be reached.
    NoStageLikely,
    /// Nothing was left; the answer is `none`, for certain.
    NoActionLeft,
}

impl Reason {
    /// Every reason, in order.
    pub const ALL: [Reason; 13] = [
        Reason::KillSwitch,
        Reason::Holdout,
        Reason::NoConsent,
        Reason::ConsentUnknown,
        Reason::QuietHours,
        Reason::FrequencyCap,
        Reason::CapUnknown,
        Reason::NotEligible,
        Reason::ContextMismatch,
        Reason::ScoreNotFinite,
        Reason::Placement,
        Reason::NoStageLikely,
        Reason::NoActionLeft,
    ];

    /// The code that stands in decisions, say `"quiet_hours"`.
    pub fn code(self) -> &'static str {
        match self {
            Reason::KillSwitch => "kill_switch",
            Reason::Holdout => "holdout",
            Reason::NoConsent => "no_consent",
            Reason::ConsentUnknown => "consent_unknown",
            Reason::QuietHours => "quiet_hours",
            Reason::FrequencyCap => "frequency_cap",
            Reason::CapUnknown => "cap_unknown",
            Reason::NotEligible => "not_eligible",
            Reason::ContextMismatch => "context_mismatch",
            Reason::ScoreNotFinite => "score_not_finite",
            Reason::Placement => "placement",
            Reason::NoStageLikely => "no_stage_likely",
            Reason::NoActionLeft => "no_action_left",
        }
    }
}

/// A set of reasons, small enough to copy.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    /// None at all.
    pub const NONE: Reasons = Reasons(0);

    /// Adds one.
    pub(crate) fn add(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u8;
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `reason` is among them.
    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }

    /// The codes, in the order of [`Reason::ALL`].
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        Reason::ALL.into_iter().filter(move |reason| self.contains(*reason)).map(Reason::code)
    }
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lists_its_codes_in_order() {
        let mut reasons = Reasons::NONE;
        assert!(reasons.is_empty());
        reasons.add(Reason::NoActionLeft);
        reasons.add(Reason::QuietHours);
        reasons.add(Reason::QuietHours);
        assert_eq!(reasons.iter().collect::<Vec<_>>(), ["quiet_hours", "no_action_left"]);
        assert!(reasons.contains(Reason::QuietHours) && !reasons.contains(Reason::Holdout));
    }

    #[test]
    fn every_reason_has_a_bit_and_a_code_of_its_own() {
        let mut codes: Vec<_> = Reason::ALL.map(Reason::code).into();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(Reason::ALL.iter().enumerate().all(|(i, reason)| *reason as usize == i));
    }
}
