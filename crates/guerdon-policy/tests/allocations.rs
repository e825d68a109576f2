//! A decision allocates nothing once its scratch is warm.

mod common;
use common::*;
use guerdon_core::Value;
use guerdon_policy::{Exploration, Policy, Request};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts the allocations of each thread, so that the test runner's own do not disturb.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[allow(unsafe_code)] // a global allocator can't be written without; it only hands on to the system's
// SAFETY: every call goes unchanged to `System`, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations_of(|| drop(std::hint::black_box(vec![1u8; 100]))) > 0);
}

#[test]
fn decide_does_not_allocate_after_the_first_call() {
    let contexts = [
        CONTEXT,
        [Value::Missing; 4],
        [Value::Number(90.0), Value::Number(9.0), Value::Category("no"), Value::Category("nowhere")],
    ];
    for model in every_model(23) {
        for exploration in [
            Exploration::Greedy,
            Exploration::EpsilonGreedy { epsilon: 0.1 },
            Exploration::Softmax { temperature: 0.2, floor: 0.1 },
            Exploration::Vote { floor: 0.1 },
        ] {
            if matches!(exploration, Exploration::Vote { .. }) && model.kind() != "ensemble" {
                continue;
            }
            let mut parts = parts(model.clone(), 23, exploration);
            parts.guardrails = guardrails();
            let policy = Policy::new(parts).unwrap();
            let mut scratch = policy.scratch();
            policy.decide(&request("warm", &CONTEXT), &mut scratch);
            let mut seen = 0.0;
            let count = allocations_of(|| {
                for context in &contexts {
                    for eligible in [None, Some(&[0u16, 3, 5][..]), Some(&[])] {
                        let request = Request { eligible, ..request("d-17", context) };
                        seen += policy.decide(&request, &mut scratch).propensity.get();
                        seen += policy.probabilities(&request, &mut scratch).iter().sum::<f64>();
                        seen += policy.scores(&request, &mut scratch).iter().sum::<f64>();
                        seen += f64::from(policy.outcomes(&request, &mut scratch).iter().sum::<f32>());
                    }
                }
            });
            assert_eq!(count, 0, "{exploration:?}");
            assert!(seen.is_finite());
        }
    }
}
