//! One limit against the exact optimum, its certified gap, and feasibility on awkward instances.

mod common;

use common::{Draws, Instance};
use guerdon_budget::{Allocation, Limit};
use proptest::prelude::*;

#[test]
fn small_instances_are_within_a_tenth_of_a_percent_of_the_exact_optimum() {
    let (mut worst, mut sum, mut hit) = (0.0f64, 0.0, 0);
    for seed in 0..100 {
        let mut draws = Draws::new(seed);
        let (members, options) = (20 + draws.below(41), 3 + draws.below(6));
        let instance = Instance::random(&mut draws, members, options, 1);
        let limits = [Limit::at_most("budget", 0, (instance.greediest(0) * (0.1 + 0.7 * draws.unit())).floor())];
        let members = instance.batches(16);
        let best = Allocation::solve(&members, &limits).unwrap();
        let value = instance.checked(&best, &limits, &members).unwrap();
        let exact = instance.exact(&limits).unwrap();
        assert!(best.bound >= exact - 1e-7 * exact.abs(), "seed {seed}: bound {} < exact {exact}", best.bound);
        assert!(value <= exact + 1e-6 * exact.abs(), "seed {seed}: {value} above the optimum {exact}");
        let short = (exact - value) / exact;
        worst = worst.max(short);
        sum += short;
        hit += usize::from(short < 1e-7);
    }
    println!("20-60 members: shortfall mean {:.2e}, worst {worst:.2e}, exact {hit} of 100", sum / 100.0);
    assert!(worst <= 1e-3, "{worst}");
}

#[test]
fn large_instances_certify_a_gap_of_a_tenth_of_a_percent() {
    let (mut worst, mut sum) = (0.0f64, 0.0);
    for seed in 0..100 {
        let mut draws = Draws::new(1000 + seed);
        let (members, options) = (200 + draws.below(1801), 2 + draws.below(23));
        let instance = Instance::random(&mut draws, members, options, 1);
        let limits = [Limit::at_most("budget", 0, (instance.greediest(0) * (0.05 + 0.9 * draws.unit())).floor())];
        let members = instance.batches(256);
        let best = Allocation::solve(&members, &limits).unwrap();
        instance.checked(&best, &limits, &members).unwrap();
        worst = worst.max(best.gap());
        sum += best.gap();
    }
    println!("200-2000 members: certified gap mean {:.2e}, worst {worst:.2e}", sum / 100.0);
    assert!(worst <= 1e-3, "{worst}");
}

#[test]
fn a_budget_below_the_cheapest_choice_is_refused_with_the_least_there_is() {
    let instance = Instance { options: 2, resources: 1, rows: vec![(vec![1.0, 2.0], vec![3.0, 5.0], 0); 4] };
    let said = Allocation::solve(&instance.batches(3), &[Limit::at_most("points", 0, 11.0)]).unwrap_err().to_string();
    assert!(said.contains("points.at_most") && said.contains("11") && said.contains("is 12"), "{said}");
    let best = Allocation::solve(&instance.batches(3), &[Limit::at_most("points", 0, 12.0)]).unwrap();
    assert_eq!((best.value, best.limits[0].used), (4.0, 12.0));
}

#[test]
fn equal_members_share_a_budget_to_the_last_unit() {
    let instance = Instance { options: 2, resources: 1, rows: vec![(vec![0.0, 2.0], vec![0.0, 5.0], 0); 5000] };
    let limits = [Limit::at_most("budget", 0, 5.0 * 1234.0)];
    let members = instance.batches(512);
    let best = Allocation::solve(&members, &limits).unwrap();
    assert_eq!((best.value, best.limits[0].used, best.gap()), (2468.0, 6170.0, 0.0));
}

#[test]
fn another_resource_or_no_members_are_handled() {
    let none: Vec<guerdon_budget::Batch> = Vec::new();
    let empty = Allocation::solve(&none, &[Limit::at_most("budget", 0, 1.0)]).unwrap();
    assert_eq!((empty.members, empty.value, empty.gap()), (0, 0.0, 0.0));
    let instance = Instance { options: 1, resources: 1, rows: vec![(vec![0.0], vec![0.0], 0)] };
    let said = Allocation::solve(&instance.batches(1), &[Limit::at_most("x", 3, 1.0)]).unwrap_err().to_string();
    assert!(said.contains("x.resource is 3"), "{said}");
    assert!(Allocation::solve(&instance.batches(1), &[Limit::at_most("x", 0, f64::NAN)]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Ties, negative values, zero budgets, fractional costs, equal efficiencies, segments: never over the limit, and the
    /// bound is above the best of all choices (enumerated).
    #[test]
    fn the_limit_always_holds(
        rows in prop::collection::vec((prop::collection::vec((-3i32..6, 0u32..5), 2), 0u64..4), 1..7),
        budget in 0u32..20,
        step in prop::sample::select(vec![1.0, 0.1, 1.0 / 3.0]),
        segment in prop::option::of(0u32..2),
    ) {
        let options = 3;
        let rows: Vec<_> = rows.into_iter().map(|(given, segments)| {
            let values = std::iter::once(0.0).chain(given.iter().map(|g| f64::from(g.0) * 0.7)).collect::<Vec<_>>();
            let costs = std::iter::once(0.0).chain(given.iter().map(|g| f64::from(g.1) * step)).collect::<Vec<_>>();
            (values, costs, segments)
        }).collect();
        let instance = Instance { options, resources: 1, rows };
        let limits = [Limit { segment, ..Limit::at_most("budget", 0, f64::from(budget) * step) }];
        let members = instance.batches(2);
        let best = Allocation::solve(&members, &limits).unwrap();
        let value = instance.checked(&best, &limits, &members).map_err(TestCaseError::fail)?;
        let n = instance.rows.len();
        let mut exact = f64::NEG_INFINITY;
        for code in 0..3usize.pow(n as u32) {
            let choice: Vec<usize> = (0..n).map(|i| code / 3usize.pow(i as u32) % 3).collect();
            // A hair under the limit: choices that only rounding of fractional costs lets in are not held against the bound.
            if instance.used(&limits[0], &choice) <= f64::from(budget) * step - if step == 1.0 { 0.0 } else { 1e-4 } {
                exact = exact.max(instance.rows.iter().zip(&choice).map(|((v, ..), a)| v[*a]).sum());
            }
        }
        prop_assert!(best.bound >= exact - 1e-9, "bound {} < {}", best.bound, exact);
        prop_assert!(value >= 0.0 && best.gap() >= 0.0);
        if step == 1.0 {
            prop_assert!(value <= exact + 1e-9);
            prop_assert!(value >= exact - 1e-9, "{} of {}", value, exact);
        }
    }
}
