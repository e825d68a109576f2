//! Why a decision came out as it did: at which stage the reward pays, why this amount, and against what else.

use crate::model::heads;
use crate::placement::{chance, place_of};
use crate::policy::Policy;
use crate::reasons::{Reason, Reasons};
use crate::request::Request;
use crate::scratch::Scratch;
use guerdon_core::Reward;
use serde::Serialize;

/// A decision explained. Money is in major units. [`std::fmt::Display`] says it in a few plain lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The request's.
    pub decision_id: String,
    /// The member.
    pub member_id: String,
    /// The policy that decided.
    pub policy_version: String,
    /// The action taken.
    pub action: String,
    /// The probability with which it was taken.
    pub probability: f64,
    /// The codes of the decision: why actions were removed.
    pub reasons: Vec<&'static str>,
    /// What is expected of the action taken; `None` where nothing was left.
    pub chosen: Option<Candidate>,
    /// The likeliest action, where exploration drew another.
    pub likeliest: Option<Candidate>,
    /// Where placement sends rewards; `None` where the policy does not place them.
    pub placement: Option<PlacedAt>,
    /// The action taken among those of its kind and timing, by amount. Empty for an action that has no amount.
    pub ladder: Vec<Step>,
    /// What else could have been: nothing, the best of another kind, the best that pays at another stage. Guardrails
    /// leave each of them.
    pub alternatives: Vec<Alternative>,
    /// Actions out of the choice.
    pub removed: Vec<Removed>,
    /// Decimals of money.
    #[serde(skip)]
    pub(crate) minor_units: u32,
}

/// What is expected of one action. Scores of models without heads come without revenue, cost and chance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The action.
    pub action: String,
    /// Its kind.
    pub kind: String,
    /// What it is worth to the member.
    pub amount: f64,
    /// The stage at which it pays; `None` if it never does.
    pub pays_at: Option<String>,
    /// P(reach that stage | x, a).
    pub chance: Option<f64>,
    /// What the policy ranks by.
    pub score: f64,
    /// Expected revenue.
    pub revenue: Option<f64>,
    /// Expected cost of the reward: amount · P(pays).
    pub cost: Option<f64>,
    /// The probability with which the policy takes it.
    pub probability: f64,
    /// Whether it was in the choice.
    pub offered: bool,
}

/// One amount of a ladder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The action with this amount.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// Whether it was taken.
    pub chosen: bool,
    /// What the next amount up adds to the score; `None` at the top.
    pub next_adds: Option<f64>,
}

/// An action that was not taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// What it stands for.
    pub what: Other,
    /// The action.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// The score of the action taken, less this one's.
    pub difference: f64,
}

/// What an alternative stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// No offer.
    None,
    /// The best offer of another kind.
    Kind,
    /// The best offer that pays at another stage.
    Stage,
}

/// Where placement sends rewards.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlacedAt {
    /// The chance that is asked for, τ.
    pub reach: f64,
    /// The stage; `None` where none is likely enough.
    pub stage: Option<String>,
    /// Each stage at which a reward that guardrails left pays, shallow to deep.
    pub stages: Vec<StageChance>,
}

/// A stage and the reward that makes reaching it likeliest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageChance {
    /// The stage.
    pub stage: String,
    /// The reward.
    pub action: String,
    /// P(reach the stage | x, the reward).
    pub chance: f64,
}

/// An action out of the choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Removed {
    /// The action.
    pub action: String,
    /// What removed it.
    pub by: RemovedBy,
}

/// What removes actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedBy {
    /// A guardrail; the decision's reasons say which.
    Guardrails,
    /// The request's eligible set.
    NotEligible,
    /// Placement: it pays at another stage, or is too unlikely to be paid.
    Placement,
}

impl Policy {
    /// Explains the decision that [`Policy::decide`] takes for `request`. It allocates, and asks the model twice.
    pub fn explain(&self, request: &Request, scratch: &mut Scratch) -> Explanation {
        let decision = self.decide(request, scratch);
        let (mut left, probabilities) = (scratch.left.clone(), scratch.probabilities.clone());
        let mut allowed = vec![false; left.len()];
        let offers = self.gate.refusals(request).is_empty();
        let mut known = Reasons::NONE; // the decision has them
        self.mark_left(request, offers, &mut known, &mut allowed);
        if decision.reasons.contains(Reason::ScoreNotFinite) {
            allowed = probabilities.iter().map(|p| *p > 0.0).collect();
            left.clone_from(&allowed);
        }
        self.score(request, scratch);
        let chosen = decision.action;
        let explainer = Explainer { policy: self, request, scratch, left, allowed, probabilities, chosen };
        explainer.explain(decision.propensity.get(), decision.reasons)
    }
}

/// What an explanation is made from.
struct Explainer<'a> {
    policy: &'a Policy,
    request: &'a Request<'a>,
    scratch: &'a Scratch,
    /// What was in the choice.
    left: Vec<bool>,
    /// The same before placement.
    allowed: Vec<bool>,
    probabilities: Vec<f64>,
    chosen: Option<usize>,
}

impl Explainer<'_> {
    fn explain(&self, probability: f64, reasons: Reasons) -> Explanation {
        let request = self.request;
        let likeliest = self.best(|action, _| self.left(action), &self.probabilities).filter(|likeliest| {
            let of = |action: usize| self.probabilities.get(action);
            self.chosen.is_some_and(|chosen| of(*likeliest) > of(chosen))
        });
        Explanation {
            decision_id: request.decision_id.to_owned(),
            member_id: request.member_id.to_owned(),
            policy_version: self.policy.version().to_owned(),
            action: self.policy.action_name(self.chosen).to_owned(),
            probability,
            reasons: reasons.iter().collect(),
            chosen: self.chosen.and_then(|action| self.candidate(action)),
            likeliest: likeliest.and_then(|action| self.candidate(action)),
            placement: self.placement(),
            ladder: self.ladder(),
            alternatives: self.alternatives(),
            removed: self.removed(),
            minor_units: self.policy.parts.minor_units,
        }
    }

    fn rewards(&self) -> &[Reward] {
        self.policy.catalogue().rewards()
    }

    fn left(&self, action: usize) -> bool {
        self.left.get(action) == Some(&true)
    }

    fn allowed(&self, action: usize) -> bool {
        self.allowed.get(action) == Some(&true)
    }

    fn stage_name(&self, stage: usize) -> String {
        self.policy.parts.stages.get(stage).cloned().unwrap_or_default()
    }

    /// One head of one action; `None` without heads.
    fn outcome(&self, head: usize, action: usize) -> Option<f64> {
        let has_heads = self.policy.parts.model.has_heads();
        has_heads.then(|| chance(&self.scratch.outcomes, self.rewards().len(), action, head))
    }

    fn score(&self, action: usize) -> f64 {
        self.scratch.scores.get(action).copied().unwrap_or(f64::NAN)
    }

    fn candidate(&self, action: usize) -> Option<Candidate> {
        let reward = self.rewards().get(action)?;
        let minor_units = self.policy.parts.minor_units;
        let paid = heads(self.policy.parts.stages.len()) - 2;
        Some(Candidate {
            action: reward.action.clone(),
            kind: reward.kind.clone(),
            amount: reward.amount.to_major(minor_units),
            pays_at: reward.pays_at.map(|stage| self.stage_name(stage)),
            chance: reward.pays_at.and_then(|stage| self.outcome(stage, action)),
            score: self.score(action),
            revenue: self.outcome(paid + 1, action),
            cost: self.outcome(paid, action).map(|paid| paid * reward.cost_when_paid().to_major(minor_units)),
            probability: self.probabilities.get(action).copied().unwrap_or(0.0),
            offered: self.left(action),
        })
    }

    /// The first of the actions with the largest of `values` for which `wanted` holds.
    fn best(&self, wanted: impl Fn(usize, &Reward) -> bool, values: &[f64]) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for ((action, reward), value) in self.rewards().iter().enumerate().zip(values) {
            if wanted(action, reward) && best.is_none_or(|(_, top)| *value > top) {
                best = Some((action, *value));
            }
        }
        best.map(|(action, _)| action)
    }

    fn ladder(&self) -> Vec<Step> {
        let Some(chosen) = self.chosen.and_then(|action| self.rewards().get(action)) else { return vec![] };
        if chosen.is_none() || chosen.amount.0 == 0 && chosen.points == 0 {
            return vec![];
        }
        let timing = |reward: &Reward| {
            let valid = reward.valid_hours.map(f64::to_bits);
            (reward.kind.clone(), reward.pays_at, reward.slot.clone(), valid)
        };
        let same = |(_, reward): &(usize, &Reward)| timing(reward) == timing(chosen);
        let mut actions: Vec<(usize, &Reward)> = self.rewards().iter().enumerate().filter(same).collect();
        actions.sort_by_key(|(_, reward)| (reward.amount, reward.points));
        let next = actions.iter().skip(1).map(|(action, _)| Some(self.score(*action))).chain([None]);
        let steps = actions.iter().zip(next).filter_map(|((action, _), next)| {
            let candidate = self.candidate(*action)?;
            let next_adds = next.map(|next| next - candidate.score);
            Some(Step { candidate, chosen: Some(*action) == self.chosen, next_adds })
        });
        steps.collect()
    }

    fn alternatives(&self) -> Vec<Alternative> {
        let Some((action, chosen)) = self.chosen.and_then(|action| Some((action, self.rewards().get(action)?))) else {
            return vec![];
        };
        let offer = |a: usize, reward: &Reward| self.allowed(a) && a != action && !reward.is_none();
        let scores = &self.scratch.scores;
        let none = self.policy.none.filter(|none| *none != action && self.allowed(*none));
        let kind = self.best(|a, reward| offer(a, reward) && reward.kind != chosen.kind, scores);
        let elsewhere = |reward: &Reward| reward.pays_at.is_some() && reward.pays_at != chosen.pays_at;
        let stage = self.best(|a, reward| offer(a, reward) && elsewhere(reward), scores);
        let found = [(Other::None, none), (Other::Kind, kind), (Other::Stage, stage)];
        let alternative = |(what, other): (Other, Option<usize>)| {
            let candidate = self.candidate(other?)?;
            Some(Alternative { what, difference: self.score(action) - candidate.score, candidate })
        };
        found.into_iter().filter_map(alternative).collect()
    }

    fn placement(&self) -> Option<PlacedAt> {
        let reach = self.policy.parts.objective.placement?.reach;
        let outcomes = &self.scratch.outcomes;
        let stages = (0..self.policy.parts.stages.len()).filter_map(|stage| {
            let (action, chance) = place_of(self.rewards(), outcomes, &self.allowed, stage)?;
            let action = self.policy.action_name(Some(action)).to_owned();
            Some(StageChance { stage: self.stage_name(stage), action, chance })
        });
        let stages: Vec<StageChance> = stages.collect();
        let stage = stages.iter().rev().find(|stage| stage.chance >= reach).map(|stage| stage.stage.clone());
        Some(PlacedAt { reach, stage, stages })
    }

    fn removed(&self) -> Vec<Removed> {
        let eligible = |action: usize| {
            let of_request = |eligible: &[u16]| eligible.iter().any(|e| usize::from(*e) == action);
            self.request.eligible.is_none_or(of_request)
        };
        let removed = |(action, reward): (usize, &Reward)| {
            let by = match (self.left(action), self.allowed(action)) {
                (true, true) => return None,
                (_, true) => RemovedBy::Placement,
                _ if !eligible(action) => RemovedBy::NotEligible,
                _ => RemovedBy::Guardrails,
            };
            Some(Removed { action: reward.action.clone(), by })
        };
        self.rewards().iter().enumerate().filter_map(removed).collect()
    }
}
