//! The pass over the members: their rows become decisions with features and outcomes.

use super::canonical::Tables;
use super::cursor::{Cursor, Table};
use super::design::Propensities;
use super::engine::Engine;
use super::member::{DecisionRow, MemberRows, RowRules, unknown_member};
use super::scan::Overview;
use super::tables::{Decisions, Events, Members};
use super::tally::Totals;
use crate::history::{History, HistoryPlan};
use crate::log::{IngestSummary, LogMeta, LogWriter, Row};
use crate::names::NameIndex;
use datafusion::logical_expr::{ident, lit};
use guerdon_core::{Environment, Error, Outcome, Progress, Result, Value};

/// Members between two words about the progress.
const PROGRESS_EVERY: u64 = 512;

/// What the pass reads besides the rows.
pub(super) struct Inputs<'a> {
    pub(super) engine: &'a Engine,
    pub(super) tables: &'a Tables,
    pub(super) plan: &'a HistoryPlan,
    pub(super) overview: &'a Overview,
    pub(super) propensities: &'a Propensities,
}

/// Makes the pass, writes every mature decision, and says what was read.
pub(super) fn merge(
    inputs: &Inputs<'_>,
    meta: &LogMeta,
    writer: &mut LogWriter,
    progress: &dyn Progress,
) -> Result<IngestSummary> {
    let Inputs { engine, tables, plan, overview, propensities } = *inputs;
    let names = plan.event_names();
    let known: Vec<_> = names.names().map(lit).collect();
    let events = tables.events.clone().filter(ident("event").in_list(known, false));
    let mut members = Cursor::<Members>::new(engine, tables.members.clone())?;
    let mut decisions = Cursor::<Decisions>::new(engine, tables.decisions.clone())?;
    let mut events = Cursor::<Events>::new(engine, events.map_err(|e| engine.sql_error(&e))?)?;
    let mut pass = Pass {
        meta,
        overview,
        propensities,
        rules: row_rules(meta, plan),
        history: History::new(plan),
        totals: Totals::new(meta),
        outcomes: vec![],
        plan,
    };
    let mut rows = MemberRows::default();
    let (mut last, mut untold) = (None::<String>, 0);
    while let Some(member) = members.member()? {
        if last.as_deref() == Some(member) {
            return Err(Error::Inconsistent {
                place: format!("members, member {member:?}"),
                what: "stands twice; each member has one row".into(),
            });
        }
        rows.collect(&members, &mut decisions, &mut events, &mut pass.rules)?;
        if let Some((batch, row)) = members.here() {
            pass.member(member, batch, row, &rows, writer)?;
        }
        remember(&mut last, member);
        members.advance()?;
        untold += rows.decisions.len() as u64;
        if pass.totals.summary.members_listed.is_multiple_of(PROGRESS_EVERY) {
            progress.advance(std::mem::take(&mut untold));
        }
    }
    progress.advance(untold);
    if let Some(member) = decisions.member()? {
        return Err(unknown_member(Decisions::NAME, member));
    }
    if let Some(member) = events.member()? {
        return Err(unknown_member(Events::NAME, member));
    }
    pass.totals.summary(overview)
}

fn row_rules<'a>(meta: &'a LogMeta, plan: &HistoryPlan) -> RowRules<'a> {
    let economics = &meta.environment.economics;
    let index = |name: &Option<String>| name.as_ref().and_then(|name| plan.event_index(name));
    RowRules {
        catalogue: &meta.catalogue,
        actions: NameIndex::new(meta.catalogue.names()),
        events: NameIndex::new(plan.event_names().names()),
        revenue_event: index(&economics.revenue_event),
        redeem_event: index(&economics.redeem_event),
        minor_per_major: 10f64.powi(economics.minor_units as i32),
    }
}

fn remember(last: &mut Option<String>, member: &str) {
    let last = last.get_or_insert_default();
    last.clear();
    last.push_str(member);
}

/// What the pass carries from member to member.
struct Pass<'a> {
    meta: &'a LogMeta,
    overview: &'a Overview,
    propensities: &'a Propensities,
    rules: RowRules<'a>,
    plan: &'a HistoryPlan,
    history: History<'a>,
    totals: Totals<'a>,
    outcomes: Vec<Outcome>,
}

impl Pass<'_> {
    /// Attributes one member's events and writes that member's mature decisions.
    fn member(
        &mut self,
        member: &str,
        batch: &Members,
        row: usize,
        rows: &MemberRows,
        writer: &mut LogWriter,
    ) -> Result<()> {
        let hours = self.meta.environment.log.attribution.hours;
        let mature = rows.touches.partition_point(|touch| touch.at.plus_hours(hours) <= self.overview.log_end);
        let tally = self.plan.rules().attribute(&rows.touches, mature, &rows.events, &mut self.outcomes);
        self.totals.member(rows, mature, &tally);
        let mut known = vec![];
        self.totals.summary.features_not_finite += batch.features.values(row, &mut known);
        self.history.reset(batch.joined_at(row));
        let (mut asked, mut told, mut fed) = (vec![], vec![], 0);
        for (step, decision) in rows.decisions[..mature].iter().enumerate() {
            let at = decision.touch.at;
            while fed < rows.events.len() && rows.events[fed].at < at {
                self.history.event(&rows.events[fed]);
                fed += 1;
            }
            self.totals.summary.features_not_finite += decision.batch.features.values(decision.row, &mut asked);
            let stage = stage_of(decision, &self.meta.environment)?;
            self.history.features(at, stage, &known, &asked, &mut told);
            self.write(member, step, decision, stage, &told, writer)?;
            self.history.decide(at, usize::from(decision.touch.action));
        }
        Ok(())
    }

    fn write(
        &mut self,
        member: &str,
        step: usize,
        decision: &DecisionRow,
        stage: &str,
        features: &[Value<'_>],
        writer: &mut LogWriter,
    ) -> Result<()> {
        let (batch, row, action) = (&decision.batch, decision.row, decision.touch.action);
        let id = batch.name(row);
        let place = || format!("decisions, decision {id:?} of member {member:?}");
        let eligible = batch.eligible(row).map(|list| self.rules.eligible(&list, place)).transpose()?;
        if eligible.as_ref().is_some_and(|some| some.binary_search(&action).is_err()) {
            let given = self.meta.catalogue.get(usize::from(action)).action.as_str();
            return Err(Error::Inconsistent {
                place: place(),
                what: format!("its action {given:?} is not in its eligible set"),
            });
        }
        let propensity = self.propensities.of(action, batch.propensity(row), eligible.as_deref(), place)?;
        let outcome = &self.outcomes[step];
        self.totals.decision(action, decision.touch.at, propensity, outcome);
        writer.push(
            &self.meta.catalogue,
            &Row {
                decision_id: id,
                member_id: member,
                step: step as u32,
                decided_at: decision.touch.at,
                stage,
                action,
                propensity,
                eligible: eligible.as_deref(),
                policy_version: batch.policy_version(row),
                features,
                outcome,
            },
        )
    }
}

/// The stage at which the decision was taken; the first where the table doesn't say.
fn stage_of<'r>(decision: &'r DecisionRow, environment: &'r Environment) -> Result<&'r str> {
    let funnel = &environment.funnel;
    match decision.batch.stage(decision.row) {
        None => Ok(funnel.names().next().unwrap_or_default()),
        Some(stage) if funnel.index_of(stage).is_some() => Ok(stage),
        Some(stage) => Err(Error::Inconsistent {
            place: format!("decisions, decision {:?}", decision.batch.name(decision.row)),
            what: format!(
                "its stage is {stage:?}; the funnel has these stages: {}",
                funnel.names().collect::<Vec<_>>().join(", ")
            ),
        }),
    }
}
