//! The frontier is concave and non-decreasing, and its points are the allocations at its budgets.

mod common;

use common::{Draws, Instance};
use guerdon_budget::{Allocation, Frontier, Limit, Point};

#[test]
fn the_frontier_is_concave_and_non_decreasing() {
    for seed in 0..20 {
        let mut draws = Draws::new(9000 + seed);
        let instance = Instance::random(&mut draws, 500, 12, 1);
        let members = instance.batches(64);
        let limit = Limit::at_most("budget", 0, 0.0);
        let prices: Vec<f64> = (0..60).map(|k| 0.5 * 0.85f64.powi(k)).chain([0.0]).collect();
        let curve = Frontier::at_prices(&members, &limit, &prices).unwrap();
        assert_eq!(curve.points.len(), 61);
        let mut slope = f64::INFINITY;
        let mut corners = 0;
        for pair in curve.points.windows(2) {
            let (spend, value) = (pair[1].spend - pair[0].spend, pair[1].value - pair[0].value);
            assert!(spend >= 0.0 && value >= 0.0);
            if spend > 0.0 {
                assert!(value / spend <= slope * (1.0 + 1e-9), "seed {seed}: {} after {slope}", value / spend);
                assert!(value / spend >= pair[1].price * (1.0 - 1e-9));
                slope = value / spend;
                corners += 1;
            }
        }
        assert!(corners > 20, "{corners}");
        let last = curve.points.last().unwrap();
        assert_eq!(last.spend, instance.greediest(0));
        let text = serde_json::to_string(&curve).unwrap();
        let read: Frontier = serde_json::from_str(&text).unwrap();
        // serde_json reads a float back to its last bit, not always with it.
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-15 * b.abs();
        let alike =
            |(a, b): (&Point, &Point)| near(a.price, b.price) && near(a.spend, b.spend) && near(a.value, b.value);
        assert!(read.points.len() == 61 && read.points.iter().zip(&curve.points).all(alike));
    }
}

#[test]
fn points_at_budgets_keep_them_and_come_close_to_the_allocation() {
    let instance = Instance::random(&mut Draws::new(3), 2000, 12, 1);
    let members = instance.batches(256);
    let spend = instance.greediest(0);
    let budgets = [0.0, 0.1 * spend, 0.35 * spend, spend, 2.0 * spend];
    let curve = Frontier::at_budgets(&members, &Limit::at_most("budget", 0, 0.0), &budgets).unwrap();
    for (point, budget) in curve.points.iter().zip(budgets) {
        let best = Allocation::solve(&members, &[Limit::at_most("budget", 0, budget)]).unwrap();
        assert!(point.spend <= budget && point.value <= best.value + 1e-6 && point.value >= 0.998 * best.value);
    }
}
