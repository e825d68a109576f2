//! The same bytes on one thread and on three.

mod common;

use common::{Draws, Instance};
use guerdon_budget::{Allocation, Frontier, Limit};

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn one_and_three_threads_give_the_same_bytes() {
    let mut draws = Draws::new(77);
    let instance = Instance::random(&mut draws, 3000, 8, 2);
    let members = instance.batches(100);
    let spend = instance.greediest(0);
    let one = vec![Limit::at_most("budget", 0, spend * 0.3)];
    let mut two = one.clone();
    two.push(Limit::at_least("spend in segment 1", 0, spend * 0.12).within(1));
    let work = |limits: &[Limit]| {
        let best = Allocation::solve(&members, limits).unwrap();
        let mut choices = Vec::new();
        best.choices(&members, |_, option| {
            choices.push(option as u8);
            Ok(())
        })
        .unwrap();
        let curve = Frontier::at_budgets(&members, &limits[0], &[spend * 0.1, spend * 0.2]).unwrap();
        (serde_json::to_string(&best).unwrap(), choices, serde_json::to_string(&curve).unwrap())
    };
    for limits in [&one, &two] {
        assert_eq!(on(1, || work(limits)), on(3, || work(limits)));
    }
}
