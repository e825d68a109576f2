//! What must hold of every sequential estimator, as sentences.

use guerdon_core::Seed;
use guerdon_ope::sequential::{
    End, Episode, Prediction, SequentialError, SequentialEstimate, SequentialEstimator as S, SequentialEvaluation, Step,
};
use guerdon_ope::{Estimator, Evaluation, Gates, Row};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ACTIONS: usize = 3;
const STATES: usize = 3;
const HORIZON: usize = 6;
const GAMMA: f64 = 0.9;

/// Whether an action may be taken in a state.
const ELIGIBLE: [[bool; ACTIONS]; STATES] = [[true, true, true], [true, true, false], [false, true, true]];
/// π_b, over the eligible actions.
const BEHAVIOUR: [[f64; ACTIONS]; STATES] = [[0.4, 0.3, 0.3], [0.5, 0.5, 0.0], [0.0, 0.6, 0.4]];
/// π_e as written over the whole catalogue: it has mass on ineligible actions.
const TARGET: [[f64; ACTIONS]; STATES] = [[0.5, 0.3, 0.2], [0.2, 0.4, 0.4], [0.5, 0.2, 0.3]];
/// π_e over the eligible actions, by hand.
const RENORMALISED: [[f64; ACTIONS]; STATES] = [[0.5, 0.3, 0.2], [1.0 / 3.0, 2.0 / 3.0, 0.0], [0.0, 0.4, 0.6]];
const REWARD: [[f64; ACTIONS]; STATES] = [[1.0, 0.0, 2.0], [-1.0, 3.0, 0.0], [0.0, 0.5, 4.0]];
/// Chance that the episode ends after the action.
const ENDS: [[f64; ACTIONS]; STATES] = [[0.1, 0.2, 0.4], [0.2, 0.1, 0.0], [0.0, 0.3, 0.15]];
const FIRST: [f64; STATES] = [0.5, 0.3, 0.2];

/// Where an action leads, if the episode goes on.
fn next_states(state: usize, action: usize) -> [f64; STATES] {
    let mut next = [0.2; STATES];
    next[(state + action) % STATES] = 0.6;
    next
}

/// q_t(s, a) of the target policy by dynamic programming, for t = 0 … steps − 1.
fn exact_q(steps: usize) -> Vec<[[f64; ACTIONS]; STATES]> {
    let mut value = [0.0; STATES];
    let mut all = vec![];
    for _ in 0..steps {
        let q: [[f64; ACTIONS]; STATES] = std::array::from_fn(|s| {
            std::array::from_fn(|a| {
                let following: f64 = next_states(s, a).iter().zip(value).map(|(p, v)| p * v).sum();
                REWARD[s][a] + GAMMA * (1.0 - ENDS[s][a]) * following
            })
        });
        value = std::array::from_fn(|s| value_of(&q, s));
        all.push(q);
    }
    all.reverse();
    all
}

fn value_of(q: &[[f64; ACTIONS]; STATES], state: usize) -> f64 {
    RENORMALISED[state].iter().zip(q[state]).map(|(p, q)| p * q).sum()
}

/// V(π_e) of at most so many steps.
fn truth(steps: usize) -> f64 {
    let q = exact_q(steps);
    (0..STATES).map(|s| FIRST[s] * value_of(&q[0], s)).sum()
}

#[derive(Debug, Clone)]
struct Logged {
    member: u64,
    steps: Vec<Step>,
    end: End,
}

#[derive(Clone, Copy)]
struct World {
    members: u64,
    per_member: u64,
    /// q̂ = scale · q + shift.
    scale: f64,
    shift: f64,
    /// Reward noise, uniform on ±.
    noise: f64,
    /// Chance that an episode is cut after a step, by nothing that it holds; then v̂ is given and there is no horizon.
    cut: f64,
}

const EXACT: World = World { members: 20_000, per_member: 1, scale: 1.0, shift: 0.0, noise: 1.0, cut: 0.0 };

fn draw(probabilities: &[f64], u: f64) -> usize {
    let mut sum = 0.0;
    for (index, p) in probabilities.iter().enumerate() {
        sum += p;
        if u < sum {
            return index;
        }
    }
    probabilities.iter().rposition(|p| *p > 0.0).unwrap()
}

fn simulate(seed: u64, world: World) -> Vec<Logged> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let steps = if world.cut > 0.0 { 400 } else { HORIZON };
    let exact = exact_q(steps);
    let q_hat: Vec<[[f64; ACTIONS]; STATES]> =
        exact.iter().map(|q| q.map(|row| row.map(|q| world.scale * q + world.shift))).collect();
    let mut log = vec![];
    for member in (0..world.members).flat_map(|m| (0..world.per_member).map(move |_| m)) {
        let mut state = draw(&FIRST, rng.random());
        let mut episode = Logged { member, steps: vec![], end: End::Terminated };
        for t in 0..steps {
            // Without a horizon q is that of the stationary problem.
            let q = &q_hat[if world.cut > 0.0 { 0 } else { t }];
            let action = draw(&BEHAVIOUR[state], rng.random());
            let reward = REWARD[state][action] + world.noise * (2.0 * rng.random::<f64>() - 1.0);
            let propensity = BEHAVIOUR[state][action];
            let row = Row {
                reward,
                propensity,
                action,
                target: &TARGET[state],
                q_hat: Some(&q[state]),
                eligible: None,
                logging: None,
            };
            let step = Step::from_row(&row, Some(&ELIGIBLE[state])).unwrap().in_state(state as u32);
            assert!((step.target - RENORMALISED[state][action]).abs() < 1e-15);
            episode.steps.push(step);
            if rng.random::<f64>() < ENDS[state][action] {
                break;
            }
            state = draw(&next_states(state, action), rng.random());
            if rng.random::<f64>() < world.cut {
                episode.end = End::Truncated { value: Some(value_of(q, state)) };
                break;
            }
        }
        log.push(episode);
    }
    log
}

fn evaluation(log: &[Logged]) -> SequentialEvaluation {
    let mut evaluation = SequentialEvaluation::new(&S::ALL, GAMMA, Seed(11)).unwrap();
    for logged in log {
        evaluation.push(logged.member, &Episode { steps: &logged.steps, end: logged.end }).unwrap();
    }
    evaluation
}

fn evaluate(log: &[Logged]) -> Vec<SequentialEstimate> {
    evaluation(log).estimates(0.95)
}

fn of(estimates: &[SequentialEstimate], estimator: S) -> &SequentialEstimate {
    estimates.iter().find(|e| e.estimator == estimator).unwrap()
}

fn value(estimates: &[SequentialEstimate], estimator: S) -> f64 {
    of(estimates, estimator).value.unwrap_or_else(|| panic!("{:?}", of(estimates, estimator).reasons))
}

fn standard_error(estimate: &SequentialEstimate) -> f64 {
    (estimate.upper.unwrap() - estimate.lower.unwrap()) / (2.0 * 1.959_963_984_540_054)
}

/// Mean of Σ_t γ^t r_t over the log.
fn mean_return(log: &[Logged]) -> f64 {
    let returns = |l: &Logged| -> f64 { l.steps.iter().rev().fold(0.0, |next, s| s.reward + GAMMA * next) };
    log.iter().map(returns).sum::<f64>() / log.len() as f64
}

#[test]
fn each_is_within_four_standard_errors_of_the_value_by_dynamic_programming() {
    let truth = truth(HORIZON);
    let wrong = World { scale: 0.7, shift: 0.4, ..EXACT };
    for (seed, world) in [(1, EXACT), (2, wrong)] {
        let log = simulate(seed, world);
        // The policies differ enough for the test to mean something.
        assert!((mean_return(&log) - truth).abs() > 0.3, "{} {truth}", mean_return(&log));
        assert!(log.iter().any(|l| l.steps.len() == 1) && log.iter().any(|l| l.steps.len() == HORIZON));
        for estimate in evaluate(&log) {
            if estimate.estimator == S::Dm && world.scale != 1.0 {
                continue;
            }
            let value = estimate.value.unwrap_or_else(|| panic!("{estimate:?}"));
            let error = standard_error(&estimate);
            assert!((value - truth).abs() < 4.0 * error, "{}: {value} ± {error}, true {truth}", estimate.estimator);
            assert!(error < 0.15, "{}: {error}", estimate.estimator);
        }
    }
}

#[test]
fn intervals_cover_the_truth_and_standard_errors_are_those_of_repeated_logs() {
    let truth = truth(HORIZON);
    let world = World { members: 150, per_member: 2, scale: 0.7, shift: 0.4, ..EXACT };
    let runs: Vec<_> = (0..200)
        .map(|seed| {
            let mut evaluation = SequentialEvaluation::new(&S::ALL, GAMMA, Seed(seed)).unwrap().with_gates(Gates {
                least_ess: 10.0,
                largest_share: 1.0,
                unsupported_mass: 1.0,
                mean_weight_off: f64::INFINITY,
                ..Gates::default()
            });
            for l in simulate(1000 + seed, world) {
                evaluation.push(l.member, &Episode { steps: &l.steps, end: l.end }).unwrap();
            }
            evaluation.estimates(0.95)
        })
        .collect();
    for estimator in S::ALL.into_iter().filter(|e| *e != S::Dm) {
        let estimates: Vec<_> = runs.iter().map(|run| of(run, estimator)).collect();
        let inside = estimates.iter().filter(|e| (e.lower.unwrap()..=e.upper.unwrap()).contains(&truth)).count();
        assert!((176..=199).contains(&inside), "{estimator}: {inside} of 200");
        let values: Vec<f64> = estimates.iter().map(|e| e.value.unwrap()).collect();
        let mean = values.iter().sum::<f64>() / 200.0;
        let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
        let said = estimates.iter().map(|e| standard_error(e)).sum::<f64>() / 200.0;
        assert!((0.8..1.2).contains(&(said / spread)), "{estimator}: says {said}, is {spread}");
    }
}

#[test]
fn at_one_step_they_are_the_one_step_estimators() {
    let log: Vec<Logged> = simulate(5, World { members: 1_500, per_member: 2, scale: 0.7, shift: 0.4, ..EXACT })
        .into_iter()
        .map(|mut l| {
            l.steps.truncate(1);
            // One state makes MIS one sum.
            l.steps[0].state = Some(9);
            Logged { end: End::Terminated, ..l }
        })
        .collect();
    let mut single = Evaluation::new(&Estimator::DEFAULT, 2);
    for l in &log {
        let step = l.steps[0];
        let model = step.model.unwrap();
        // Two actions, the logged one and the rest, with the same weight, q̂ and v̂.
        let rest = (model.v_target - step.target * model.q_logged) / (1.0 - step.target);
        let row = Row {
            reward: step.reward,
            propensity: step.propensity,
            action: 0,
            target: &[step.target, 1.0 - step.target],
            q_hat: Some(&[model.q_logged, rest]),
            eligible: None,
            logging: None,
        };
        single.push(l.member, &row);
    }
    // So that the other action counts as supported.
    single.push(
        u64::MAX,
        &Row {
            reward: 0.0,
            propensity: 1.0,
            action: 1,
            target: &[0.0, 1.0],
            q_hat: Some(&[0.0, 0.0]),
            eligible: None,
            logging: None,
        },
    );
    let mut sequential = evaluation(&log);
    let model = Some(Prediction { q_logged: 0.0, v_target: 0.0 });
    let last = [Step { reward: 0.0, propensity: 1.0, target: 1.0, model, state: Some(9) }];
    sequential.push(u64::MAX, &Episode { steps: &last, end: End::Terminated }).unwrap();
    let (single, sequential) = (single.estimates(0.95), sequential.estimates(0.95));
    let one_step = |e: Estimator| single.iter().find(|x| x.estimator == e).unwrap();
    for (estimator, same) in [
        (S::Dm, Estimator::Dm),
        (S::Ips, Estimator::Ips),
        (S::Pdis, Estimator::Ips),
        (S::Mis, Estimator::Ips),
        (S::Wis, Estimator::Snips),
        (S::Cwpdis, Estimator::Snips),
        (S::Dr, Estimator::Dr),
    ] {
        let (a, b) = (of(&sequential, estimator), one_step(same));
        assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-12, "{estimator}");
        assert!((a.ess - b.ess).abs() < 1e-9 && (a.max_weight - b.max_weight).abs() < 1e-12, "{estimator}");
        let half = |lower: Option<f64>, upper: Option<f64>| upper.unwrap() - lower.unwrap();
        let (ours, theirs) = (half(a.lower, a.upper), half(b.lower, b.upper));
        let bootstrap = matches!(estimator, S::Mis | S::Cwpdis);
        let tolerance = if bootstrap { 0.2 * theirs } else { 1e-12 };
        assert!((ours - theirs).abs() < tolerance, "{estimator}: {ours} {theirs}");
    }
}

/// CWPDIS, WDR and MIS as printed, on tables padded to the longest episode; and the marginal weight of each decision.
fn as_printed(log: &[Logged]) -> ([f64; 3], Vec<f64>) {
    let n = log.len();
    let longest = log.iter().map(|l| l.steps.len()).max().unwrap();
    let weights: Vec<Vec<f64>> = log
        .iter()
        .map(|l| {
            let mut weight = 1.0;
            (0..=longest)
                .map(|t| {
                    weight *= l.steps.get(t).map_or(1.0, |s| s.target / s.propensity);
                    weight
                })
                .collect()
        })
        .collect();
    let share = |i: usize, t: usize| weights[i][t] / weights.iter().map(|w| w[t]).sum::<f64>();
    let (mut cwpdis, mut wdr) = (0.0, 0.0);
    for t in 0..=longest {
        for (i, l) in log.iter().enumerate() {
            let power = GAMMA.powi(t as i32);
            let before = if t == 0 { 1.0 / n as f64 } else { share(i, t - 1) };
            if let Some(step) = l.steps.get(t) {
                let model = step.model.unwrap();
                cwpdis += power * share(i, t) * step.reward;
                wdr += power * share(i, t) * (step.reward - model.q_logged) + power * before * model.v_target;
            } else if let (End::Truncated { value: Some(value) }, true) = (l.end, t == l.steps.len()) {
                wdr += power * before * value;
            }
        }
    }
    let (mut mis, mut marginal) = (0.0, vec![]);
    let mut mass = [0.0; STATES];
    log.iter().for_each(|l| mass[l.steps[0].state.unwrap() as usize] += 1.0 / n as f64);
    for t in 0..longest {
        let mut following = [0.0; STATES];
        for (s, mass) in mass.iter().enumerate() {
            let here: Vec<&Logged> =
                log.iter().filter(|l| l.steps.get(t).is_some_and(|x| x.state == Some(s as u32))).collect();
            for l in &here {
                let weight = l.steps[t].target / l.steps[t].propensity / here.len() as f64;
                mis += GAMMA.powi(t as i32) * mass * weight * l.steps[t].reward;
                marginal.push(mass * weight * n as f64);
                if let Some(next) = l.steps.get(t + 1) {
                    following[next.state.unwrap() as usize] += mass * weight;
                }
            }
        }
        mass = following;
    }
    ([cwpdis, wdr, mis], marginal)
}

#[test]
fn sums_by_time_give_the_formulas_as_printed() {
    let world = World { members: 700, scale: 0.7, shift: 0.4, ..EXACT };
    for world in [world, World { cut: 0.3, ..world }] {
        let log = simulate(6, world);
        let estimates = evaluate(&log);
        let (values, marginal) = as_printed(&log);
        for (estimator, printed) in [S::Cwpdis, S::Wdr, S::Mis].into_iter().zip(values) {
            assert!((value(&estimates, estimator) - printed).abs() < 1e-11, "{estimator}");
        }
        let (sum, squares) = marginal.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
        let mis = of(&estimates, S::Mis);
        let decisions = marginal.len() as f64;
        assert!((mis.ess - sum * sum / squares / decisions * 700.0).abs() < 1e-9);
        assert!((mis.max_weight - marginal.iter().copied().fold(0.0, f64::max)).abs() < 1e-12);
        assert!((mis.mean_weight - sum / decisions).abs() < 1e-12);
    }
}

#[test]
fn two_short_episodes_by_hand() {
    let model = |q_logged: f64, v_target: f64| Some(Prediction { q_logged, v_target });
    let step = |reward, target, model| Step { reward, propensity: 0.5, target, model, state: Some(0) };
    // Weights 2; then 1.5 (cumulative 3), cut with v̂ = 4.
    let long = [step(1.0, 1.0, model(2.0, 3.0)), step(2.0, 0.75, model(1.0, 1.0))];
    // Weight 1, then a true end.
    let short = [step(5.0, 0.5, model(4.0, 2.0))];
    let gates = Gates {
        least_ess: 0.0,
        largest_share: 1.0,
        unsupported_mass: 1.0,
        mean_weight_off: f64::INFINITY,
        ..Gates::default()
    };
    let mut evaluation = SequentialEvaluation::new(&S::ALL, 0.5, Seed(1)).unwrap().with_gates(gates);
    // Fifty of each, so that no resample is without one of them.
    for member in 0..50 {
        evaluation.push(2 * member, &Episode { steps: &long, end: End::Truncated { value: Some(4.0) } }).unwrap();
        evaluation.push(2 * member + 1, &Episode { steps: &short, end: End::Terminated }).unwrap();
    }
    let estimates = evaluation.estimates(0.95);
    let expected = [
        (S::Dm, (3.0 + 2.0) / 2.0),
        (S::Ips, (3.0 * 2.0 + 5.0) / 2.0),
        (S::Wis, (3.0 * 2.0 + 5.0) / 4.0),
        (S::Pdis, (2.0 * 1.0 + 0.5 * 3.0 * 2.0 + 5.0) / 2.0),
        // D_0 = 3; D_1 = 3 + 1, the ended one keeping its weight.
        (S::Cwpdis, (2.0 + 5.0) / 3.0 + 0.5 * 6.0 / 4.0),
        // 3 + 2 (1 − 2) + ½ [2·1 + 3 (2 − 1)] + ¼·3·4, and 2 + (5 − 4).
        (S::Dr, (3.0 - 2.0 + 2.5 + 3.0 + 3.0) / 2.0),
        (S::Wdr, 5.0 / 2.0 + (-2.0 + 1.0) / 3.0 + 0.5 * (2.0 / 3.0 + 3.0 / 4.0) + 0.25 * 12.0 / 4.0),
        // r̂_0 = (2·1 + 1·5)/2; d̂_1 = 2/2; r̂_1 = 1.5·2.
        (S::Mis, 3.5 + 0.5 * 3.0),
    ];
    for (estimator, by_hand) in expected {
        assert!((value(&estimates, estimator) - by_hand).abs() < 1e-12, "{estimator}");
    }
    let ips = of(&estimates, S::Ips);
    assert!((ips.ess - 100.0 * 16.0 / 20.0).abs() < 1e-9);
    assert_eq!((ips.max_weight, ips.mean_weight, ips.n, ips.members), (3.0, 2.0, 100, 100));
    assert!(ips.reasons.iter().any(|r| r.contains("50 of 100 episodes were cut") && r.contains("nothing")));
    assert!(of(&estimates, S::Dr).reasons.iter().any(|r| r.contains("50 of 100") && r.contains("the model's value")));
}

#[test]
fn under_the_logging_policy_all_are_the_mean_return_whatever_q_hat_says_of_states() {
    let mut log = simulate(7, World { members: 800, ..EXACT });
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for step in log.iter_mut().flat_map(|l| &mut l.steps) {
        let any = 10.0 * rng.random::<f64>() - 5.0;
        step.target = step.propensity;
        step.model = Some(Prediction { q_logged: any, v_target: any });
    }
    let estimates = evaluate(&log);
    for estimate in estimates.iter().filter(|e| e.estimator != S::Dm) {
        let value = estimate.value.unwrap_or_else(|| panic!("{estimate:?}"));
        assert!((value - mean_return(&log)).abs() < 1e-12, "{}: {value}", estimate.estimator);
        assert!((estimate.ess - 800.0).abs() < 1e-9 && (estimate.mean_weight - 1.0).abs() < 1e-12);
    }
}

#[test]
fn with_exact_q_hat_and_nothing_left_to_chance_dr_is_dm_to_rounding() {
    // What follows is fixed by the action: chain of 4 steps, action a pays a at each.
    let target = [0.25, 0.75];
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut evaluation = SequentialEvaluation::new(&S::ALL, 1.0, Seed(2)).unwrap();
    for member in 0..2_000u64 {
        let steps: Vec<Step> = (0..4u32)
            .map(|t| {
                let action = usize::from(rng.random::<bool>());
                let after = 0.75 * f64::from(3 - t);
                let q = [after, 1.0 + after];
                let row = Row {
                    reward: action as f64,
                    propensity: 0.5,
                    action,
                    target: &target,
                    q_hat: Some(&q),
                    eligible: None,
                    logging: None,
                };
                Step::from_row(&row, None).unwrap().in_state(t)
            })
            .collect();
        evaluation.push(member, &Episode { steps: &steps, end: End::Terminated }).unwrap();
    }
    let estimates = evaluation.estimates(0.95);
    for estimator in [S::Dm, S::Dr] {
        assert!((value(&estimates, estimator) - 3.0).abs() < 1e-12, "{estimator}");
        assert!(standard_error(of(&estimates, estimator)) < 1e-6);
    }
    assert!(standard_error(of(&estimates, S::Pdis)) > 0.02);
}

#[test]
fn exact_q_hat_makes_dr_and_wdr_far_narrower_than_pdis() {
    let estimates = evaluate(&simulate(8, World { members: 4_000, noise: 0.0, ..EXACT }));
    let pdis = standard_error(of(&estimates, S::Pdis));
    assert!(standard_error(of(&estimates, S::Dr)) < 0.6 * pdis);
    assert!(standard_error(of(&estimates, S::Wdr)) < 0.6 * pdis);
}

#[test]
fn v_hat_at_a_cut_makes_up_for_what_follows_in_dr_and_wdr_alone() {
    let log = simulate(9, World { members: 20_000, cut: 0.3, ..EXACT });
    let truth = truth(400);
    let estimates = evaluate(&log);
    for estimator in [S::Dm, S::Dr, S::Wdr] {
        let error = standard_error(of(&estimates, estimator));
        assert!((value(&estimates, estimator) - truth).abs() < 4.0 * error, "{estimator}");
    }
    for estimator in [S::Ips, S::Wis, S::Pdis, S::Cwpdis, S::Mis] {
        assert!(of(&estimates, estimator).upper.unwrap() < truth - 1.0, "{estimator}");
    }
    let without: Vec<Logged> = log
        .iter()
        .map(|l| match l.end {
            End::Terminated => l.clone(),
            End::Truncated { .. } => Logged { end: End::Truncated { value: None }, ..l.clone() },
        })
        .collect();
    let without = evaluate(&without);
    for estimator in [S::Dr, S::Wdr] {
        assert!(of(&without, estimator).upper.unwrap() < truth - 0.5, "{estimator}");
        assert!(of(&without, estimator).reasons[0].contains("counts as nothing"));
    }
    assert_eq!(of(&without, S::Dm).value, of(&estimates, S::Dm).value);
}

#[test]
fn copies_of_a_members_episode_do_not_narrow_the_interval() {
    let log = simulate(10, World { members: 600, ..EXACT });
    let copied: Vec<Logged> = log.iter().flat_map(|l| std::iter::repeat_n(l.clone(), 5)).collect();
    for (once, copied) in evaluate(&log).iter().zip(evaluate(&copied)) {
        assert!((once.value.unwrap() - copied.value.unwrap()).abs() < 1e-12, "{}", once.estimator);
        assert!((standard_error(once) / standard_error(&copied) - 1.0).abs() < 1e-9, "{}", once.estimator);
    }
}

#[test]
fn weights_out_of_range_are_refused_and_mis_which_has_no_products_stands() {
    let step = |likely: bool| Step {
        reward: 1.0,
        propensity: 0.5,
        target: if likely { 0.95 } else { 0.05 },
        model: Some(Prediction { q_logged: 1.0, v_target: 1.0 }),
        state: Some(0),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut evaluation = SequentialEvaluation::new(&S::ALL, 1.0, Seed(3)).unwrap();
    for member in 0..2_000u64 {
        let steps: Vec<Step> = (0..400).map(|_| step(member == 5 || rng.random::<bool>())).collect();
        evaluation.push(member, &Episode { steps: &steps, end: End::Terminated }).unwrap();
    }
    for estimate in evaluation.estimates(0.95) {
        assert!([estimate.ess, estimate.max_weight, estimate.mean_weight].iter().all(|x| x.is_finite()));
        if estimate.estimator == S::Mis {
            let value = estimate.value.unwrap_or_else(|| panic!("{estimate:?}"));
            assert!((value - 400.0).abs() < 4.0 * standard_error(&estimate), "{estimate:?}");
        } else {
            assert_eq!((estimate.value, estimate.lower, estimate.upper), (None, None, None));
            assert!(estimate.reasons[0].contains("in 1 of 2000 episodes the product of the weights is beyond"));
        }
    }
    // One decision's weight out of range refuses MIS as well.
    let tiny = [Step { propensity: 1e-200, ..step(true) }];
    evaluation.push(9_999, &Episode { steps: &tiny, end: End::Terminated }).unwrap();
    assert!(evaluation.estimates(0.95).iter().all(|e| !e.is_ok()));
}

#[test]
fn gates_refuse_and_say_why() {
    let log = simulate(12, World { members: 400, ..EXACT });
    let reason = |log: &[Logged]| evaluate(log).iter().map(|e| e.reasons.join("; ")).collect::<Vec<_>>();
    let one_member: Vec<Logged> = log.iter().map(|l| Logged { member: 1, ..l.clone() }).collect();
    assert!(reason(&one_member).iter().all(|r| r.contains("one member")));
    let few = evaluate(&log[..60]);
    assert!(few.iter().all(|e| !e.is_ok() && e.value.is_none() && e.reasons[0].contains("effective sample size")));
    assert!(reason(&[]).iter().all(|r| r == "no episodes to estimate from"));
    let mut heavy = log.clone();
    heavy[0].steps.truncate(1);
    heavy[0].steps[0].propensity = 1e-3;
    heavy[0].steps[0].target = 0.5;
    assert!(reason(&heavy).iter().any(|r| r.contains("one weight carries")));
    // Propensities that are too high by a third: weights sum to much less than the episodes.
    let mut wrong = simulate(13, World { members: 4_000, ..EXACT });
    wrong.iter_mut().flat_map(|l| &mut l.steps).for_each(|s| s.propensity = (1.33 * s.propensity).min(1.0));
    assert!(reason(&wrong)[1].contains("where it should be 1"), "{}", reason(&wrong)[1]);
    let late = evaluation(&log).estimates(1.0);
    assert!(late.iter().all(|e| !e.is_ok() && e.reasons[0].contains("confidence")));
}

#[test]
fn without_a_model_or_states_those_that_need_them_say_so_and_the_others_stand() {
    let mut log = simulate(14, World { members: 1_000, ..EXACT });
    log[3].steps[0].model = None;
    log[4].steps[0].state = None;
    for estimate in evaluate(&log) {
        let needs = estimate.estimator.needs_model() || estimate.estimator.needs_states();
        assert_eq!(estimate.is_ok(), !needs, "{estimate:?}");
        if needs {
            assert!(estimate.reasons[0].contains(if estimate.estimator == S::Mis { "state id" } else { "model" }));
        }
    }
}

#[test]
fn a_bad_episode_adds_nothing_and_settings_must_agree() {
    let log = simulate(15, World { members: 300, ..EXACT });
    let mut evaluation = evaluation(&log);
    let before = evaluation.estimates(0.95);
    let mut steps = log[0].steps.clone();
    steps[0].propensity = 0.0;
    let error = evaluation.push(9, &Episode { steps: &steps, end: End::Terminated }).unwrap_err();
    assert_eq!(error.to_string(), "step 0: propensity is 0; it must be in (0, 1]");
    let other = |seed, discount| SequentialEvaluation::new(&S::ALL, discount, Seed(seed)).unwrap();
    assert_eq!(evaluation.merge(other(12, GAMMA)), Err(SequentialError::Settings { field: "seed" }));
    assert_eq!(evaluation.merge(other(11, 1.0)), Err(SequentialError::Settings { field: "discount" }));
    assert_eq!(evaluation.estimates(0.95), before);
    for discount in [0.0, 1.1, f64::NAN] {
        assert!(SequentialEvaluation::new(&S::ALL, discount, Seed(1)).is_err());
    }
}

#[test]
fn names_of_estimators_read_back_and_a_wrong_one_lists_them() {
    for estimator in S::ALL {
        assert_eq!(estimator.name().parse::<S>(), Ok(estimator));
    }
    assert!("snips".parse::<S>().unwrap_err().contains("dm, ips, wis, pdis, cwpdis, dr, wdr, mis"));
}

fn assert_same(a: &[SequentialEstimate], b: &[SequentialEstimate]) -> Result<(), TestCaseError> {
    for (a, b) in a.iter().zip(b) {
        prop_assert!(a.is_ok() && b.is_ok(), "{a:?}");
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-12 * y.abs().max(1.0);
        for (x, y) in [(a.value, b.value), (a.lower, b.lower), (a.upper, b.upper)] {
            prop_assert!(near(x.unwrap(), y.unwrap()), "{}: {x:?} {y:?}", a.estimator);
        }
        prop_assert!(near(a.ess, b.ess) && near(a.max_weight, b.max_weight) && near(a.mean_weight, b.mean_weight));
        prop_assert_eq!((a.n, a.members), (b.n, b.members));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_merged_in_any_order_give_the_whole(
        seed in 0u64..500,
        parts in 2u64..7,
        order in any::<u64>(),
        cut in prop_oneof![Just(0.0), Just(0.3)],
    ) {
        let log = simulate(seed, World { members: 250, per_member: 2, cut, ..EXACT });
        let mut pieces: Vec<SequentialEvaluation> = (0..parts)
            .map(|part| {
                // Members are dealt out unevenly; some pieces may be empty.
                let mine: Vec<Logged> =
                    log.iter().filter(|l| Seed(order).uniform_indexed(l.member).powi(2) * parts as f64 >= part as f64
                        && Seed(order).uniform_indexed(l.member).powi(2) * (parts as f64) < (part + 1) as f64).cloned().collect();
                evaluation(&mine)
            })
            .collect();
        let mut rng = ChaCha8Rng::seed_from_u64(order);
        while pieces.len() > 1 {
            let piece = pieces.swap_remove(rng.random_range(0..pieces.len()));
            let onto = rng.random_range(0..pieces.len());
            pieces[onto].merge(piece).unwrap();
        }
        let gates = |e: SequentialEvaluation| e.with_gates(Gates { least_ess: 5.0, largest_share: 1.0, ..Gates::default() });
        let merged = gates(pieces.remove(0)).estimates(0.95);
        let whole = gates(evaluation(&log)).estimates(0.95);
        assert_same(&merged, &whole)?;
        let backwards: Vec<Logged> = log.iter().rev().cloned().collect();
        assert_same(&gates(evaluation(&backwards)).estimates(0.95), &whole)?;
    }

    #[test]
    fn self_normalised_returns_stay_in_the_range_of_the_observed_ones(seed in 0u64..500) {
        let log = simulate(seed, World { members: 300, ..EXACT });
        let estimates = evaluate(&log);
        if let Some(value) = of(&estimates, S::Wis).value {
            let returns: Vec<f64> = log.iter().map(|l| mean_return(std::slice::from_ref(l))).collect();
            let low = returns.iter().copied().fold(f64::INFINITY, f64::min);
            let high = returns.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!((low..=high).contains(&value));
        }
    }
}
