//! One limit: the best choice over the shortlist by lists of undominated states, cut by the dual (Pisinger 1995, MCKNAP).

use crate::shortlist::Entry;

/// States kept after each member; beyond this the ones of least loss stay, and the result may not be the best.
const STATES: usize = 8192;
/// States looked at in all.
const WORK: usize = 1 << 21;

#[derive(Debug, Clone, Copy)]
struct State {
    /// Parts more than the rule's choice.
    cost: i64,
    value: f64,
    loss: f64,
    /// Place in the trail of the last entry taken.
    last: usize,
}

/// The entries (at most one a group) of a choice worth more than `found` over the rule's, within `room` parts; none if there
/// is none. Groups come by rising least loss, and entries within a group by rising loss.
pub(crate) fn best(entries: &[Entry], groups: &[Vec<usize>], room: i64, price: f64, found: f64) -> Option<Vec<usize>> {
    // No choice can gain more than the priced room less its losses.
    let most = price * crate::units::amount(room);
    let slack = 1e-12 * most.abs();
    let useful = |loss: f64, incumbent: f64| most - loss > incumbent + slack;
    let mut incumbent = found;
    let mut chosen = None;
    // The trail: (entry, place before it).
    let mut trail: Vec<(usize, usize)> = Vec::new();
    let mut states = vec![State { cost: 0, value: 0.0, loss: 0.0, last: usize::MAX }];
    let mut work = 0;
    for group in groups {
        // Groups and entries come by rising loss: once the first is of no use, nothing after it is.
        if work > WORK || group.first().is_none_or(|e| !useful(entries[*e].loss, incumbent)) {
            break;
        }
        let mut next = states.clone();
        for &e in group {
            let entry = &entries[e];
            for state in &states {
                let loss = state.loss + entry.loss;
                if !useful(loss, incumbent) {
                    continue;
                }
                let (cost, value) = (state.cost + entry.costs[0], state.value + entry.value);
                trail.push((e, state.last));
                next.push(State { cost, value, loss, last: trail.len() - 1 });
                if cost <= room && value > incumbent {
                    incumbent = value;
                    chosen = Some(trail.len() - 1);
                }
            }
        }
        work += next.len();
        states = undominated(next, |state| useful(state.loss, incumbent));
    }
    let mut at = chosen?;
    let mut list = Vec::new();
    while let Some((entry, before)) = trail.get(at) {
        list.push(*entry);
        at = *before;
    }
    Some(list)
}

/// States for which no other costs no more and is worth no less, at most [`STATES`] of least loss.
fn undominated(mut states: Vec<State>, useful: impl Fn(&State) -> bool) -> Vec<State> {
    states.sort_by(|a, b| a.cost.cmp(&b.cost).then(b.value.total_cmp(&a.value)).then(a.last.cmp(&b.last)));
    let mut high = f64::NEG_INFINITY;
    states.retain(|state| {
        let keep = state.value > high && useful(state);
        if keep {
            high = state.value;
        }
        keep
    });
    if states.len() > STATES {
        states.sort_by(|a, b| a.loss.total_cmp(&b.loss).then(a.cost.cmp(&b.cost)));
        states.truncate(STATES);
    }
    states
}
