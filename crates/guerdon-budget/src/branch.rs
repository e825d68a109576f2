//! Several limits: depth-first branch and bound over the shortlist, from what repair and moves have found (Land & Doig 1960).
//!
//! For any choice x at prices w ≥ 0 of the limits' sides, value(x) = D(w) − Σ losses(x) − Σ w · room(x): a choice better than
//! the best found can only be made of entries whose losses, and the room that must be left unused, stay below the gap.

use crate::newton::Side;
use crate::shortlist::Entry;
use crate::units;

/// Good choices lie close to the dual: the search is confined to this part of the gap first, then to more of it.
const PARTS: [f64; 4] = [0.1, 0.25, 0.5, 1.0];
/// Nodes looked at for each of them, at most: deterministic, and a tenth of a second.
const NODES: usize = 1 << 18;

/// What is searched: one entry a group at most, against the rule's choice.
pub(crate) struct Core<'a> {
    pub(crate) entries: &'a [Entry],
    /// Entries of one member each, by rising loss; members by rising least loss.
    pub(crate) groups: &'a [Vec<usize>],
    /// Parts that may be added to the rule's choice, and taken away from it, one a limit.
    pub(crate) above: Vec<i64>,
    pub(crate) below: Vec<i64>,
    /// The sides with their multipliers at the rule's prices.
    pub(crate) sides: Vec<(Side, f64)>,
    /// D at the rule's prices, less the value of the rule's choice.
    pub(crate) dual: f64,
}

/// What the groups from here on can still do to one limit.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// Parts that they can take away (≤ 0) and add (≥ 0) together.
    least: i64,
    most: i64,
    /// The least loss for a unit taken away, and for one added.
    down: f64,
    up: f64,
}

impl Reach {
    const NOTHING: Reach = Reach { least: 0, most: 0, down: f64::INFINITY, up: f64::INFINITY };

    /// With one group more.
    fn with(self, group: &[usize], entries: &[Entry], limit: usize) -> Reach {
        let mut reach = self;
        let (mut least, mut most) = (0, 0);
        for entry in group.iter().map(|e| &entries[*e]) {
            let cost = entry.costs[limit];
            (least, most) = (least.min(cost), most.max(cost));
            let each = entry.loss / units::amount(cost).abs();
            match cost.signum() {
                1 => reach.up = reach.up.min(each),
                -1 => reach.down = reach.down.min(each),
                _ => {}
            }
        }
        Reach { least: reach.least + least, most: reach.most + most, ..reach }
    }
}

struct Walk<'a> {
    core: &'a Core<'a>,
    groups: Vec<Vec<usize>>,
    reach: Vec<Vec<Reach>>,
    costs: Vec<i64>,
    taken: Vec<usize>,
    best: f64,
    /// Losses and unused room may not come to more than this.
    most: f64,
    found: Option<Vec<usize>>,
    nodes: usize,
}

/// The entries of a choice worth more than `found` over the rule's, within every limit; none if there is none or the nodes
/// have run out before one was seen.
pub(crate) fn best(core: &Core<'_>, found: f64) -> Option<Vec<usize>> {
    let gap = core.dual - found;
    let near = |group: &Vec<usize>| group.iter().copied().filter(|e| core.entries[*e].loss < gap).collect::<Vec<_>>();
    let groups: Vec<Vec<usize>> = core.groups.iter().map(near).filter(|group| !group.is_empty()).collect();
    let limits = core.above.len();
    let mut reach = vec![vec![Reach::NOTHING; limits]; groups.len() + 1];
    for (k, group) in groups.iter().enumerate().rev() {
        reach[k] = (0..limits).map(|m| reach[k + 1][m].with(group, core.entries, m)).collect();
    }
    let mut walk = Walk {
        core,
        groups,
        reach,
        costs: vec![0; limits],
        taken: vec![],
        best: found,
        most: 0.0,
        found: None,
        nodes: 0,
    };
    for part in PARTS {
        (walk.most, walk.nodes) = (part * gap, 0);
        walk.visit(0, 0.0, 0.0);
    }
    walk.found
}

impl Walk<'_> {
    fn visit(&mut self, depth: usize, value: f64, loss: f64) {
        self.nodes += 1;
        if self.nodes > NODES || !self.hopeful(depth, loss) {
            return;
        }
        if value > self.best && self.fits() {
            self.best = value;
            self.found = Some(self.taken.clone());
        }
        if depth == self.groups.len() {
            return;
        }
        for place in 0..self.groups[depth].len() {
            let e = self.groups[depth][place];
            let entry = &self.core.entries[e];
            self.costs.iter_mut().zip(&entry.costs).for_each(|(c, more)| *c += more);
            self.taken.push(e);
            self.visit(depth + 1, value + entry.value, loss + entry.loss);
            self.taken.pop();
            self.costs.iter_mut().zip(&entry.costs).for_each(|(c, more)| *c -= more);
        }
        self.visit(depth + 1, value, loss);
    }

    fn fits(&self) -> bool {
        let core = self.core;
        self.costs.iter().zip(&core.above).zip(&core.below).all(|((c, above), below)| *c <= *above && -c <= *below)
    }

    /// Whether anything below this node can still be within the limits and better than the best.
    fn hopeful(&self, depth: usize, loss: f64) -> bool {
        let core = self.core;
        let reach = &self.reach[depth];
        for (m, r) in reach.iter().enumerate() {
            if core.above[m] - self.costs[m] < r.least || core.below[m] + self.costs[m] + r.most < 0 {
                return false;
            }
        }
        // Room that stays unused whatever comes, over all sides; and what filling or making room costs, on the dearest one.
        let (mut unused, mut dearest) = (0.0, 0.0f64);
        for (side, w) in &core.sides {
            let (m, r) = (side.limit, &reach[side.limit]);
            let (room, fill, filling, making) = if side.sign > 0.0 {
                (core.above[m] - self.costs[m], r.most, r.up, r.down)
            } else {
                (core.below[m] + self.costs[m], -r.least, r.down, r.up)
            };
            unused += w * units::amount((room - fill).max(0));
            let each = if room >= 0 { w.min(filling) } else { making };
            if room != 0 {
                dearest = dearest.max(units::amount(room).abs() * each);
            }
        }
        let behind = loss + unused.max(dearest);
        behind <= self.most && core.dual - behind > self.best + 1e-12 * core.dual.abs().max(self.best.abs())
    }
}
