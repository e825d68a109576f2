//! What a roll-out comes to: whole numbers while summing, figures with intervals at the end.

use super::result::{Figures, Incremental, Interval, StageRate};
use super::spread::Spread;
use guerdon_core::{Economics, Money};

/// Sums over decisions, exact: money in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) decisions: i64,
    pub(super) offers: i64,
    pub(super) orders: i64,
    pub(super) revenue: Money,
    pub(super) reward_cost: Money,
    pub(super) points: i64,
    /// Per stage.
    pub(super) reached: Vec<i64>,
}

impl Tally {
    pub(super) fn new(stages: usize) -> Tally {
        Tally { reached: vec![0; stages], ..Tally::default() }
    }

    /// Adds `other`, counted `times` times.
    pub(super) fn add(&mut self, other: &Tally, times: i64) {
        self.decisions += times * other.decisions;
        self.offers += times * other.offers;
        self.orders += times * other.orders;
        self.revenue += Money(times * other.revenue.0);
        self.reward_cost += Money(times * other.reward_cost.0);
        self.points += times * other.points;
        self.reached.iter_mut().zip(&other.reached).for_each(|(sum, more)| *sum += times * more);
    }

    fn sum<'a>(steps: impl IntoIterator<Item = &'a Tally>, stages: usize) -> Tally {
        let mut all = Tally::new(stages);
        steps.into_iter().for_each(|step| all.add(step, 1));
        all
    }
}

/// One policy in one model: a tally per step, over the members as they are and over the model's bootstrap of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Played {
    pub(super) plain: Vec<Tally>,
    pub(super) resampled: Vec<Tally>,
}

impl Played {
    pub(super) fn new(horizon: usize, stages: usize) -> Played {
        Played { plain: vec![Tally::new(stages); horizon], resampled: vec![Tally::new(stages); horizon] }
    }

    /// Adds one member's tally of one step, who counts `weight` times in the bootstrap.
    pub(super) fn add(&mut self, step: usize, tally: &Tally, weight: i64) {
        self.plain[step].add(tally, 1);
        self.resampled[step].add(tally, weight);
    }
}

/// A tally in major units, brought to the number of decisions that were simulated.
#[derive(Debug, Clone, Copy, Default)]
struct Amounts {
    revenue: f64,
    reward_cost: f64,
    contact_cost: f64,
    orders: f64,
    offers: f64,
    points: f64,
    liability: f64,
    net_value: f64,
    margin: f64,
}

impl Amounts {
    fn of(tally: &Tally, economics: &Economics, decisions: f64) -> Amounts {
        let scale = if tally.decisions == 0 { 0.0 } else { decisions / tally.decisions as f64 };
        let major = |money: Money| scale * money.to_major(economics.minor_units);
        let offers = scale * tally.offers as f64;
        let (revenue, reward_cost) = (major(tally.revenue), major(tally.reward_cost));
        let contact_cost = offers * economics.contact_cost;
        Amounts {
            revenue,
            reward_cost,
            contact_cost,
            orders: scale * tally.orders as f64,
            offers,
            points: scale * tally.points as f64,
            liability: scale * tally.points as f64 * economics.point_value,
            net_value: economics.margin * revenue - reward_cost - contact_cost,
            margin: economics.margin * revenue,
        }
    }
}

/// Makes figures of tallies.
pub(super) struct Ledger<'a> {
    pub(super) economics: &'a Economics,
    pub(super) spread: Spread,
    /// Names of the stages.
    pub(super) stages: Vec<&'a str>,
}

/// The amounts of every model: (as they are, resampled).
type PerModel = (Vec<Amounts>, Vec<Amounts>);

impl Ledger<'_> {
    /// Figures of one step, over the models.
    pub(super) fn step(&self, models: &[Played], step: usize) -> Figures {
        self.figures(&self.amounts(models, |steps| steps[step].clone()))
    }

    /// Figures of all steps together.
    pub(super) fn total(&self, models: &[Played]) -> Figures {
        self.figures(&self.amounts(models, |steps| Tally::sum(steps, self.stages.len())))
    }

    /// Share of decisions that reached each stage.
    pub(super) fn stage_rates(&self, models: &[Played]) -> Vec<StageRate> {
        let rate = |steps: &[Tally], stage: usize| {
            let all = Tally::sum(steps, self.stages.len());
            all.reached[stage] as f64 / (all.decisions as f64).max(1.0)
        };
        let both = |stage: usize| {
            let plain: Vec<f64> = models.iter().map(|model| rate(&model.plain, stage)).collect();
            let resampled: Vec<f64> = models.iter().map(|model| rate(&model.resampled, stage)).collect();
            self.spread.interval(&plain, &resampled)
        };
        let stages = self.stages.iter().enumerate();
        stages.map(|(stage, name)| StageRate { stage: (*name).to_owned(), rate: both(stage) }).collect()
    }

    /// `models` against the `baseline`, model by model: both saw the same draws and the same members.
    pub(super) fn incremental(&self, models: &[Played], baseline: &[Played]) -> Incremental {
        let total = |steps: &[Tally]| Tally::sum(steps, self.stages.len());
        let (ours, theirs) = (self.amounts(models, total), self.amounts(baseline, total));
        let change = |figure: fn(&Amounts) -> f64| {
            let minus = |a: &[Amounts], b: &[Amounts]| a.iter().zip(b).map(|(a, b)| figure(a) - figure(b)).collect();
            let both: (Vec<f64>, Vec<f64>) = (minus(&ours.0, &theirs.0), minus(&ours.1, &theirs.1));
            both
        };
        let interval = |figure| {
            let (plain, resampled) = change(figure);
            self.spread.interval(&plain, &resampled)
        };
        let cost = |amounts: &Amounts| amounts.reward_cost + amounts.contact_cost;
        let (margin, spent) = (change(|amounts| amounts.margin), change(cost));
        Incremental {
            revenue: interval(|amounts| amounts.revenue),
            margin: interval(|amounts| amounts.margin),
            cost: interval(cost),
            net_value: interval(|amounts| amounts.net_value),
            roi: self.roi(&margin, &spent),
        }
    }

    fn roi(&self, margin: &(Vec<f64>, Vec<f64>), cost: &(Vec<f64>, Vec<f64>)) -> Option<Interval> {
        if cost.0.iter().chain(&cost.1).any(|cost| *cost <= 0.0) {
            return None;
        }
        let ratio = |margin: &[f64], cost: &[f64]| -> Vec<f64> {
            margin.iter().zip(cost).map(|(margin, cost)| (margin - cost) / cost).collect()
        };
        Some(self.spread.interval(&ratio(&margin.0, &cost.0), &ratio(&margin.1, &cost.1)))
    }

    fn amounts(&self, models: &[Played], tally: impl Fn(&[Tally]) -> Tally) -> PerModel {
        let both = models.iter().map(|model| {
            let plain = tally(&model.plain);
            let decisions = plain.decisions as f64;
            let resampled = Amounts::of(&tally(&model.resampled), self.economics, decisions);
            (Amounts::of(&plain, self.economics, decisions), resampled)
        });
        both.unzip()
    }

    fn figures(&self, amounts: &PerModel) -> Figures {
        let interval = |figure: fn(&Amounts) -> f64| {
            let of = |all: &[Amounts]| all.iter().map(figure).collect::<Vec<f64>>();
            self.spread.interval(&of(&amounts.0), &of(&amounts.1))
        };
        Figures {
            revenue: interval(|amounts| amounts.revenue),
            reward_cost: interval(|amounts| amounts.reward_cost),
            contact_cost: interval(|amounts| amounts.contact_cost),
            net_value: interval(|amounts| amounts.net_value),
            orders: interval(|amounts| amounts.orders),
            offers: interval(|amounts| amounts.offers),
            points_issued: interval(|amounts| amounts.points),
            liability: interval(|amounts| amounts.liability),
        }
    }
}
