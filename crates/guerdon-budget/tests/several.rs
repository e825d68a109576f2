//! Several limits with floors, ceilings and segments: exact optimum, gap, feasibility and clear refusals.

mod common;

use common::{Draws, Instance};
use guerdon_budget::{Allocation, Limit};
use proptest::prelude::*;

/// Budget, sends, a floor in segment 0 and a ceiling in segment 1.
fn limits(instance: &Instance, draws: &mut Draws) -> Vec<Limit> {
    let spend = instance.greediest(0);
    let share = 0.2 + 0.5 * draws.unit();
    let sends = (instance.greediest(1) * (0.4 + 0.5 * draws.unit())).floor();
    vec![
        Limit::at_most("budget", 0, (spend * share).floor()),
        Limit::at_most("sends", 1, sends),
        Limit::at_least("spend in segment 0", 0, (spend * share * 0.38).floor()).within(0),
        Limit::at_most("spend in segment 1", 0, (spend * share * 0.3).floor()).within(1),
    ]
}

#[test]
fn small_instances_against_the_exact_optimum() {
    let (mut worst, mut sum, mut solved) = (0.0f64, 0.0, 0);
    for seed in 0..200 {
        let mut draws = Draws::new(5000 + seed);
        let (members, options) = (12 + draws.below(49), 3 + draws.below(4));
        let instance = Instance::random(&mut draws, members, options, 2);
        let limits = limits(&instance, &mut draws);
        let members = instance.batches(16);
        let Some(exact) = instance.exact(&limits) else { continue };
        let best = Allocation::solve(&members, &limits).unwrap();
        let value = instance.checked(&best, &limits, &members).unwrap();
        assert!(best.bound >= exact - 1e-7 * exact.abs(), "seed {seed}: bound {} < exact {exact}", best.bound);
        assert!(value <= exact + 1e-6 * exact.abs(), "seed {seed}: {value} above the optimum {exact}");
        solved += 1;
        worst = worst.max((exact - value) / exact);
        sum += (exact - value) / exact;
    }
    println!(
        "12-60 members, 4 limits: shortfall mean {:.2e}, worst {worst:.2e}, {solved} solved",
        sum / f64::from(solved)
    );
    assert!(solved >= 150, "{solved}");
    assert!(worst <= 1e-3, "{worst}");
}

#[test]
fn large_instances_certify_their_gap() {
    let (mut worst, mut sum, mut above) = (0.0f64, 0.0, 0);
    for seed in 0..40 {
        let mut draws = Draws::new(6000 + seed);
        let (members, options) = (200 + draws.below(1801), 3 + draws.below(22));
        let instance = Instance::random(&mut draws, members, options, 2);
        let limits = limits(&instance, &mut draws);
        let members = instance.batches(256);
        let best = Allocation::solve(&members, &limits).unwrap();
        instance.checked(&best, &limits, &members).unwrap();
        worst = worst.max(best.gap());
        sum += best.gap();
        above += usize::from(best.gap() > 5e-4);
    }
    println!("200-2000 members, 4 limits: gap mean {:.2e}, worst {worst:.2e}, above 5e-4: {above} of 40", sum / 40.0);
    assert!(worst <= 1e-3, "{worst}");
}

#[test]
fn limits_that_cannot_be_met_are_named_with_what_can_be_reached() {
    let instance = Instance { options: 2, resources: 2, rows: vec![(vec![0.0, 1.0], vec![0.0, 4.0, 0.0, 1.0], 1); 50] };
    let members = instance.batches(8);
    let alone = [Limit::at_least("sends", 1, 60.0), Limit::at_most("budget", 0, 1000.0)];
    let said = Allocation::solve(&members, &alone).unwrap_err().to_string();
    assert!(said.contains("sends.at_least is 60") && said.contains("the most that can be reached is 50"), "{said}");
    // 40 sends cost 160: each limit could be met alone, not both.
    let both = [Limit::at_least("sends", 1, 40.0), Limit::at_most("budget", 0, 100.0)];
    let said = Allocation::solve(&members, &both).unwrap_err().to_string();
    assert!(said.contains("sends.at_least is 40") && said.contains("with the other limits held is 25"), "{said}");
    let just = [Limit::at_least("sends", 1, 25.0), Limit::at_most("budget", 0, 100.0)];
    assert_eq!(Allocation::solve(&members, &just).unwrap().limits[1].used, 100.0);
    let crossed = Limit { at_least: Some(5.0), ..Limit::at_most("budget", 0, 4.0) };
    assert!(Allocation::solve(&members, &[crossed]).unwrap_err().to_string().contains("must not be above at_most, 4"));
}

#[test]
fn equal_members_are_split_between_limits() {
    let instance = Instance {
        options: 3,
        resources: 2,
        rows: vec![(vec![0.0, 2.0, 3.0], vec![0.0, 2.0, 4.0, 0.0, 1.0, 0.0], 1); 4000],
    };
    let limits = [Limit::at_most("budget", 0, 8000.0), Limit::at_most("sends", 1, 1000.0)];
    let members = instance.batches(512);
    let best = Allocation::solve(&members, &limits).unwrap();
    instance.checked(&best, &limits, &members).unwrap();
    // 1000 get the first (2000 spent), 1500 the second (6000 spent): 6500.
    println!("equal members: {} of 6500, gap {:.2e}", best.value, best.gap());
    assert!(best.gap() <= 1e-3, "{}", best.gap());
    assert!(best.bound >= 6500.0 - 1e-6);
}

#[test]
fn no_limit_gives_everyone_the_best_option() {
    let instance = Instance::random(&mut Draws::new(1), 50, 5, 1);
    let members = instance.batches(16);
    let best = Allocation::solve(&members, &[]).unwrap();
    let all: f64 = instance.rows.iter().map(|(v, ..)| v.iter().copied().fold(f64::NEG_INFINITY, f64::max)).sum();
    assert!((best.value - all).abs() < 1e-9 * all && best.gap() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Limits made around a choice: that choice meets them, so a refusal would be wrong. Whatever is given meets them too.
    #[test]
    fn limits_that_some_choice_meets_are_met(
        seed in 0u64..1_000_000,
        members in 1usize..40,
        slack in prop::sample::select(vec![0.0, 0.02, 0.2]),
        zero in prop::bool::weighted(0.1),
    ) {
        let mut draws = Draws::new(seed);
        let mut instance = Instance::random(&mut draws, members, 4, 2);
        // Coarse values: many ties.
        for (values, ..) in &mut instance.rows {
            values.iter_mut().for_each(|v| *v = (*v / 10.0).round());
        }
        let open = |v: &[f64], a: usize| if v[a] == f64::NEG_INFINITY { 0 } else { a };
        let planted: Vec<usize> = instance.rows.iter().map(|(v, ..)| open(v, draws.below(4))).collect();
        let mut limits: Vec<Limit> = Vec::new();
        for (resource, segment) in [(0, None), (1, None), (0, Some(0)), (1, Some(1))] {
            let mut limit = Limit { segment, ..Limit::at_most(format!("{resource} {segment:?}"), resource, 0.0) };
            let used = instance.used(&limit, &planted);
            limit.at_most = Some((used * (1.0 + slack)).floor());
            if segment.is_some() {
                limit.at_least = Some((used * (1.0 - slack) * 0.8).floor());
            }
            if zero {
                (limit.at_most, limit.at_least) = (Some(0.0), None);
            }
            limits.push(limit);
        }
        let batches = instance.batches(8);
        let best = Allocation::solve(&batches, &limits);
        prop_assert!(best.is_ok(), "{}", best.unwrap_err());
        let best = best.unwrap();
        instance.checked(&best, &limits, &batches).map_err(TestCaseError::fail)?;
        let planted: f64 = instance.rows.iter().zip(&planted).map(|((v, ..), a)| v[*a]).sum();
        prop_assert!(zero || best.bound >= planted - 1e-9 * planted.abs());
    }
}
