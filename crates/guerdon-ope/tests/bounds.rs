//! What must hold of the finite-sample, empirical-likelihood and anytime-valid intervals, as sentences.

use guerdon_ope::bounds::{
    BettingSequence, BoundsError, ConfidenceSequence, Interval, RewardRange, WeightRange, WeightedCells,
    WeightedRewards,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ALPHA: f64 = 0.05;

/// Three actions with Bernoulli rewards: π_b, π_e and the chances of a reward. V and the weights are in closed form.
struct World {
    behaviour: [f64; 3],
    target: [f64; 3],
    chance: [f64; 3],
}

const MILD: World = World { behaviour: [0.5, 0.3, 0.2], target: [0.1, 0.2, 0.7], chance: [0.2, 0.4, 0.6] };
const HEAVY: World = World { behaviour: [0.9, 0.08, 0.02], target: [0.2, 0.3, 0.5], chance: [0.3, 0.6, 0.5] };

impl World {
    fn value(&self) -> f64 {
        self.target.iter().zip(self.chance).map(|(p, c)| p * c).sum()
    }

    fn weight(&self, action: usize) -> f64 {
        self.target[action] / self.behaviour[action]
    }

    fn weights(&self) -> WeightRange {
        let all = [0, 1, 2].map(|a| self.weight(a));
        WeightRange::new(all.into_iter().fold(f64::INFINITY, f64::min), all.into_iter().fold(0.0, f64::max)).unwrap()
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> (f64, f64) {
        let u: f64 = rng.random();
        let action =
            if u < self.behaviour[0] { 0 } else { 1 + usize::from(u >= self.behaviour[0] + self.behaviour[1]) };
        (self.weight(action), f64::from(rng.random::<f64>() < self.chance[action]))
    }

    fn log(&self, seed: u64, rows: usize) -> Vec<(f64, f64)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..rows).map(|_| self.draw(&mut rng)).collect()
    }
}

fn unit() -> RewardRange {
    RewardRange::new(0.0, 1.0).unwrap()
}

fn sums(log: &[(f64, f64)]) -> WeightedRewards {
    let mut sums = WeightedRewards::default();
    log.iter().for_each(|(w, r)| sums.push(*w, *r).unwrap());
    sums
}

fn cells(log: &[(f64, f64)]) -> WeightedCells {
    let mut cells = WeightedCells::default();
    log.iter().for_each(|(w, r)| cells.push(*w, *r).unwrap());
    cells
}

fn sequence(log: &[(f64, f64)], rewards: RewardRange) -> ConfidenceSequence {
    let mut sequence = ConfidenceSequence::new(rewards);
    log.iter().for_each(|(w, r)| sequence.push(*w, *r).unwrap());
    sequence
}

/// An interval from a log of weights and rewards.
type Method<'a> = &'a dyn Fn(&[(f64, f64)]) -> Interval;

/// Share of 300 logs of 500 rows whose interval holds the true value, and the mean width.
fn coverage(world: &World, interval: impl Fn(&[(f64, f64)]) -> Interval) -> (f64, f64) {
    let (mut held, mut width) = (0.0, 0.0);
    for seed in 0..300 {
        let found = interval(&world.log(seed, 500));
        held += f64::from(found.contains(world.value()));
        width += found.width() / 300.0;
    }
    (held / 300.0, width)
}

#[test]
fn finite_sample_intervals_hold_the_truth_in_95_of_100_logs() {
    for (name, world) in [("mild", MILD), ("heavy", HEAVY)] {
        let (weights, rewards) = (world.weights(), unit());
        let x_max = weights.max();
        let above = |lower: f64| Interval { lower, upper: f64::INFINITY };
        let betting = |log: &[(f64, f64)]| {
            let mut betting = BettingSequence::new(rewards, 100).unwrap();
            log.iter().for_each(|(w, r)| betting.push(*w, *r).unwrap());
            betting.interval(ALPHA).unwrap()
        };
        let methods: [(&str, Method<'_>); 6] = [
            ("hoeffding", &|log| sums(log).hoeffding(&weights, &rewards, ALPHA).unwrap()),
            ("empirical bernstein", &|log| sums(log).empirical_bernstein(&weights, &rewards, ALPHA).unwrap()),
            ("hoeffding, lower", &|log| above(sums(log).hoeffding_lower_bound(x_max, ALPHA).unwrap())),
            ("bernstein, lower", &|log| above(sums(log).bernstein_lower_bound(x_max, ALPHA).unwrap())),
            ("confidence sequence", &|log| sequence(log, rewards).interval(ALPHA).unwrap()),
            ("betting sequence", &betting),
        ];
        for (method, interval) in methods {
            let (held, width) = coverage(&world, interval);
            println!("{name}, {method}: {held:.3}, mean width {width:.3}");
            assert!(held >= 0.95, "{name}, {method}: {held}");
        }
    }
}

#[test]
fn likelihood_intervals_hold_the_truth_in_93_of_100_logs_and_the_cautious_one_is_the_wider() {
    for (name, world) in [("mild", MILD), ("heavy", HEAVY)] {
        let (weights, rewards, open) = (world.weights(), unit(), WeightRange::NON_NEGATIVE);
        let cautious = |log: &[(f64, f64)], range: &WeightRange| {
            cells(log).cautious_likelihood_interval(range, &rewards, ALPHA).unwrap()
        };
        let methods: [(&str, Method<'_>); 5] = [
            ("empirical likelihood", &|log| cells(log).empirical_likelihood_interval(ALPHA).unwrap()),
            ("cressie-read", &|log| sums(log).cressie_read_interval(&weights, &rewards, ALPHA).unwrap()),
            ("cautious likelihood", &|log| cautious(log, &weights)),
            ("cressie-read, w <= inf", &|log| sums(log).cressie_read_interval(&open, &rewards, ALPHA).unwrap()),
            ("cautious likelihood, w <= inf", &|log| cautious(log, &open)),
        ];
        let found = methods.map(|(method, interval)| {
            let (held, width) = coverage(&world, interval);
            println!("{name}, {method}: {held:.3}, mean width {width:.3}");
            assert!(held >= 0.93, "{name}, {method}: {held}");
            width
        });
        let [empirical, .., cautious] = found;
        assert!(empirical < cautious, "{empirical} {cautious}");
        let (held, width) = coverage(&world, |log| sums(log).gaussian(ALPHA).unwrap());
        println!("{name}, gaussian: {held:.3}, mean width {width:.3}");
    }
}

#[test]
fn clopper_pearson_serves_rare_rewards_and_is_too_narrow_for_common_ones() {
    let world = |chance: f64| World { behaviour: [0.75, 0.25, 0.0], target: [0.0, 1.0, 0.0], chance: [chance; 3] };
    let weights = WeightRange::new(0.0, 4.0).unwrap();
    let held = |chance| coverage(&world(chance), |log| sums(log).clopper_pearson(&weights, &unit(), ALPHA).unwrap()).0;
    let (rare, common) = (held(0.03), held(0.9));
    println!("clopper-pearson, rare: {rare:.3}, common: {common:.3}");
    assert!(rare >= 0.95, "{rare}");
    assert!(common < 0.8, "the documented weakness is gone: {common}");
}

#[test]
fn looking_after_every_event_raises_a_false_alarm_in_at_most_5_of_100_streams() {
    for (name, world) in [("mild", MILD), ("heavy", HEAVY)] {
        let (truth, mut alarms, mut betting_alarms) = (world.value(), 0, 0);
        for seed in 0..1000 {
            let mut sequence = ConfidenceSequence::new(unit());
            let mut betting = BettingSequence::new(unit(), 50).unwrap();
            let mut alarm = false;
            for (w, r) in world.log(10_000 + seed, 500) {
                sequence.push(w, r).unwrap();
                betting.push(w, r).unwrap();
                alarm |= sequence.excludes(truth, ALPHA).unwrap();
            }
            alarms += u32::from(alarm);
            // A value that the betting sequence ever excluded stays excluded: one look at the end sees all alarms.
            betting_alarms += u32::from(!betting.interval(ALPHA).is_ok_and(|i| i.contains(truth)));
        }
        println!("{name}: false alarms {alarms}, betting {betting_alarms} of 1000");
        assert!(alarms <= 50, "{name}: {alarms}");
        assert!(betting_alarms <= 50, "{name}: {betting_alarms}");
    }
}

#[test]
fn a_sequence_finds_a_real_difference_in_time_and_its_ends_are_where_the_evidence_says() {
    let log = MILD.log(1, 20_000);
    let sequence = sequence(&log, unit());
    let found = sequence.interval(ALPHA).unwrap();
    assert!(found.contains(MILD.value()) && found.width() < 0.1, "{found:?}");
    let threshold = (2.0 / ALPHA).ln();
    let (against_low, _) = sequence.log_wealth(found.lower).unwrap();
    let (_, against_high) = sequence.log_wealth(found.upper).unwrap();
    assert!((against_low - threshold).abs() < 1e-9 && (against_high - threshold).abs() < 1e-9);
    for (value, outside) in [(found.lower - 1e-6, true), (found.lower + 1e-6, false), (found.upper + 1e-6, true)] {
        assert_eq!(sequence.excludes(value, ALPHA).unwrap(), outside, "{value}");
    }
    let mut betting = BettingSequence::new(unit(), 500).unwrap();
    log.iter().for_each(|(w, r)| betting.push(*w, *r).unwrap());
    let tighter = betting.interval(ALPHA).unwrap();
    assert!(tighter.contains(MILD.value()) && tighter.width() < found.width(), "{tighter:?} {found:?}");
}

#[test]
fn early_large_weights_do_not_make_the_guess_of_the_sequence_exceed_one() {
    // Without the cap the first events alone would put the guesses near 25 and void the inequality (X − guess >= −1).
    let mut sequence = ConfidenceSequence::new(unit());
    [(25.0, 1.0), (0.2, 0.0), (0.2, 0.0), (0.2, 1.0)].iter().for_each(|(w, r)| sequence.push(*w, *r).unwrap());
    let (low, _) = sequence.log_wealth(0.5).unwrap();
    // Σ(X − x̂)² with x̂ = ½, 1, 1, 1 and ρ = 1, put into the definition of the wealth and integrated by Simpson's rule.
    let (s, v) = (25.2 - 2.0, 24.5f64.powi(2) + 2.0 + 0.64);
    let integral = |f: &dyn Fn(f64) -> f64| {
        let h = 1e-5;
        (0..50_000)
            .map(|i| 2.0 * h * f64::from(i))
            .map(|u| (f(u) + 4.0 * f(u + h) + f(u + 2.0 * h)) * h / 3.0)
            .sum::<f64>()
    };
    let wealth = integral(&|u| if u > 0.0 { (s * (1.0 - u) + v * (1.0 - u + u.ln()) - u).exp() } else { 0.0 })
        / integral(&|u| (-u).exp());
    assert!((low - wealth.ln()).abs() < 1e-9, "{low} {}", wealth.ln());
}

#[test]
fn ten_million_events_keep_the_wealth_finite_and_the_interval_narrow() {
    // One round of ten events a million times, in closed form for the mean; the wealths must stay numbers throughout.
    let round = [2.0, 0.5, 0.5, 1.5, 0.5, 1.0, 0.5, 1.5, 0.5, 1.5];
    let mut sequence = ConfidenceSequence::new(unit());
    for _ in 0..1_000_000 {
        for (i, w) in round.iter().enumerate() {
            sequence.push(*w, f64::from(i % 2 == 0)).unwrap();
        }
    }
    let mean = (2.0 + 0.5 * 4.0) / 10.0;
    let found = sequence.interval(ALPHA).unwrap();
    assert!(found.contains(mean) && found.width() < 0.003, "{found:?}");
    for value in [0.0, 0.3, mean, 0.5, 1.0] {
        let (low, high) = sequence.log_wealth(value).unwrap();
        assert!(low.is_finite() && high.is_finite(), "{value}: {low} {high}");
    }
}

#[test]
fn likelihood_intervals_are_those_of_an_independent_optimiser() {
    // Rows 100 to 111 of the bandit24 log, rounded. Ends from scipy 1.17 on the primal problem (SLSQP, all masses as
    // variables), F(1, 11) at 0.95: the cautious one with one unseen event at either end of the weight range. Over the events
    // seen alone (there the dual by Nelder and Mead, the ends by Brent) they are the same: here the unseen take no mass.
    let weights = [2.0447, 0.2712, 1.141, 0.5126, 0.2347, 8.4501, 0.2166, 2.7895, 2.2898, 3.673, 5.7515, 2.7604];
    let rewards = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0];
    let log: Vec<(f64, f64)> = weights.into_iter().zip(rewards).collect();
    let (cells, range) = (cells(&log), WeightRange::new(0.0, 20.0).unwrap());
    let near = |found: Interval, lower: f64, upper: f64, point: f64| {
        assert!((found.lower - lower).abs() < 1e-6 && (found.upper - upper).abs() < 1e-6, "{found:?}");
        assert!(found.contains(point), "{found:?} {point}");
    };
    let cautious = cells.cautious_likelihood_interval(&range, &unit(), ALPHA).unwrap();
    near(cautious, 0.204_959_597_194, 0.793_461_840_057, cells.cautious_likelihood(&range).unwrap());
    let point = cells.empirical_likelihood().unwrap();
    let seen = cells.empirical_likelihood_interval(ALPHA).unwrap();
    near(seen, 0.204_959_597_194, 0.793_461_840_057, point);
    assert!((point - 0.502_211_876_807).abs() < 1e-9, "{point}");
}

#[test]
fn weights_on_one_side_of_one_leave_no_likelihood_over_the_events_seen() {
    let refused = Err(BoundsError::MeanWeight { min: 0.25, max: 0.5 });
    assert_eq!(cells(&[(0.25, 1.0), (0.5, 0.0)]).empirical_likelihood_interval(ALPHA), refused);
    // On-policy all weights are one, and it is an interval of a mean.
    let log: Vec<(f64, f64)> = (0..400).map(|i| (1.0, f64::from(u8::from(i % 4 == 0)))).collect();
    let found = cells(&log).empirical_likelihood_interval(ALPHA).unwrap();
    assert!(
        found.contains(0.25) && (found.width() - 2.0 * 1.966 * (0.1875f64 / 400.0).sqrt()).abs() < 1e-3,
        "{found:?}"
    );
    // Without variation there is no width.
    let flat = cells(&[(0.5, 2.0), (1.5, 2.0), (0.75, 2.0)]).empirical_likelihood_interval(ALPHA).unwrap();
    assert!((flat.lower - 2.0).abs() < 1e-9 && (flat.upper - 2.0).abs() < 1e-9, "{flat:?}");
}

#[test]
fn exchanging_rewards_and_their_complements_mirrors_the_intervals() {
    let log = HEAVY.log(3, 400);
    let mirrored: Vec<(f64, f64)> = log.iter().map(|(w, r)| (*w, 30.0 - 20.0 * r)).collect();
    let (weights, rewards, other) = (HEAVY.weights(), unit(), RewardRange::new(10.0, 30.0).unwrap());
    let cautious = |log: &[(f64, f64)], rewards: &RewardRange| {
        cells(log).cautious_likelihood_interval(&weights, rewards, ALPHA).unwrap()
    };
    let empirical = |log: &[(f64, f64)]| cells(log).empirical_likelihood_interval(ALPHA).unwrap();
    for (name, here, there) in [
        (
            "cressie-read",
            sums(&log).cressie_read_interval(&weights, &rewards, ALPHA).unwrap(),
            sums(&mirrored).cressie_read_interval(&weights, &other, ALPHA).unwrap(),
        ),
        ("cautious likelihood", cautious(&log, &rewards), cautious(&mirrored, &other)),
        ("empirical likelihood", empirical(&log), empirical(&mirrored)),
        (
            "sequence",
            sequence(&log, rewards).interval(ALPHA).unwrap(),
            sequence(&mirrored, other).interval(ALPHA).unwrap(),
        ),
    ] {
        assert!((there.lower - (30.0 - 20.0 * here.upper)).abs() < 1e-7, "{name}: {here:?} {there:?}");
        assert!((there.upper - (30.0 - 20.0 * here.lower)).abs() < 1e-7, "{name}: {here:?} {there:?}");
    }
}

#[test]
fn a_log_without_variation_leaves_no_end_outside_the_reward_range() {
    // Every reward at one end and every weight one: the bound on that side must be that end, whatever rounding does.
    for (reward, n) in [(0.0, 2), (1.0, 2), (1.0, 3), (0.0, 1000), (1.0, 1000)] {
        for weights in [WeightRange::NON_NEGATIVE, WeightRange::new(0.0, 1.5).unwrap()] {
            let found = sums(&vec![(1.0, reward); n]).cressie_read_interval(&weights, &unit(), ALPHA).unwrap();
            assert!(found.contains(reward), "{reward} {n}: {found:?}");
        }
    }
}

#[test]
fn nothing_pushed_and_all_weights_zero_are_refused_by_name() {
    let (weights, rewards) = (WeightRange::new(0.0, 5.0).unwrap(), unit());
    let none = WeightedRewards::default();
    assert_eq!(none.cressie_read(&weights), Err(BoundsError::TooFew { events: 0, wanted: 1 }));
    assert_eq!(none.gaussian(ALPHA), Err(BoundsError::TooFew { events: 0, wanted: 2 }));
    assert_eq!(cells(&[]).cautious_likelihood(&weights), Err(BoundsError::TooFew { events: 0, wanted: 1 }));
    let zero = sums(&[(0.0, 1.0), (0.0, 0.0), (0.0, 1.0)]);
    let refused = Err(BoundsError::NoOverlap { events: 3 });
    assert_eq!(zero.cressie_read_interval(&weights, &rewards, ALPHA), refused);
    assert_eq!(zero.clopper_pearson(&weights, &rewards, ALPHA), refused);
    assert_eq!(zero.hoeffding(&weights, &rewards, ALPHA), refused);
    assert_eq!(zero.empirical_bernstein(&weights, &rewards, ALPHA), refused);
    assert_eq!(zero.gaussian(ALPHA), refused);
    assert_eq!(
        cells(&[(0.0, 1.0); 3]).cautious_likelihood_interval(&weights, &rewards, ALPHA),
        Err(BoundsError::NoOverlap { events: 3 })
    );
    // A stream may well begin so: the sequences then say that they know nothing.
    let all = Ok(Interval { lower: 0.0, upper: 1.0 });
    assert_eq!(ConfidenceSequence::new(rewards).interval(ALPHA), all);
    assert_eq!(sequence(&[(0.0, 1.0); 50], rewards).interval(ALPHA), all);
    assert_eq!(BettingSequence::new(rewards, 10).unwrap().interval(ALPHA), all);
}

#[test]
fn one_event_gives_an_interval_where_one_is_enough_and_a_refusal_where_not() {
    let (weights, rewards) = (WeightRange::new(0.0, 5.0).unwrap(), unit());
    let one = sums(&[(2.0, 1.0)]);
    let few = Err(BoundsError::TooFew { events: 1, wanted: 2 });
    assert_eq!(one.empirical_bernstein(&weights, &rewards, ALPHA), few);
    assert_eq!(one.gaussian(ALPHA), few);
    assert_eq!(one.cressie_read_interval(&weights, &rewards, ALPHA), few);
    assert_eq!(cells(&[(2.0, 1.0)]).cautious_likelihood_interval(&weights, &rewards, ALPHA), few);
    for found in [
        one.clopper_pearson(&weights, &rewards, ALPHA),
        one.hoeffding(&weights, &rewards, ALPHA),
        sequence(&[(2.0, 1.0)], rewards).interval(ALPHA),
    ] {
        let found = found.unwrap();
        assert!(found.lower >= 0.0 && found.upper == 1.0 && found.width() > 0.5, "{found:?}");
    }
    assert!(one.cressie_read(&weights).unwrap().is_finite());
    assert!(cells(&[(0.5, 1.0)]).cautious_likelihood(&weights).unwrap().is_finite());
}

#[test]
fn what_lies_outside_its_range_is_refused_with_both_values() {
    assert!(matches!(RewardRange::new(1.0, 1.0), Err(BoundsError::Range { what: "rewards", .. })));
    assert!(RewardRange::new(f64::NEG_INFINITY, 1.0).is_err() && RewardRange::new(0.0, f64::NAN).is_err());
    for (min, max) in [(1.0, 2.0), (0.0, 1.0), (-0.1, 2.0), (f64::NAN, 2.0), (0.0, f64::NAN)] {
        assert!(matches!(WeightRange::new(min, max), Err(BoundsError::Range { what: "weights", .. })), "{min} {max}");
    }
    let (weights, rewards) = (WeightRange::new(0.0, 5.0).unwrap(), unit());
    let heavy = sums(&[(1.0, 1.0), (6.0, 0.0)]);
    let above = BoundsError::Outside { what: "a weight", seen: 6.0, min: 0.0, max: 5.0 };
    assert_eq!(heavy.cressie_read(&weights), Err(above.clone()));
    assert_eq!(heavy.cressie_read_interval(&weights, &rewards, ALPHA), Err(above.clone()));
    assert_eq!(heavy.clopper_pearson(&weights, &rewards, ALPHA), Err(above.clone()));
    assert_eq!(heavy.hoeffding(&weights, &rewards, ALPHA), Err(above.clone()));
    assert_eq!(heavy.empirical_bernstein(&weights, &rewards, ALPHA), Err(above.clone()));
    assert_eq!(cells(&[(1.0, 1.0), (6.0, 0.0)]).cautious_likelihood(&weights), Err(above.clone()));
    let text = above.to_string();
    assert!(text.contains('6') && text.contains("[0, 5]"), "{text}");
    assert!(matches!(
        sums(&[(1.0, 2.0)]).hoeffding(&weights, &rewards, ALPHA),
        Err(BoundsError::Outside { what: "a reward", .. })
    ));
    assert!(matches!(heavy.hoeffding_lower_bound(0.5, ALPHA), Err(BoundsError::Outside { .. })));
    assert!(matches!(
        heavy.hoeffding(&WeightRange::NON_NEGATIVE, &rewards, ALPHA),
        Err(BoundsError::UnboundedWeight { .. })
    ));
    for alpha in [0.0, 1.0, f64::NAN, -0.1] {
        assert!(matches!(heavy.gaussian(alpha), Err(BoundsError::Alpha { .. })), "{alpha}");
    }
    let mut sums = WeightedRewards::default();
    let mut sequence = ConfidenceSequence::new(rewards);
    for (w, r) in [(-1.0, 0.0), (f64::NAN, 0.0), (f64::INFINITY, 0.0), (1.0, f64::NAN), (1e200, 1.0)] {
        assert!(matches!(sums.push(w, r), Err(BoundsError::Event { .. })), "{w} {r}");
        assert!(matches!(sequence.push(w, r), Err(BoundsError::Event { .. })), "{w} {r}");
    }
    assert!(matches!(sequence.push(1.0, 1.5), Err(BoundsError::Outside { what: "a reward", .. })));
    assert_eq!((sums.events(), sequence.events()), (0, 0));
    assert!(matches!(BettingSequence::new(rewards, 0), Err(BoundsError::Steps)));
}

#[test]
fn weights_whose_mean_is_nowhere_near_one_are_a_contradiction_and_not_a_narrow_interval() {
    let log = vec![(3.0, 0.9); 5000];
    let weights = WeightRange::new(0.0, 4.0).unwrap();
    let contradicts = |found: Result<Interval, BoundsError>| matches!(found, Err(BoundsError::Contradiction { .. }));
    assert!(contradicts(sums(&log).hoeffding(&weights, &unit(), ALPHA)));
    assert!(contradicts(sums(&log).empirical_bernstein(&weights, &unit(), ALPHA)));
    assert!(contradicts(sequence(&log, unit()).interval(ALPHA)));
}

proptest! {
    #[test]
    fn merging_parts_gives_the_whole(
        log in prop::collection::vec((0.0f64..8.0, -3.0f64..7.0), 8..120),
        cut in 0.0f64..1.0,
    ) {
        let whole = sums(&log);
        let (head, tail) = log.split_at((cut * log.len() as f64) as usize);
        let mut merged = sums(head);
        merged.merge(&sums(tail));
        let (weights, open) = (WeightRange::new(0.0, 9.0).unwrap(), WeightRange::NON_NEGATIVE);
        let rewards = RewardRange::new(-3.5, 7.5).unwrap();
        let all = |sums: &WeightedRewards| {
            let ends = |found: Result<Interval, BoundsError>| found.map_or([f64::NAN; 2], |i| [i.lower, i.upper]);
            let points = [
                sums.cressie_read(&weights).unwrap(),
                sums.cressie_read(&open).unwrap(),
                sums.student_t_lower_bound(ALPHA).unwrap(),
            ];
            [
                points.to_vec(),
                ends(sums.cressie_read_interval(&weights, &rewards, ALPHA)).to_vec(),
                ends(sums.cressie_read_interval(&open, &rewards, ALPHA)).to_vec(),
                ends(sums.clopper_pearson(&weights, &rewards, ALPHA)).to_vec(),
                ends(sums.hoeffding(&weights, &rewards, ALPHA)).to_vec(),
                ends(sums.empirical_bernstein(&weights, &rewards, ALPHA)).to_vec(),
                ends(sums.gaussian(ALPHA)).to_vec(),
            ]
            .concat()
        };
        prop_assert_eq!(merged.events(), whole.events());
        prop_assert_eq!(merged.max_weight(), whole.max_weight());
        for (a, b) in all(&merged).into_iter().zip(all(&whole)) {
            prop_assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} {b}");
        }
    }

    #[test]
    fn smaller_alpha_gives_intervals_that_hold_the_others(
        log in prop::collection::vec((0.0f64..8.0, 0.0f64..1.0), 8..60),
    ) {
        let (whole, weights, rewards) = (sums(&log), WeightRange::new(0.0, 9.0).unwrap(), unit());
        let cells = cells(&log);
        let at = |alpha| [
            whole.cressie_read_interval(&weights, &rewards, alpha),
            whole.clopper_pearson(&weights, &rewards, alpha),
            cells.cautious_likelihood_interval(&weights, &rewards, alpha),
        ].map(Result::unwrap);
        for (wide, narrow) in at(0.01).into_iter().zip(at(0.2)) {
            prop_assert!(0.0 <= wide.lower && wide.upper <= 1.0, "{wide:?}");
            prop_assert!(wide.lower <= narrow.lower + 1e-9 && narrow.upper <= wide.upper + 1e-9, "{wide:?} {narrow:?}");
        }
    }
}
