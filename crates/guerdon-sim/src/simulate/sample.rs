//! One pass over the log: who is simulated, what they did, and how many decisions speak of each head.

use super::model::Most;
use super::plan::{Head, MOST_TARGETS, Plan};
use super::state::Happened;
use guerdon_core::{FeatureSource, Progress, Result, Seed, Timestamp, Value};
use guerdon_data::{LogBatch, LogReader};
use guerdon_policy::OwnedValue;
use std::collections::BinaryHeap;

/// One logged decision of a sampled member.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) decision_id: String,
    pub(super) at: Timestamp,
    pub(super) stage: String,
    pub(super) action: usize,
    pub(super) eligible: Option<Vec<u16>>,
    /// In the environment's order.
    pub(super) context: Vec<OwnedValue>,
    pub(super) happened: Happened,
    pub(super) cost: guerdon_core::Money,
}

/// One sampled member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Orders the members at random; the smallest are sampled.
    key: u64,
    pub(super) id: String,
    /// From the logged tenure, if there is such a feature.
    pub(super) joined_at: Option<Timestamp>,
    /// The logged decisions in order; never empty.
    pub(super) rows: Vec<Row>,
}

/// What the decisions say of one head.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HeadCount {
    /// Decisions that it applies to.
    pub(super) rows: u64,
    pub(super) sum: [f64; MOST_TARGETS],
    pub(super) least: [f64; MOST_TARGETS],
    pub(super) most: [f64; MOST_TARGETS],
}

impl HeadCount {
    /// Counts one decision's targets.
    fn see(&mut self, targets: &[f64]) {
        for (place, &target) in targets.iter().enumerate() {
            let first = self.rows == 0;
            self.sum[place] += target;
            self.least[place] = if first { target } else { self.least[place].min(target) };
            self.most[place] = if first { target } else { self.most[place].max(target) };
        }
        self.rows += 1;
    }
}

/// What the pass found.
pub(super) struct Sample {
    /// In random order, the same for the same seed.
    pub(super) members: Vec<Member>,
    /// All members that count, sampled or not, and their decisions.
    pub(super) members_in_all: usize,
    pub(super) rows_in_all: u64,
    /// In the plan's order.
    pub(super) heads: Vec<HeadCount>,
    /// Mean hours from the decision to each stage, where it is reached.
    pub(super) delay_hours: Vec<f64>,
    pub(super) most: Most,
}

/// Reads the log once; members count for whom `include` holds, and `members` of them are sampled by `seed`.
pub(super) fn sample(
    log: &LogReader,
    plan: &Plan,
    include: &dyn Fn(&str) -> bool,
    members: usize,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Sample> {
    let tenure = log.meta().environment.features.iter().position(|feature| feature.source == FeatureSource::Tenure);
    let mut pass = Pass::new(plan, members, seed, tenure);
    progress.start("sample members", Some(log.rows()));
    for batch in log.batches()? {
        let batch = batch?;
        for row in 0..batch.len() {
            pass.see(&batch, row, include);
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    Ok(pass.finish())
}

struct Pass<'p> {
    plan: &'p Plan,
    wanted: usize,
    seed: Seed,
    tenure: Option<usize>,
    kept: BinaryHeap<ByKey>,
    /// The member whose rows are being read; `None` for one that does not count.
    current: Option<Member>,
    current_id: String,
    members: usize,
    rows: u64,
    heads: Vec<HeadCount>,
    delays: Vec<(f64, u64)>,
    most: Most,
}

impl<'p> Pass<'p> {
    fn new(plan: &'p Plan, wanted: usize, seed: Seed, tenure: Option<usize>) -> Self {
        Pass {
            plan,
            wanted,
            seed,
            tenure,
            kept: BinaryHeap::new(),
            current: None,
            current_id: String::new(),
            members: 0,
            rows: 0,
            heads: vec![HeadCount::default(); plan.heads.len()],
            delays: vec![(0.0, 0); plan.stages.len()],
            most: Most::default(),
        }
    }

    /// Rows come sorted by member and time.
    fn see(&mut self, batch: &LogBatch, row: usize, include: &dyn Fn(&str) -> bool) {
        let id = batch.member_id(row);
        if id != self.current_id || self.current_id.is_empty() {
            self.close();
            id.clone_into(&mut self.current_id);
            if include(id) {
                self.members += 1;
                let key = (self.seed.uniform(id) * (1u64 << 53) as f64) as u64;
                self.current = Some(Member { key, id: id.to_owned(), joined_at: None, rows: vec![] });
            }
        }
        if self.current.is_none() {
            return;
        }
        self.rows += 1;
        self.count(batch, row);
        let row = read(batch, row, self.plan);
        let may_stay =
            self.kept.len() < self.wanted || self.current.as_ref().map(|m| m.key) < self.kept.peek().map(|m| m.0.key);
        if let Some(member) = self.current.as_mut().filter(|_| may_stay) {
            if let Some(OwnedValue::Number(days)) = self.tenure.and_then(|tenure| row.context.get(tenure)) {
                member.joined_at = Some(row.at.plus_hours(-24.0 * days));
            }
            member.rows.push(row);
        }
    }

    fn count(&mut self, batch: &LogBatch, row: usize) {
        let mut out = [0.0; MOST_TARGETS];
        for (head, count) in self.plan.heads.iter().zip(&mut self.heads) {
            if self.plan.applies(*head, batch, row) {
                self.plan.fill(*head, batch, row, &mut out[..head.targets()]);
                count.see(&out[..head.targets()]);
                match head {
                    Head::Spend => {
                        self.most.orders = self.most.orders.max(out[0]);
                        self.most.revenue = self.most.revenue.max(out[1]);
                    }
                    Head::Redeemed => self.most.redeemed = self.most.redeemed.max(out[0]),
                    _ => {}
                }
            }
        }
        for (stage, (hours, times)) in self.delays.iter_mut().enumerate() {
            if let Some(at) = batch.reached_at(row, stage) {
                *hours += at.hours_since(batch.decided_at(row));
                *times += 1;
            }
        }
    }

    /// The current member's rows are all read.
    fn close(&mut self) {
        let Some(member) = self.current.take() else { return };
        if !member.rows.is_empty() {
            self.kept.push(ByKey(member));
        }
        if self.kept.len() > self.wanted {
            self.kept.pop();
        }
    }

    fn finish(mut self) -> Sample {
        self.close();
        let delay = |(hours, times): &(f64, u64)| if *times == 0 { 0.0 } else { hours / *times as f64 };
        Sample {
            members: self.kept.into_sorted_vec().into_iter().map(|member| member.0).collect(),
            members_in_all: self.members,
            rows_in_all: self.rows,
            heads: self.heads,
            delay_hours: self.delays.iter().map(delay).collect(),
            most: self.most,
        }
    }
}

/// Orders members by key, then id.
struct ByKey(Member);

impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.key, &self.0.id).cmp(&(other.0.key, &other.0.id))
    }
}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByKey {}

fn read(batch: &LogBatch, row: usize, plan: &Plan) -> Row {
    let mut context = vec![];
    batch.context(row, &mut context);
    let owned = |value: &Value| match *value {
        Value::Missing => OwnedValue::Missing,
        Value::Number(number) => OwnedValue::Number(number),
        Value::Category(name) => OwnedValue::Category(name.to_owned()),
    };
    Row {
        decision_id: batch.decision_id(row).to_owned(),
        at: batch.decided_at(row),
        stage: batch.stage(row).to_owned(),
        action: batch.action(row),
        eligible: batch.eligible(row).map(<[u16]>::to_vec),
        context: context.iter().map(owned).collect(),
        happened: Happened {
            reached_at: (0..plan.stages.len()).map(|stage| batch.reached_at(row, stage)).collect(),
            orders: batch.orders(row),
            revenue: batch.revenue(row),
            redeemed: batch.points_redeemed(row),
        },
        cost: batch.cost(row),
    }
}

/// The values of a context, borrowed.
pub(super) fn values(context: &[OwnedValue]) -> impl Iterator<Item = Value<'_>> {
    context.iter().map(|value| match value {
        OwnedValue::Missing => Value::Missing,
        OwnedValue::Number(number) => Value::Number(*number),
        OwnedValue::Category(name) => Value::Category(name),
    })
}
