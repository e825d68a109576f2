//! Forward passes against their definitions, in double precision and with the standard library's functions.

mod common;
use common::*;
use guerdon_core::{FeatureType, Seed, Value};
use guerdon_policy::{
    AmountCurve, ChanceLink, Dense, Encoder, Encoding, EnsembleModel, Exploration, FeatureSchema, Forest, MlpModel,
    Objective, OutcomeModel, Policy, PolicyParts, RevenueLink, ScoresModel, TreesModel, heads, one_after_the_other,
};

/// A layer that gives `bias` whatever comes in.
fn constant(inputs: usize, bias: Vec<f32>) -> Dense {
    Dense { inputs, outputs: bias.len(), weights: vec![0.0; inputs * bias.len()], bias }
}

fn plain(members: Vec<Vec<Dense>>) -> EnsembleModel {
    EnsembleModel {
        trunk: vec![],
        members,
        link: ChanceLink::Sigmoid,
        revenue_link: RevenueLink::Identity,
        follows: vec![],
        revenue_stage: None,
        amount: None,
        pessimism: 0.0,
    }
}

/// Two actions, the second with a curve of one knot whose basis is 1: its g is softplus(0) = ln 2 in every head.
fn halved(revenue_stage: Option<usize>, follows: Vec<Option<usize>>) -> EnsembleModel {
    let amount =
        AmountCurve { group: vec![None, Some(0)], groups: 1, knots: 1, basis: vec![7.0, 1.0], revenue_scale: 10.0 };
    let curve = amount.outputs(STAGES.len(), revenue_stage.is_some());
    let mut bias = vec![0.0; 8];
    bias.extend([3.0, 5.0]);
    bias.extend(vec![0.0; curve]);
    let members = vec![vec![constant(encoder().width(), bias)]];
    EnsembleModel { follows, revenue_stage, amount: Some(amount), ..plain(members) }
}

fn outcomes(model: OutcomeModel, offers: usize) -> Vec<f64> {
    let policy = policy(model, offers, Exploration::Greedy);
    policy.outcomes(&request("d", &CONTEXT), &mut policy.scratch()).iter().map(|o| f64::from(*o)).collect()
}

fn assert_close(found: &[f64], truth: &[f64]) {
    assert_eq!(found.len(), truth.len());
    for (i, (found, truth)) in found.iter().zip(truth).enumerate() {
        assert!((found - truth).abs() <= 3e-6 * truth.abs().max(1.0), "{i}: {found}, not {truth}");
    }
}

#[test]
fn a_curve_lifts_every_chance_and_revenue_of_its_actions_alone() {
    let ln_2 = 2f64.ln();
    let truth = [0.5, 0.75, 0.5, 0.75, 0.5, 0.75, 0.5, 0.75, 3.0, 5.0 + 10.0 * ln_2];
    assert_close(&outcomes(OutcomeModel::Ensemble(halved(None, vec![])), 1), &truth);
}

#[test]
fn a_chain_multiplies_the_stages_and_not_paid_and_the_hurdle_takes_the_chained_chance() {
    let p: f64 = 0.75;
    let truth = [0.5, p, 0.25, p * p, 0.125, p.powi(3), 0.5, p, 3.0 * 0.125, 5.0 * p.powi(3)];
    assert_close(&outcomes(OutcomeModel::Ensemble(halved(Some(2), one_after_the_other(3))), 1), &truth);
    let truth = [0.5, p, 0.5, p, 0.25, p * p, 0.5, p, 3.0 * 0.25, 5.0 * p * p];
    assert_close(&outcomes(OutcomeModel::Ensemble(halved(Some(2), vec![None, None, Some(0)])), 1), &truth);
    let truth = [0.5, p, 0.5, p, 0.5, p, 0.5, p, 3.0 * 0.5, 5.0 * p];
    assert_close(&outcomes(OutcomeModel::Ensemble(halved(Some(1), vec![])), 1), &truth);
}

#[test]
fn what_overflows_before_a_log_link_is_not_cut_to_its_most() {
    let OutcomeModel::Ensemble(model) = log_revenue(1) else { unreachable!() };
    for (bias, finite) in [(60.0, true), (f32::MAX, false)] {
        let mut all = vec![0.0; 8];
        all.extend([bias; 2]);
        // Twice the largest number is infinite.
        let layers = vec![
            constant(encoder().width(), vec![20.0]),
            Dense { inputs: 1, outputs: 10, weights: all, bias: vec![0.0; 10] },
        ];
        let model = EnsembleModel { trunk: vec![], members: vec![layers], ..model.clone() };
        let found = outcomes(OutcomeModel::Ensemble(model), 1);
        assert!(found[8..].iter().all(|revenue| if finite { *revenue == 1.5 } else { revenue.is_nan() }), "{found:?}");
    }
}

#[test]
fn members_are_averaged_after_their_links() {
    let member = |chance: f32, revenue: f32| {
        let mut bias = vec![chance; 8];
        bias.extend([revenue, revenue]);
        vec![constant(encoder().width(), bias)]
    };
    let clamped = EnsembleModel { link: ChanceLink::Clamp, ..plain(vec![member(3.0, 1.0), member(0.25, 4.0)]) };
    let mut truth = vec![0.625; 8];
    truth.extend([2.5, 2.5]);
    assert_close(&outcomes(OutcomeModel::Ensemble(clamped), 1), &truth);
}

/// The layers in double precision; SiLU after each, or not after the last.
fn through(layers: &[Dense], x: &[f64], activate_last: bool) -> Vec<f64> {
    let mut x = x.to_vec();
    for (i, layer) in layers.iter().enumerate() {
        let sum = |j: usize| {
            let products = x.iter().enumerate().map(|(i, x)| x * f64::from(layer.weights[i * layer.outputs + j]));
            f64::from(layer.bias[j]) + products.sum::<f64>()
        };
        let mut out: Vec<f64> = (0..layer.outputs).map(sum).collect();
        if activate_last || i + 1 < layers.len() {
            out.iter_mut().for_each(|h| *h /= 1.0 + (-*h).exp());
        }
        x = out;
    }
    x
}

fn encoded(parts: &PolicyParts, context: &[Value]) -> Vec<f64> {
    let mut x = vec![0.0; parts.encoder.width()];
    parts.encoder.encode(context, &mut x);
    x.into_iter().map(f64::from).collect()
}

/// One member's outcomes by the book.
fn member_outcomes(model: &EnsembleModel, member: &[Dense], x: &[f64], actions: usize) -> Vec<f64> {
    let all = heads(STAGES.len());
    let last = through(member, &through(&model.trunk, x, true), false);
    let (base, z) = last.split_at(all * actions);
    let mut out = base.to_vec();
    for (head, action) in (0..all).flat_map(|head| (0..actions).map(move |action| (head, action))) {
        let mut g = 0.0;
        if let Some(curve) = &model.amount
            && let Some(group) = curve.group[action]
            && (head < all - 1 || model.revenue_stage.is_none())
        {
            for knot in 0..curve.knots {
                let z = z[(head * curve.groups + group) * curve.knots + knot];
                g += f64::from(curve.basis[action * curve.knots + knot]) * (1.0 + z.exp()).ln();
            }
        }
        let place = &mut out[head * actions + action];
        if head == all - 1 {
            let lifted = model.amount.as_ref().map_or(0.0, |curve| f64::from(curve.revenue_scale)) * g;
            *place = match model.revenue_link {
                RevenueLink::Identity => *place + lifted,
                RevenueLink::Exp { most } => (place.exp() + lifted).min(f64::from(most)),
            };
            continue;
        }
        let linked = match model.link {
            ChanceLink::Sigmoid => 1.0 / (1.0 + (-*place).exp()),
            ChanceLink::Clamp => place.clamp(0.0, 1.0),
        };
        *place = 1.0 - (1.0 - linked) * (-g).exp();
    }
    for (stage, before) in model.follows.iter().enumerate() {
        let Some(before) = before else { continue };
        (0..actions).for_each(|a| out[stage * actions + a] *= out[before * actions + a]);
    }
    if let Some(stage) = model.revenue_stage {
        (0..actions).for_each(|a| out[(all - 1) * actions + a] *= out[stage * actions + a]);
    }
    out
}

fn contexts() -> Vec<[Value<'static>; 4]> {
    let mut contexts = vec![CONTEXT, [Value::Missing; 4]];
    for row in 0..30 {
        let seed = Seed(3).indexed(row);
        let age = Value::Number(20.0 + 50.0 * seed.uniform("age"));
        let region = ["north", "south", "west", "sea"][(4.0 * seed.uniform("region")) as usize];
        contexts.push([age, Value::Number(4.0 * seed.uniform("offers")), CONTEXT[2], Value::Category(region)]);
    }
    contexts
}

#[test]
fn an_ensemble_is_the_mean_of_its_members_by_the_book() {
    let exp = RevenueLink::Exp { most: 3.0 };
    let mut capped = 0;
    for (model, revenue_stage, revenue_link) in [
        (ensemble(5), Some(2), RevenueLink::Identity),
        (ensemble(5), None, RevenueLink::Identity),
        (draws_of_linear(5), None, RevenueLink::Identity),
        (log_revenue(5), Some(2), exp),
        (ensemble(5), None, exp),
        (draws_of_linear(5), None, exp),
    ] {
        let OutcomeModel::Ensemble(mut model) = model else { unreachable!() };
        model.revenue_link = revenue_link;
        if revenue_stage.is_none() && model.amount.is_some() {
            // Revenue is curved too then.
            model = match widened(model) {
                OutcomeModel::Ensemble(model) => model,
                _ => unreachable!(),
            };
        }
        let policy = policy(OutcomeModel::Ensemble(model.clone()), 5, Exploration::Greedy);
        let mut scratch = policy.scratch();
        for context in contexts() {
            let x = encoded(policy.parts(), &context);
            let of_members: Vec<_> = model.members.iter().map(|m| member_outcomes(&model, m, &x, 6)).collect();
            let mean = |i: usize| of_members.iter().map(|o| o[i]).sum::<f64>() / of_members.len() as f64;
            let truth: Vec<_> = (0..of_members[0].len()).map(mean).collect();
            let found = policy.outcomes(&request("d", &context), &mut scratch);
            assert_close(&found.iter().map(|o| f64::from(*o)).collect::<Vec<_>>(), &truth);
            capped += of_members.iter().flatten().filter(|outcome| **outcome == 3.0).count();
        }
    }
    assert!(capped > 10, "revenue came to the most in {capped} cases");
}

/// The same without a hurdle, so that revenue has numbers of its own for the curve.
fn widened(mut model: EnsembleModel) -> OutcomeModel {
    let mut draws = Draws::new(9);
    model.revenue_stage = None;
    let curve = model.amount.as_ref().map_or(0, |curve| curve.outputs(STAGES.len(), false));
    for member in &mut model.members {
        let last = member.len() - 1;
        member[last] = layer(&mut draws, member[last].inputs, heads(STAGES.len()) * 6 + curve);
    }
    OutcomeModel::Ensemble(model)
}

#[test]
fn one_member_without_extras_gives_the_bits_of_a_plain_network() {
    let OutcomeModel::Mlp(MlpModel { layers, .. }) = mlp(4) else { unreachable!() };
    let alone = policy(mlp(4), 4, Exploration::Greedy);
    let member = policy(OutcomeModel::Ensemble(plain(vec![layers])), 4, Exploration::Greedy);
    for context in contexts() {
        let (mut a, mut b) = (alone.scratch(), member.scratch());
        let bits = |outcomes: &[f32]| outcomes.iter().map(|o| o.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(alone.outcomes(&request("d", &context), &mut a)),
            bits(member.outcomes(&request("d", &context), &mut b))
        );
    }
}

/// Each member as a policy of its own.
fn members_alone(model: &EnsembleModel, parts: &PolicyParts) -> Vec<Policy> {
    let alone = |member: &Vec<Dense>| {
        let model = EnsembleModel { members: vec![member.clone()], pessimism: 0.0, ..model.clone() };
        let model = OutcomeModel::Ensemble(model);
        Policy::new(PolicyParts { model, exploration: Exploration::Greedy, ..parts.clone() }).unwrap()
    };
    model.members.iter().map(alone).collect()
}

#[test]
fn pessimism_takes_standard_deviations_over_members_from_the_mean_score() {
    for model in [ensemble(5), draws_of_linear(5)] {
        for pessimism in [0.0, 0.7, 2.0] {
            let OutcomeModel::Ensemble(mut model) = model.clone() else { unreachable!() };
            model.pessimism = pessimism;
            let policy = policy(OutcomeModel::Ensemble(model.clone()), 5, Exploration::Greedy);
            let alone = members_alone(&model, policy.parts());
            for context in contexts() {
                let scores = |policy: &Policy| policy.scores(&request("d", &context), &mut policy.scratch()).to_vec();
                let of_members: Vec<_> = alone.iter().map(scores).collect();
                let n = of_members.len() as f64;
                for (action, score) in scores(&policy).into_iter().enumerate() {
                    let mean = of_members.iter().map(|s| s[action]).sum::<f64>() / n;
                    let square = of_members.iter().map(|s| (s[action] - mean).powi(2)).sum::<f64>() / n;
                    let truth = mean - pessimism * square.sqrt();
                    assert!((score - truth).abs() < 1e-5, "{score}, not {truth}");
                }
            }
        }
    }
}

#[test]
fn vote_probabilities_are_the_brute_force_shares_of_votes_under_every_mask() {
    let (offers, floor) = (5u16, 0.1);
    for (model, floor) in [(ensemble(5), 0.0), (draws_of_linear(5), floor)] {
        let OutcomeModel::Ensemble(model) = model else { unreachable!() };
        let voting = policy(OutcomeModel::Ensemble(model.clone()), 5, Exploration::Vote { floor });
        let alone = members_alone(&model, voting.parts());
        for mask in 1u16..1 << (offers + 1) {
            let eligible: Vec<u16> = (0..=offers).filter(|action| mask & (1 << action) != 0).collect();
            let context = contexts()[mask as usize % 32];
            let request = guerdon_policy::Request { eligible: Some(&eligible), ..request("d", &context) };
            let mut votes = [0.0; 6];
            for member in &alone {
                votes[member.decide(&request, &mut member.scratch()).action.unwrap()] += 1.0;
            }
            let mut scratch = voting.scratch();
            let found = voting.probabilities(&request, &mut scratch);
            for (action, (found, votes)) in found.iter().zip(votes).enumerate() {
                let share = votes / alone.len() as f64;
                let truth = match mask & (1 << action) != 0 {
                    true => floor / eligible.len() as f64 + (1.0 - floor) * share,
                    false => 0.0,
                };
                assert!((found - truth).abs() < 1e-15, "{mask:#b} {action}: {found}, not {truth}");
            }
        }
    }
}

#[test]
fn a_floor_holds_for_every_action_that_is_left() {
    for (model, exploration, floor) in [
        (ensemble(5), Exploration::Vote { floor: 0.12 }, 0.12),
        (trees(5), Exploration::Softmax { temperature: 0.01, floor: 0.3 }, 0.3),
        (scores(5), Exploration::Softmax { temperature: 0.01, floor: 1.0 }, 1.0),
    ] {
        let policy = policy(model, 5, exploration);
        let mut scratch = policy.scratch();
        for context in contexts() {
            for eligible in [&[0u16, 1, 2, 3, 4, 5][..], &[1, 4], &[0, 2, 5]] {
                let request = guerdon_policy::Request { eligible: Some(eligible), ..request("d", &context) };
                let p = policy.probabilities(&request, &mut scratch);
                assert!(eligible.iter().all(|a| p[usize::from(*a)] >= floor / eligible.len() as f64));
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn a_vote_needs_an_ensemble() {
    let error = Policy::new(parts(mlp(2), 2, Exploration::Vote { floor: 0.0 })).unwrap_err().to_string();
    assert!(error.contains("vote over a mlp model") && error.contains("ensemble"), "{error}");
}

#[test]
fn trees_add_up_the_leaves_that_recursion_finds() {
    fn leaf(forest: &Forest, node: usize, x: &[f64]) -> f64 {
        let (left, right) = (forest.left[node] as usize, forest.right[node] as usize);
        if left == node {
            return f64::from(forest.value[node]);
        }
        let below = x[forest.feature[node] as usize] < f64::from(forest.threshold[node]);
        leaf(forest, if below { left } else { right }, x)
    }
    // Sets of actions are 64 wide when they are walked with.
    for (offers, context) in
        [5, 62, 63, 64, 130].into_iter().flat_map(|offers| contexts().into_iter().map(move |c| (offers, c)))
    {
        let actions = offers + 1;
        let OutcomeModel::Trees(model) = trees(offers) else { unreachable!() };
        let policy = policy(OutcomeModel::Trees(model.clone()), offers, Exploration::Greedy);
        let x = encoded(policy.parts(), &context);
        let mut truth = vec![];
        for (head, forest) in model.forests.iter().enumerate() {
            for action in 0..actions {
                let own = model.action_features[2 * action..2 * action + 2].iter().map(|f| f64::from(*f));
                let x: Vec<f64> = x.iter().copied().chain(own).collect();
                let leaves = forest.roots.iter().map(|root| leaf(forest, *root as usize, &x));
                let sum = f64::from(forest.base) + leaves.sum::<f64>();
                truth.push(if head < 4 { 1.0 / (1.0 + (-sum).exp()) } else { sum * truth[2 * actions + action] });
            }
        }
        let found = policy.outcomes(&request("d", &context), &mut policy.scratch()).to_vec();
        assert_close(&found.into_iter().map(f64::from).collect::<Vec<_>>(), &truth);
    }
}

#[test]
fn a_stump_sends_less_than_its_threshold_to_the_left() {
    let number = |name: &str| FeatureSchema { name: name.into(), r#type: FeatureType::Number };
    let stump = Forest {
        base: 0.5,
        roots: vec![0],
        feature: vec![0, 0, 0],
        threshold: vec![1.0, 0.0, 0.0],
        left: vec![1, 1, 2],
        right: vec![2, 1, 2],
        value: vec![9.0, -2.0, 4.0],
    };
    let model = TreesModel { inputs: 2, action_features: vec![], forests: vec![stump; 5], revenue_stage: None };
    let mut parts = parts(OutcomeModel::Trees(model), 1, Exploration::Greedy);
    parts.encoder = Encoder::new(vec![(number("x"), Encoding::Number { mean: 0.0, std: 1.0 })]).unwrap();
    let policy = Policy::new(parts).unwrap();
    for (x, sum) in [(0.99, -1.5), (1.0, 4.5), (1.01, 4.5), (-50.0, -1.5)] {
        let context = [Value::Number(x)];
        let found = policy.outcomes(&request("d", &context), &mut policy.scratch()).to_vec();
        assert_eq!(found[8], sum);
        assert!((f64::from(found[0]) - 1.0 / (1.0 + (-f64::from(sum)).exp())).abs() < 1e-6);
    }
}

#[test]
fn direct_scores_are_the_last_layer_and_there_are_no_outcomes() {
    let OutcomeModel::Scores(ScoresModel { layers }) = scores(5) else { unreachable!() };
    let mut parts = parts(scores(5), 5, Exploration::Greedy);
    parts.objective = Objective { contact_cost: 1e6, ..parts.objective }; // not applied
    let policy = Policy::new(parts).unwrap();
    for context in contexts() {
        let truth = through(&layers, &encoded(policy.parts(), &context), false);
        let mut scratch = policy.scratch();
        assert!(policy.outcomes(&request("d", &context), &mut scratch).is_empty());
        assert_close(policy.scores(&request("d", &context), &mut scratch), &truth);
    }
    assert_eq!(policy.inspect().model.heads, 0);
}

#[test]
fn models_that_do_not_hold_together_are_refused_by_name() {
    let refused = |model: OutcomeModel, word: &str| {
        let error = Policy::new(parts(model, 2, Exploration::Greedy)).unwrap_err().to_string();
        assert!(error.contains(word), "{error} does not say {word}");
    };
    let with = |change: &dyn Fn(&mut EnsembleModel)| {
        let OutcomeModel::Ensemble(mut model) = ensemble(2) else { unreachable!() };
        change(&mut model);
        OutcomeModel::Ensemble(model)
    };
    let curved = |change: &dyn Fn(&mut AmountCurve)| with(&|m| change(m.amount.as_mut().unwrap()));
    refused(with(&|m| m.members.clear()), "members");
    refused(with(&|m| m.members[1].clear()), "member1.layers");
    refused(with(&|m| m.members[2][1].bias[0] = f32::NAN), "member2.layer1");
    refused(with(&|m| m.trunk.clear()), "member0.layer0");
    refused(with(&|m| m.trunk[0].inputs = 12), "trunk.layer0");
    refused(with(&|m| m.follows = vec![None, Some(0)]), "follows");
    refused(with(&|m| m.follows = vec![None, Some(1), None]), "follows");
    refused(with(&|m| m.follows = vec![None; 3]), "follows");
    refused(with(&|m| m.pessimism = -1.0), "pessimism");
    refused(with(&|m| m.pessimism = f64::INFINITY), "pessimism");
    refused(with(&|m| m.revenue_stage = Some(3)), "revenue_stage");
    refused(with(&|m| m.revenue_stage = None), "outputs");
    refused(with(&|m| m.revenue_link = RevenueLink::Exp { most: f32::INFINITY }), "revenue_link.most");
    refused(with(&|m| m.revenue_link = RevenueLink::Exp { most: -1.0 }), "revenue_link.most");
    refused(with(&|m| m.amount = None), "outputs");
    refused(curved(&|c| c.group[1] = Some(1)), "amount.group");
    refused(curved(&|c| c.group.truncate(2)), "amount.group");
    refused(curved(&|c| c.groups = 0), "amount.groups");
    refused(curved(&|c| c.groups = 4), "amount.groups");
    refused(curved(&|c| c.knots = 0), "amount.knots");
    refused(curved(&|c| c.knots = 65), "amount.knots");
    refused(curved(&|c| c.basis[0] = -0.1), "amount.basis");
    refused(curved(&|c| c.basis.truncate(1)), "amount.basis");
    refused(curved(&|c| c.revenue_scale = f32::NAN), "amount.revenue_scale");
    let with = |change: &dyn Fn(&mut TreesModel)| {
        let OutcomeModel::Trees(mut model) = trees(2) else { unreachable!() };
        change(&mut model);
        OutcomeModel::Trees(model)
    };
    refused(with(&|m| m.inputs = 12), "inputs");
    refused(with(&|m| m.forests.truncate(4)), "forests");
    refused(with(&|m| m.action_features.truncate(5)), "action_features");
    refused(with(&|m| m.action_features[0] = f32::NAN), "action_features");
    refused(with(&|m| m.revenue_stage = Some(9)), "revenue_stage");
    refused(with(&|m| m.forests[3].left[2] = 2), "node 2 with children 2 and 6");
    refused(with(&|m| m.forests[3].right[2] = 1), "node 2 with children 5 and 1");
    refused(with(&|m| m.forests[3].left[14] = 75), "node 14");
    refused(with(&|m| m.forests[0].feature[0] = 15), "feature 15");
    refused(with(&|m| m.forests[0].roots[0] = 75), "tree from node 75");
    refused(with(&|m| m.forests[0].value[3] = f32::INFINITY), "forest0");
    refused(with(&|m| m.forests[0].base = f32::NAN), "forest0");
    refused(with(&|m| m.forests[1].threshold.truncate(9)), "forest1");
    let chain = |depth: u32| Forest {
        base: 0.0,
        roots: vec![0],
        feature: vec![0; 2 * depth as usize + 1],
        threshold: vec![0.0; 2 * depth as usize + 1],
        left: (0..2 * depth + 1).map(|n| if n == 2 * depth || n % 2 == 1 { n } else { n + 1 }).collect(),
        right: (0..2 * depth + 1).map(|n| if n == 2 * depth || n % 2 == 1 { n } else { n + 2 }).collect(),
        value: vec![0.0; 2 * depth as usize + 1],
    };
    refused(with(&|m| m.forests[0] = chain(257)), "splits");
    assert!(Policy::new(parts(with(&|m| m.forests[0] = chain(256)), 2, Exploration::Greedy)).is_ok());
    refused(OutcomeModel::Scores(ScoresModel { layers: vec![] }), "layers");
    refused(scores(3), "one per action");
}

#[test]
fn probabilities_and_outcomes_together_are_those_of_the_two_calls_however_many_actions_are_left() {
    // One scratch for all of them: nothing of an earlier policy or request may come back.
    let mut shared = guerdon_policy::Scratch::default();
    let only: [&[u16]; 3] = [&[], &[0], &[2]];
    for model in every_model(3) {
        let has_heads = model.has_heads();
        let policy = policy(model, 3, Exploration::Softmax { temperature: 0.4, floor: 0.01 });
        for age in [20.0, 35.0, 80.0] {
            let context = [Value::Number(age), CONTEXT[1], CONTEXT[2], CONTEXT[3]];
            for eligible in [None].into_iter().chain(only.map(Some)) {
                let request = guerdon_policy::Request { eligible, ..request("d", &context) };
                let mut own = policy.scratch();
                let probabilities = policy.probabilities(&request, &mut own).to_vec();
                let outcomes = policy.outcomes(&request, &mut own).to_vec();
                assert_eq!(outcomes.len(), if has_heads { heads(STAGES.len()) * 4 } else { 0 });
                let both = policy.probabilities_and_outcomes(&request, &mut shared);
                assert_eq!(both, (&probabilities[..], &outcomes[..]), "{eligible:?}");
            }
        }
    }
}
