//! Repair and fill: single, double and triple moves over the shortlist until the limits hold and nothing better is found.

use crate::branch;
use crate::core_states;
use crate::newton::Side;
use crate::rule::Moves;
use crate::shortlist::Entry;
use std::collections::HashMap;

/// Moves of every size are looked for among so many of least loss.
const SINGLES_ROUNDS: usize = 4096;
const PAIRS: usize = 512;
const TRIPLES: usize = 72;
const ROUNDS: usize = 64;

/// A choice over the shortlisted members, and how far every limit is from its ends.
pub(crate) struct Search<'a> {
    entries: &'a [Entry],
    /// Entry → place of its member in `current`.
    slot: Vec<usize>,
    /// The entry in force for each member; none for what the rule gives.
    current: Vec<Option<usize>>,
    /// Parts that may still be added, one a limit; below zero where at_most is broken.
    above: Vec<i64>,
    /// Parts that may still be taken away, one a limit; below zero where at_least is broken.
    below: Vec<i64>,
    /// What one part of each limit weighs in the violation.
    weight: Vec<f64>,
    pub(crate) value: f64,
}

/// A move: an entry (or none: back to the rule's option) for a member.
#[derive(Debug, Clone)]
struct Move {
    slot: usize,
    to: Option<usize>,
    loss: f64,
    value: f64,
    costs: Vec<i64>,
}

fn clip(parts: i128) -> i64 {
    parts.clamp(i128::from(i64::MIN >> 2), i128::from(i64::MAX >> 2)) as i64
}

impl<'a> Search<'a> {
    /// `used` and `ranges` in parts, one a limit.
    pub(crate) fn new(entries: &'a [Entry], used: &[i128], ranges: &[(i128, i128)]) -> Self {
        let mut places = HashMap::new();
        let mut slot = Vec::with_capacity(entries.len());
        for entry in entries {
            let next = places.len();
            slot.push(*places.entry(entry.member).or_insert(next));
        }
        let mut weight = vec![0.0f64; used.len()];
        for entry in entries {
            weight.iter_mut().zip(&entry.costs).for_each(|(w, c)| *w = w.max(c.unsigned_abs() as f64));
        }
        weight.iter_mut().for_each(|w| *w = 1.0 / w.max(1.0));
        let above = used.iter().zip(ranges).map(|(u, r)| clip(r.1.saturating_sub(*u))).collect();
        let below = used.iter().zip(ranges).map(|(u, r)| clip(u - r.0)).collect();
        Search { entries, current: vec![None; places.len()], slot, above, below, weight, value: 0.0 }
    }

    /// Whether every limit holds.
    pub(crate) fn holds(&self) -> bool {
        self.above.iter().chain(&self.below).all(|x| *x >= 0)
    }

    /// Parts by which each limit is broken: (over at_most, under at_least).
    pub(crate) fn broken(&self) -> Vec<(i64, i64)> {
        self.above.iter().zip(&self.below).map(|(a, b)| ((-a).max(0), (-b).max(0))).collect()
    }

    /// The members that end with another option than the rule's.
    pub(crate) fn moves(&self) -> Moves {
        self.current.iter().flatten().map(|e| (self.entries[*e].member, self.entries[*e].option)).collect()
    }

    /// (loss, value) of putting an entry in force against what is in force now.
    fn change(&self, e: usize) -> (f64, f64) {
        let (new, old) = (&self.entries[e], self.current[self.slot[e]].map(|o| &self.entries[o]));
        (new.loss - old.map_or(0.0, |o| o.loss), new.value - old.map_or(0.0, |o| o.value))
    }

    fn cost(&self, e: usize, limit: usize) -> i64 {
        let old = self.current[self.slot[e]].map_or(0, |o| self.entries[o].costs[limit]);
        self.entries[e].costs[limit] - old
    }

    fn step(&self, e: usize) -> Move {
        let (loss, value) = self.change(e);
        let costs = (0..self.above.len()).map(|m| self.cost(e, m)).collect();
        Move { slot: self.slot[e], to: Some(e), loss, value, costs }
    }

    fn apply(&mut self, step: &Move) {
        self.current[step.slot] = step.to;
        self.value += step.value;
        for (m, cost) in step.costs.iter().enumerate() {
            self.above[m] -= cost;
            self.below[m] += cost;
        }
    }

    /// How far the limits would be broken after adding `cost(m)` to each.
    fn violation(&self, cost: impl Fn(usize) -> i64) -> f64 {
        let mut sum = 0.0;
        for m in 0..self.above.len() {
            let over = (cost(m) - self.above[m]).max(-cost(m) - self.below[m]).max(0);
            sum += over as f64 * self.weight[m];
        }
        sum
    }

    fn fits(&self, cost: impl Fn(usize) -> i64) -> bool {
        (0..self.above.len()).all(|m| {
            let c = cost(m);
            c <= self.above[m] && -c <= self.below[m]
        })
    }

    /// Makes the limits hold: again and again the move with the least loss for each part of violation it takes away.
    pub(crate) fn repair(&mut self) {
        for _ in 0..SINGLES_ROUNDS {
            let now = self.violation(|_| 0);
            if now <= 0.0 {
                return;
            }
            let mut best: Option<(f64, usize)> = None;
            for e in 0..self.entries.len() {
                let gone = now - self.violation(|m| self.cost(e, m));
                if gone > now * 1e-12 {
                    let score = (self.change(e).0.max(0.0) + f64::MIN_POSITIVE) / gone;
                    // Of equally cheap moves, the one that takes most away.
                    if best.is_none_or(|(s, _)| score < s) {
                        best = Some((score, e));
                    }
                }
            }
            let Some((_, e)) = best else {
                if !self.repair_by_two(now) {
                    return;
                }
                continue;
            };
            let step = self.step(e);
            self.apply(&step);
        }
    }

    /// Where no single move helps: the two moves that take most violation away.
    fn repair_by_two(&mut self, now: f64) -> bool {
        let list = self.candidates(f64::INFINITY, PAIRS);
        let mut best: Option<(f64, usize, usize)> = None;
        for (i, a) in list.iter().enumerate() {
            for (j, b) in list.iter().enumerate().skip(i + 1) {
                if a.slot != b.slot {
                    let left = self.violation(|m| a.costs[m] + b.costs[m]);
                    if left < now * (1.0 - 1e-12) && best.is_none_or(|(l, ..)| left < l) {
                        best = Some((left, i, j));
                    }
                }
            }
        }
        let Some((_, i, j)) = best else { return false };
        self.apply(&list[i]);
        self.apply(&list[j]);
        true
    }

    /// The moves of least loss, at most `most`, all below `loss`; going back to the rule's option is one too.
    fn candidates(&self, loss: f64, most: usize) -> Vec<Move> {
        let entries = (0..self.entries.len()).filter(|e| self.current[self.slot[*e]] != Some(*e));
        let mut ranked: Vec<(f64, usize)> = entries.map(|e| (self.change(e).0, e)).filter(|x| x.0 < loss).collect();
        let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if ranked.len() > most {
            ranked.select_nth_unstable_by(most, order);
            ranked.truncate(most);
        }
        ranked.sort_unstable_by(order);
        let mut list: Vec<Move> = ranked.iter().map(|x| self.step(x.1)).collect();
        for (slot, e) in self.current.iter().enumerate() {
            if let (Some(e), true) = (e, list.len() < 2 * most) {
                let old = &self.entries[*e];
                let costs = old.costs.iter().map(|c| -c).collect();
                list.push(Move { slot, to: None, loss: -old.loss, value: -old.value, costs });
            }
        }
        list.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        list
    }

    /// Uses what the limits leave, from a choice that keeps them. `bound` − `value` is the gap there is to close at most.
    pub(crate) fn improve(&mut self, start: f64, bound: f64) {
        // A first sweep by loss uses large rooms up.
        for e in 0..self.entries.len() {
            let (loss, value) = self.change(e);
            if value > 0.0 && loss <= 0.1 * value && self.fits(|m| self.cost(e, m)) {
                let step = self.step(e);
                self.apply(&step);
            }
        }
        for _ in 0..SINGLES_ROUNDS {
            if !self.single() {
                break;
            }
        }
        for _ in 0..ROUNDS {
            let gap = bound - start - self.value;
            if gap <= 1e-12 * bound.abs() || !(self.several(gap)) {
                return;
            }
            while self.single() {}
        }
    }

    /// One limit only: looks through all choices over the shortlist that could still be better (see [`core_states`]).
    pub(crate) fn exact(&mut self, start: f64, bound: f64, price: f64) {
        let gap = bound - start - self.value;
        let used: i64 = self.current.iter().flatten().map(|e| self.entries[*e].costs[0]).sum();
        let room = self.above[0] + used;
        if gap <= 1e-12 * bound.abs() {
            return;
        }
        let groups = self.groups();
        if let Some(chosen) = core_states::best(self.entries, &groups, room, price, self.value) {
            self.replace(&chosen);
        }
    }

    /// Several limits: the same by branch and bound (see [`branch`]). `dual` is D at the rule's prices, less the value of the
    /// rule's choice; `sides` come with their multipliers.
    pub(crate) fn branch(&mut self, dual: f64, sides: Vec<(Side, f64)>) {
        let groups = self.groups();
        let in_force = |m: usize| -> i64 { self.current.iter().flatten().map(|e| self.entries[*e].costs[m]).sum() };
        let limits = 0..self.above.len();
        let core = branch::Core {
            entries: self.entries,
            groups: &groups,
            above: limits.clone().map(|m| self.above[m] + in_force(m)).collect(),
            below: limits.map(|m| self.below[m] - in_force(m)).collect(),
            sides,
            dual,
        };
        if let Some(chosen) = branch::best(&core, self.value) {
            self.replace(&chosen);
        }
    }

    /// Entries by member; they come by rising loss, and so do members by their first.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.current.len()];
        for (e, slot) in self.slot.iter().enumerate() {
            groups[*slot].push(e);
        }
        groups
    }

    /// Puts these entries in force and no others.
    fn replace(&mut self, chosen: &[usize]) {
        for slot in 0..self.current.len() {
            if let Some(old) = self.current[slot] {
                let old = &self.entries[old];
                let costs = old.costs.iter().map(|c| -c).collect();
                self.apply(&Move { slot, to: None, loss: 0.0, value: -old.value, costs });
            }
        }
        for e in chosen {
            let step = self.step(*e);
            self.apply(&step);
        }
    }

    fn single(&mut self) -> bool {
        let mut best: Option<(f64, usize)> = None;
        for e in 0..self.entries.len() {
            let value = self.change(e).1;
            if value > best.map_or(self.least_gain(), |b| b.0) && self.fits(|m| self.cost(e, m)) {
                best = Some((value, e));
            }
        }
        let Some((_, e)) = best else { return false };
        let step = self.step(e);
        self.apply(&step);
        true
    }

    /// Gains below this are rounding, and could go round for ever.
    fn least_gain(&self) -> f64 {
        1e-12 * self.value.abs().max(1e-300)
    }

    fn several(&mut self, gap: f64) -> bool {
        let list = self.candidates(gap, PAIRS);
        let mut best: (f64, Vec<usize>) = (self.least_gain(), Vec::new());
        for (i, a) in list.iter().enumerate() {
            for (j, b) in list.iter().enumerate().skip(i + 1) {
                let value = a.value + b.value;
                if value > best.0 && a.slot != b.slot && self.fits(|m| a.costs[m] + b.costs[m]) {
                    best = (value, vec![i, j]);
                }
            }
        }
        let few = &list[..list.len().min(TRIPLES)];
        for (i, a) in few.iter().enumerate() {
            for (j, b) in few.iter().enumerate().skip(i + 1).filter(|(_, b)| b.slot != a.slot) {
                for (k, c) in few.iter().enumerate().skip(j + 1) {
                    let value = a.value + b.value + c.value;
                    let apart = c.slot != a.slot && c.slot != b.slot;
                    if value > best.0 && apart && self.fits(|m| a.costs[m] + b.costs[m] + c.costs[m]) {
                        best = (value, vec![i, j, k]);
                    }
                }
            }
        }
        for i in &best.1 {
            self.apply(&list[*i]);
        }
        !best.1.is_empty()
    }
}
