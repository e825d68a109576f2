//! Mixes of policies: what randomising between two of them is worth at a cost, and the best such mix.

use super::trace::{Smooth, Trace};

/// Taking `second` with a share of the decisions and `first` with the others (places in a [`Trace`]).
#[derive(Debug, Clone)]
pub(super) struct Mix {
    pub(super) first: usize,
    pub(super) second: usize,
    /// Share of `second`, in \[0, 1\].
    pub(super) share: f64,
    /// What it is worth.
    pub(super) value: Smooth,
}

/// The mix of two policies that costs `cost`; none where the two cost the same or `cost` does not lie between.
pub(super) fn between(trace: &Trace, first: usize, second: usize, cost: &Smooth) -> Option<Mix> {
    let (low, high) = (trace.cost(first), trace.cost(second));
    let span = high.plus(-1.0, &low);
    if span.value.abs() < 1e-12 {
        return None;
    }
    let share = cost.plus(-1.0, &low).over(&span);
    if !(0.0..=1.0).contains(&share.value) {
        return None;
    }
    let more = trace.value(second).plus(-1.0, &trace.value(first));
    Some(Mix { first, second, share: share.value, value: trace.value(first).plus(1.0, &share.times(&more)) })
}

/// The policies on the upper hull of value over cost, by rising cost: no mix of the others is worth more at any cost. It
/// begins with the cheapest and ends with the best.
pub(super) fn hull(trace: &Trace, policies: &[usize]) -> Vec<usize> {
    let at = |p: usize| (trace.cost(p).value, trace.value(p).value);
    let mut order = policies.to_vec();
    order.sort_by(|a, b| {
        let ((ca, va), (cb, vb)) = (at(*a), at(*b));
        ca.total_cmp(&cb).then(vb.total_cmp(&va)).then(a.cmp(b))
    });
    let mut hull: Vec<usize> = vec![];
    for policy in order {
        let (cost, value) = at(policy);
        if hull.last().is_some_and(|last| at(*last).1 >= value) {
            continue;
        }
        while let [.., before, last] = hull[..] {
            let ((c0, v0), (c1, v1)) = (at(before), at(last));
            if (v1 - v0) * (cost - c0) > (value - v0) * (c1 - c0) {
                break;
            }
            hull.pop();
        }
        hull.push(policy);
    }
    hull
}

/// The best mix of the policies on `hull` that costs no more than `cost`; none where even the cheapest costs more.
pub(super) fn best_mix(trace: &Trace, hull: &[usize], cost: &Smooth) -> Option<Mix> {
    let last = *hull.last()?;
    if cost.value >= trace.cost(last).value {
        return Some(Mix { first: last, second: last, share: 0.0, value: trace.value(last) });
    }
    hull.windows(2).find_map(|pair| between(trace, pair[0], pair[1], cost))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every decision the same: points at (cost, value).
    fn at(points: &[(f64, f64)]) -> Trace {
        let mut trace = Trace::new(points.len());
        (0..3).for_each(|member| trace.push(member, points.iter().map(|(cost, value)| (*value, *cost))));
        trace
    }

    #[test]
    fn the_hull_leaves_out_what_a_mix_of_others_beats() {
        // (1, 2) lies under the line from (0, 1) to (2, 6); (3, 5) costs more than (2, 6) and is worth less.
        let trace = at(&[(2.0, 6.0), (1.0, 2.0), (0.0, 1.0), (3.0, 5.0), (4.0, 7.0)]);
        let found = hull(&trace, &[0, 1, 2, 3, 4]);
        assert_eq!(found, [2, 0, 4]);
        let mix = best_mix(&trace, &found, &trace.fixed(1.0)).unwrap();
        assert_eq!((mix.first, mix.second, mix.share, mix.value.value), (2, 0, 0.5, 3.5));
        assert_eq!(best_mix(&trace, &found, &trace.fixed(9.0)).unwrap().value.value, 7.0);
        assert!(best_mix(&trace, &found, &trace.fixed(-0.1)).is_none());
    }
}
