//! Several limits, floors and segments: dual Newton steps on a sample, then on all members, then a repair that ends feasible.

use crate::allocation::{Allocation, Use};
use crate::batch::Batch;
use crate::improve::Search;
use crate::limit::Limit;
use crate::members::{Members, Reach};
use crate::newton::{self, Point, Problem, Side};
use crate::rule::Rule;
use crate::shortlist;
use crate::single::totals;
use crate::survey::{self, Survey};
use crate::units;
use guerdon_core::Result;

/// Options of sampled members, at most.
const SAMPLE: u64 = 1 << 21;
/// Entries on the shortlist, at most.
const KEEP: usize = 1 << 16;
/// Temperatures, as parts of the members' mean spread of values, and the Newton steps at each.
const COOLING: [(f64, usize); 7] = [(0.3, 12), (0.1, 8), (0.03, 8), (0.01, 8), (0.003, 8), (0.001, 8), (0.0003, 12)];
/// How much the limits are drawn in when a repair fails, one attempt after the other.
const DRAWN_IN: [f64; 8] = [0.0, 0.0, 0.0, 0.003, 0.01, 0.05, 0.2, 1.0];

/// Solves any limits.
pub(crate) fn solve<M: Members + ?Sized>(members: &M, limits: &[Limit]) -> Result<Allocation> {
    let survey = survey::survey(members, limits)?;
    for (m, limit) in limits.iter().enumerate() {
        let (least, most) = limit.range();
        if survey.most[m] < least {
            return Err(limit.unmet(true, units::total(survey.most[m]), ""));
        }
        if survey.least[m] > most {
            return Err(limit.unmet(false, units::total(survey.least[m]), ""));
        }
    }
    let sides = newton::sides(limits);
    let reach = reach(&sides, &survey);
    let stride = (survey.members * survey.options as u64).div_ceil(SAMPLE).max(1);
    let sampled = survey::sample(members, stride)?;
    let mut found = if stride == 1 {
        descend(&sampled, members, limits, &sides, &reach, &survey, 1.0)?
    } else {
        let taken: usize = sampled.iter().map(Batch::len).sum();
        descend(&sampled, members, limits, &sides, &reach, &survey, taken as f64 / survey.members as f64)?
    };
    drop(sampled);
    if found.best.bound < survey.worst - 1e-9 * survey.worst.abs() {
        return Err(unreachable(members, limits, &found, &sides)?);
    }
    finish(members, limits, &sides, &reach, &survey, &mut found)
}

/// Multipliers that went through the cooling, and the best bound on the way.
struct Found {
    w: Vec<f64>,
    tau: f64,
    best: Point,
}

fn reach(sides: &[Side], survey: &Survey) -> Vec<f64> {
    let price = |s: &Side| survey.spread.max(1e-12) / survey.largest[s.limit].max(1.0 / units::PARTS);
    sides.iter().map(price).collect()
}

/// Cools down on the sample; where that is not all members, goes on with all of them.
fn descend<M: Members + ?Sized>(
    sampled: &Vec<Batch>,
    members: &M,
    limits: &[Limit],
    sides: &[Side],
    reach: &[f64],
    survey: &Survey,
    share: f64,
) -> Result<Found> {
    let mut w = vec![0.0; sides.len()];
    let mut best = Point { w: w.clone(), bound: f64::INFINITY };
    let size = survey.spread.max(1e-12);
    let whole = share >= 1.0;
    let floor = survey.worst * share - 1e-6 * (survey.worst * share).abs() - size;
    let part = Problem { members: sampled, limits, sides, share, reach, floor };
    for (heat, steps) in COOLING {
        part.descend(&mut w, heat * size, steps, &mut best)?;
        if best.bound < floor {
            break;
        }
    }
    let mut tau = COOLING[COOLING.len() - 1].0 * size;
    if !whole {
        tau = 0.001 * size;
        best = Point { w: w.clone(), bound: f64::INFINITY };
        let floor = survey.worst - 1e-6 * survey.worst.abs() - size;
        let all = Problem { members, limits, sides, share: 1.0, reach, floor };
        all.descend(&mut w, tau, 10, &mut best)?;
    }
    Ok(Found { w, tau, best })
}

/// Rounds to a choice, repairs and fills; draws the limits in and tries again where the repair fails.
fn finish<M: Members + ?Sized>(
    members: &M,
    limits: &[Limit],
    sides: &[Side],
    reach: &[f64],
    survey: &Survey,
    found: &mut Found,
) -> Result<Allocation> {
    let ranges: Vec<_> = limits.iter().map(Limit::range).collect();
    let cells = survey.members.saturating_mul(survey.options as u64);
    let keep = KEEP.min(usize::try_from(cells).unwrap_or(KEEP)).max(1);
    let mut closest: Option<(usize, bool, f64)> = None;
    // What splitting ties has missed each side by so far; the first attempts draw the limits in by no more than that.
    let mut missed = vec![0.0f64; sides.len()];
    for (attempt, drawn) in DRAWN_IN.into_iter().enumerate() {
        if attempt > 0 {
            let tight = |(s, by): (&Side, &f64)| {
                let s = draw_in(s, drawn, survey);
                Side { bound: s.bound - s.sign * by, ..s }
            };
            let tight: Vec<Side> = sides.iter().zip(&missed).map(tight).collect();
            let problem = Problem { members, limits, sides: &tight, share: 1.0, reach, floor: f64::NEG_INFINITY };
            let mut aside = Point { w: Vec::new(), bound: f64::INFINITY };
            problem.descend(&mut found.w, found.tau, 8, &mut aside)?;
        }
        let prices = newton::prices(sides, &found.w, limits.len());
        let rule = Rule::Prices { prices, temperature: found.tau };
        let account = shortlist::account(members, limits, &rule, keep)?;
        let start = account.value.value();
        for (by, side) in missed.iter_mut().zip(sides).filter(|_| attempt < 2) {
            *by += 1.1 * (side.sign * (units::total(account.used[side.limit]) - side.bound)).max(0.0);
        }
        let mut search = Search::new(&account.entries, &account.used, &ranges);
        search.repair();
        if search.holds() {
            search.improve(start, found.best.bound);
            let own: f64 = sides.iter().zip(&found.w).map(|(s, w)| w * s.sign * s.bound).sum();
            let dual = account.best.value() + own - start;
            search.branch(dual, sides.iter().copied().zip(found.w.iter().copied()).collect());
            let moves = search.moves();
            let used = totals(&account.used, &account.entries, &moves);
            let value = start + search.value;
            let prices = newton::prices(sides, &found.best.w, limits.len());
            let uses = limits.iter().zip(used).zip(prices);
            return Ok(Allocation {
                members: account.members,
                value,
                bound: found.best.bound.max(value),
                limits: uses
                    .map(|((l, u), price)| Use { name: l.name.clone(), used: units::total(u), price })
                    .collect(),
                given: limits.to_vec(),
                rule,
                moves,
            });
        }
        closest = worst_broken(&search).or(closest);
    }
    if let Some(error) = reachable(members, limits, found, sides)? {
        return Err(error);
    }
    let (m, floor, by) = closest.unwrap_or((0, false, 0.0));
    let limit = &limits[m];
    let asked = if floor { limit.at_least } else { limit.at_most }.unwrap_or(0.0);
    let reached = if floor { asked - by } else { asked + by };
    Err(limit.unmet(floor, reached, " by the search, with the other limits held,"))
}

/// The limit that is broken most: (limit, floor, units).
fn worst_broken(search: &Search<'_>) -> Option<(usize, bool, f64)> {
    let broken = search.broken().into_iter().enumerate();
    let each = broken.flat_map(|(m, (over, under))| [(m, false, units::amount(over)), (m, true, units::amount(under))]);
    each.filter(|x| x.2 > 0.0).max_by(|a, b| a.2.total_cmp(&b.2))
}

/// A side moved towards what its limit can reach, by a part of the way.
fn draw_in(side: &Side, part: f64, survey: &Survey) -> Side {
    let (least, most) = (units::total(survey.least[side.limit]), units::total(survey.most[side.limit]));
    let end = if side.sign > 0.0 { least } else { most };
    let way = (end - side.bound) * part;
    // Floors near the most there is, and budgets: never more than the bound's own size at once.
    let cap = side.bound.abs().max(1.0);
    Side { bound: side.bound + way.clamp(-cap, cap * part), ..*side }
}

/// The error where the dual has proved that no choice meets the limits.
fn unreachable<M: Members + ?Sized>(
    members: &M,
    limits: &[Limit],
    found: &Found,
    sides: &[Side],
) -> Result<guerdon_core::Error> {
    if let Some(error) = reachable(members, limits, found, sides)? {
        return Ok(error);
    }
    let names: Vec<&str> = limits.iter().map(|l| l.name.as_str()).collect();
    Ok(guerdon_core::Error::config("limits", names.join(", "), "this set", "no choice meets all of them together"))
}

/// Looks for the limit that the others keep from being met, dearest first, with a certified most (or least) it can reach.
fn reachable<M: Members + ?Sized>(
    members: &M,
    limits: &[Limit],
    found: &Found,
    sides: &[Side],
) -> Result<Option<guerdon_core::Error>> {
    let mut order: Vec<usize> = (0..sides.len()).collect();
    let burden = |k: usize| found.best.w.get(k).copied().unwrap_or(0.0) * sides[k].bound;
    // Floors first: what a programme owes is named before what it may spend.
    order.sort_by(|a, b| sides[*a].sign.total_cmp(&sides[*b].sign).then(burden(*b).total_cmp(&burden(*a))));
    for k in order {
        let side = sides[k];
        let limit = &limits[side.limit];
        let others: Vec<Limit> = limits
            .iter()
            .enumerate()
            .map(|(m, l)| {
                let mut l = l.clone();
                if m == side.limit {
                    (l.at_least, l.at_most) = if side.sign < 0.0 { (None, l.at_most) } else { (l.at_least, None) };
                }
                l
            })
            .collect();
        let reach_of = Reach { members, resource: limit.resource, segment: limit.segment, sign: -side.sign };
        let survey = survey::survey(&reach_of, &others)?;
        let other_sides = newton::sides(&others);
        let reach_prices = reach(&other_sides, &survey);
        let stride = (survey.members * survey.options as u64).div_ceil(SAMPLE).max(1);
        let sampled = survey::sample(&reach_of, stride)?;
        let taken: usize = sampled.iter().map(Batch::len).sum();
        let share = if stride == 1 { 1.0 } else { taken as f64 / survey.members as f64 };
        let most = descend(&sampled, &reach_of, &others, &other_sides, &reach_prices, &survey, share)?.best.bound;
        let broken = if side.sign < 0.0 { most < side.bound } else { -most > side.bound };
        if broken && most.is_finite() {
            let reached = if side.sign < 0.0 { most.max(0.0) } else { -most };
            return Ok(Some(limit.unmet(side.sign < 0.0, reached, " with the other limits held")));
        }
    }
    Ok(None)
}
