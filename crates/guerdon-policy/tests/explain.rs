//! Placement and explanations: on a policy whose every number can be worked out by hand.

mod common;
use common::*;
use guerdon_core::{Catalogue, Money, Reward};
use guerdon_policy::{
    Dense, Explanation, Exploration, Objective, Other, OutcomeModel, Placement, Policy, PolicyParts, RemovedBy, Request,
};

/// Action, kind, amount, stage, and chances of viewed, completed and purchased, then expected revenue. `paid` is the
/// chance of the stage.
type Row = (&'static str, &'static str, i64, Option<usize>, [f32; 3], f32);

const ROWS: [Row; 7] = [
    ("none", "none", 0, None, [0.5, 0.375, 0.25], 8.0),
    ("five_off", "discount", 500, Some(2), [0.875, 0.5, 0.375], 16.0),
    ("ten_off", "discount", 1000, Some(2), [0.875, 0.625, 0.5], 26.0),
    ("twenty_off", "discount", 2000, Some(2), [0.875, 0.625, 0.5], 28.0),
    ("gift", "gift", 200, Some(1), [0.875, 0.75, 0.375], 18.0),
    ("peek", "points", 100, Some(0), [0.9375, 0.5, 0.25], 14.0),
    ("news", "informational", 0, None, [0.625, 0.375, 0.25], 9.0),
];

fn parts_of(rows: &[Row], placement: Option<f64>, exploration: Exploration) -> PolicyParts {
    let reward = |(action, kind, amount, pays_at, ..): &Row| Reward {
        action: action.to_string(),
        kind: kind.to_string(),
        amount: Money(*amount),
        points: 0,
        threshold: None,
        pays_at: *pays_at,
        valid_hours: None,
        slot: None,
        channels: vec![],
    };
    let mut bias: Vec<f32> = (0..3).flat_map(|stage| rows.iter().map(move |row| row.4[stage])).collect();
    bias.extend(rows.iter().map(|row| row.3.map_or(0.0, |stage| row.4[stage])));
    bias.extend(rows.iter().map(|row| row.5));
    let inputs = encoder().width();
    let model =
        OutcomeModel::Linear(Dense { inputs, outputs: bias.len(), weights: vec![0.0; inputs * bias.len()], bias });
    let placement = placement.map(|reach| Placement { reach });
    PolicyParts {
        catalogue: Catalogue::new(rows.iter().map(reward).collect()).unwrap(),
        objective: Objective { margin: 0.5, lambda: 0.0, mu: 0.0, contact_cost: 0.0, point_value: 0.0, placement },
        ..parts(model, 1, exploration)
    }
}

fn policy_of(placement: Option<f64>, exploration: Exploration) -> Policy {
    Policy::new(parts_of(&ROWS, placement, exploration)).unwrap()
}

fn decided(policy: &Policy, request: &Request) -> (String, Vec<&'static str>) {
    let decision = policy.decide(request, &mut policy.scratch());
    (policy.action_name(decision.action).to_owned(), decision.reasons.iter().collect())
}

fn explained(policy: &Policy, request: &Request) -> Explanation {
    policy.explain(request, &mut policy.scratch())
}

#[test]
fn the_reward_goes_to_the_deepest_stage_that_is_likely_and_the_amount_to_the_best_score_there() {
    // Scores: none 4, five_off 6.125, ten_off 8, twenty_off 4, gift 7.5, peek 6.0625, news 4.5.
    for (reach, action, codes) in [
        (None, "ten_off", vec![]),
        (Some(0.3), "ten_off", vec!["placement"]),
        (Some(0.45), "ten_off", vec!["placement"]),
        (Some(0.6), "gift", vec!["placement"]),
        (Some(0.8), "peek", vec!["placement"]),
        (Some(0.97), "news", vec!["no_stage_likely"]),
    ] {
        let policy = policy_of(reach, Exploration::Greedy);
        assert_eq!(decided(&policy, &request("d", &CONTEXT)), (action.to_owned(), codes), "{reach:?}");
    }
}

#[test]
fn propensities_are_those_of_what_placement_leaves() {
    let policy = policy_of(Some(0.6), Exploration::EpsilonGreedy { epsilon: 0.3 });
    let mut scratch = policy.scratch();
    let p = policy.probabilities(&request("d", &CONTEXT), &mut scratch);
    let each = 0.3 / 3.0;
    assert_eq!(p, [each, 0.0, 0.0, 0.0, 1.0 - 2.0 * each, 0.0, each]);
}

#[test]
fn placement_works_on_what_guardrails_leave() {
    let policy = policy_of(Some(0.6), Exploration::Greedy);
    let only = |eligible: &'static [u16]| Request { eligible: Some(eligible), ..request("d", &CONTEXT) };
    let codes = |code| vec!["not_eligible", code];
    assert_eq!(decided(&policy, &only(&[0, 2, 5])), ("peek".into(), codes("placement")));
    assert_eq!(decided(&policy, &only(&[0, 1, 2])), ("none".into(), codes("no_stage_likely")));
    assert_eq!(decided(&policy, &only(&[1, 2])), ("ten_off".into(), codes("no_stage_likely")));
    assert_eq!(decided(&policy, &only(&[1])), ("five_off".into(), vec!["not_eligible"]));
}

#[test]
fn a_placement_is_kept_in_the_bundle_and_checked() {
    let policy = policy_of(Some(0.6), Exploration::Greedy);
    assert_eq!(policy.inspect().format_version, 3);
    assert_eq!(policy_of(None, Exploration::Greedy).inspect().format_version, 1);
    assert_eq!(Policy::from_bytes(&policy.to_bytes(), "p").unwrap().parts(), policy.parts());
    for reach in [0.0, 1.0, -0.5, f64::NAN] {
        let error = Policy::new(parts_of(&ROWS, Some(reach), Exploration::Greedy)).unwrap_err().to_string();
        assert!(error.contains("placement.reach"), "{error}");
    }
    let headless = PolicyParts { model: fixed(6), ..parts_of(&ROWS, Some(0.5), Exploration::Greedy) };
    let error = Policy::new(headless).unwrap_err().to_string();
    assert!(error.contains("placement") && error.contains("fixed"), "{error}");
}

#[test]
fn an_explanation_gives_the_ladder_and_the_best_alternatives() {
    let found = explained(&policy_of(None, Exploration::Greedy), &request("d", &CONTEXT));
    let ladder: Vec<_> = found
        .ladder
        .iter()
        .map(|step| (step.candidate.amount, step.candidate.score, step.next_adds, step.chosen))
        .collect();
    assert_eq!(ladder, [(5.0, 6.125, Some(1.875), false), (10.0, 8.0, Some(-4.0), true), (20.0, 4.0, None, false)]);
    let others: Vec<_> =
        found.alternatives.iter().map(|a| (a.what, a.candidate.action.as_str(), a.difference)).collect();
    assert_eq!(others, [(Other::None, "none", 4.0), (Other::Kind, "gift", 0.75 - 0.25), (Other::Stage, "gift", 0.5)]);
    let chosen = found.chosen.unwrap();
    assert_eq!((chosen.revenue, chosen.cost, chosen.chance), (Some(26.0), Some(5.0), Some(0.5)));
    assert!(found.placement.is_none() && found.removed.is_empty() && found.likeliest.is_none());
}

#[test]
fn an_explanation_agrees_with_the_decision_and_the_probabilities_of_every_model() {
    for model in every_model(4) {
        let exploration = Exploration::Softmax { temperature: 0.5, floor: 0.1 };
        let mut parts = parts(model, 4, exploration);
        parts.guardrails = guardrails();
        let policy = Policy::new(parts).unwrap();
        let mut scratch = policy.scratch();
        for i in 0..40 {
            let (id, member) = (format!("d-{i}"), format!("m-{i}"));
            let eligible = [&[0u16, 2, 3][..], &[], &[1]][i % 3];
            let request =
                Request { member_id: &member, eligible: (i % 2 == 0).then_some(eligible), ..request(&id, &CONTEXT) };
            let decision = policy.decide(&request, &mut scratch);
            let found = policy.explain(&request, &mut scratch);
            assert_eq!(found.action, policy.action_name(decision.action));
            assert_eq!(found.probability, decision.propensity.get());
            assert_eq!(found.reasons, Vec::from_iter(decision.reasons.iter()));
            assert_eq!(found.chosen.as_ref().map(|c| c.probability), decision.action.map(|_| found.probability));
            let removed = found.removed.iter().filter(|r| r.by == RemovedBy::NotEligible).count();
            assert_eq!(removed, if i % 2 == 0 { 5 - eligible.len() } else { 0 });
            serde_json::to_string(&found).unwrap();
            assert!(found.to_string().starts_with(&format!("{id}, member {member}: ")));
        }
    }
}

const PLACED: &str = "\
d-1, member m-1: gift (gift, 2.00)
  Drawn: with probability 80 %
  When:  it pays once completed is reached, for which the chance is 75 %
  Placed: at completed, the deepest stage with a chance of at least 60 % (viewed 94 %, completed 75 %, purchased 50 %)
  Worth: score 7.50, from an expected revenue of 18.00 and cost of 1.50
  Instead: no offer scores 3.50 less
  Instead: ten_off (discount, 10.00), the best of another kind and stage (purchased), scores 0.50 more, but is out of the choice
  Removed by placement: five_off, ten_off, twenty_off, peek
  Codes: placement
";

const LADDER: &str = "\
d, member m-1: five_off (discount, 5.00)
  When:  it pays once purchased is reached, for which the chance is 38 %
  Worth: score 6.12, from an expected revenue of 16.00 and cost of 1.88
  How much, among the amounts of this kind and timing:
  ->      5.00: score      6.12, revenue     16.00, cost     1.88; the next amount adds 1.88
         10.00: score      8.00, revenue     26.00, cost     5.00; the next amount loses 4.00 (out of the choice)
         20.00: score      4.00, revenue     28.00, cost    10.00; the largest
  Instead: no offer scores 2.12 less
  Removed as not eligible: ten_off, gift, peek, news
  Codes: not_eligible
";

#[test]
fn an_explanation_reads_like_this() {
    let policy = policy_of(Some(0.6), Exploration::EpsilonGreedy { epsilon: 0.3 });
    let found = explained(&policy, &request("d-1", &CONTEXT)).to_string();
    assert_eq!(found, PLACED, "{found}");
    let eligible = Some(&[0, 1, 3][..]);
    let found = explained(&policy_of(None, Exploration::Greedy), &Request { eligible, ..request("d", &CONTEXT) });
    assert_eq!(found.to_string(), LADDER, "{found}");
}
