//! Logged decisions in memory, as a policy learns from them.

use super::config::{Baseline, Method, PolicyConfig};
use super::held_out::HeldOut;
use super::objective::Point;
use crate::outcomes::Outcomes;
use crate::rows::{Visited, push_eligible, visit};
use crate::{CrossFit, Moments};
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_policy::Encoder;

/// Encoded decisions with their rewards, propensities and cross-fitted q̂. Memory: `4·inputs + 4·actions + 40` bytes a
/// row, and `actions` more where the log has eligible sets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logged {
    /// Width of an encoded context.
    pub inputs: usize,
    /// How many actions the catalogue has.
    pub actions: usize,
    /// Encoded contexts, `[rows][inputs]`.
    pub x: Vec<f32>,
    /// The logged action of each row.
    pub action: Vec<u16>,
    /// Its probability under the logging policy.
    pub propensity: Vec<f64>,
    /// Net value; standardised by [`Logged::standardise`].
    pub reward: Vec<f64>,
    /// Which actions could have been taken, `[rows][actions]`; empty if all could, always.
    pub left: Vec<bool>,
    /// q̂(x, a) from a model that never saw the row's member, `[rows][actions]`, in the unit of the rewards.
    pub q_hat: Vec<f32>,
    /// The row's member; rows of one stand together.
    pub member: Vec<u32>,
    /// The fold of the row's member: its q̂ comes from the other folds.
    pub fold: Vec<u16>,
    /// Whether the member judges (and is not fitted to).
    pub validation: Vec<bool>,
}

/// Rewards are `centre + unit · standardised`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    pub centre: f64,
    pub unit: f64,
}

/// Whose decisions are read, and how.
pub(crate) struct Reading<'a> {
    pub log: &'a LogReader,
    pub outcomes: &'a Outcomes,
    pub encoder: &'a Encoder,
    pub include: &'a dyn Fn(&str) -> bool,
    pub validation: &'a dyn Fn(&str) -> bool,
    pub folds: usize,
    pub seed: Seed,
}

/// Advantage weights are at most this before 1/p (Peng et al. 2019 use 20).
const MOST_ADVANTAGE: f64 = 20.0;

impl Logged {
    /// No rows yet.
    pub fn new(inputs: usize, actions: usize) -> Self {
        Logged {
            inputs,
            actions,
            x: vec![],
            action: vec![],
            propensity: vec![],
            reward: vec![],
            left: vec![],
            q_hat: vec![],
            member: vec![],
            fold: vec![],
            validation: vec![],
        }
    }

    /// Reads the included members' rows, rewards and q̂ in major units. q̂ is fitted to members that do not judge only.
    ///
    /// # Errors
    /// [`Error::Training`] if every row's member judges; [`Error::Empty`] without rows; errors of reading the log.
    pub fn read(reading: &Reading, progress: &dyn Progress) -> Result<(Self, Visited)> {
        let &Reading { log, outcomes, encoder, include, validation, folds, seed } = reading;
        let fitting = |member: &str| include(member) && !validation(member);
        let crossfit = CrossFit::fit_to(outcomes, log, &fitting, folds, seed, progress)?;
        let mut rows = Logged::new(encoder.width(), log.meta().catalogue.len());
        let (mut q_hat, mut masked, mut last) = (vec![0.0; rows.actions], false, None::<String>);
        let mut member = 0;
        let visited = visit(log, include, "encode rows", progress, &mut |batch, row, context| {
            let id = batch.member_id(row);
            if last.as_deref().is_some_and(|last| last != id) {
                member += 1;
            }
            if last.as_deref() != Some(id) {
                last = Some(id.to_owned());
            }
            let start = rows.x.len();
            rows.x.resize(start + rows.inputs, 0.0);
            encoder.encode(context, &mut rows.x[start..]);
            crossfit.predict(id, context, &mut q_hat);
            rows.q_hat.extend(q_hat.iter().map(|value| *value as f32));
            rows.action.push(batch.action(row) as u16);
            rows.propensity.push(batch.propensity(row));
            rows.reward.push(outcomes.net_of(batch, row));
            rows.member.push(member);
            rows.fold.push(crossfit.fold(id) as u16);
            rows.validation.push(validation(id));
            masked |= push_eligible(batch, row, rows.actions, &mut rows.left);
            Ok(())
        })?;
        if !masked {
            rows.left.clear();
        }
        if rows.validation.iter().all(|judges| *judges) {
            return Err(Error::Training {
                learner: "policy".into(),
                reason: "no rows are left to fit on; lower validation_share or give a larger log".into(),
            });
        }
        Ok((rows, visited))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.action.len()
    }

    /// The rows that (do not) judge, in order.
    pub fn rows(&self, validation: bool) -> Vec<u32> {
        (0..self.len()).filter(|row| self.validation[*row] == validation).map(|row| row as u32).collect()
    }

    /// The encoded context of a row.
    pub fn context(&self, row: usize) -> &[f32] {
        &self.x[row * self.inputs..(row + 1) * self.inputs]
    }

    /// The encoded contexts of `rows`, one after the other.
    pub fn contexts(&self, rows: &[u32]) -> Vec<f32> {
        rows.iter().flat_map(|row| self.context(*row as usize)).copied().collect()
    }

    /// Which actions are left at a row; empty for all.
    pub fn left_of(&self, row: usize) -> &[bool] {
        if self.left.is_empty() { &[] } else { &self.left[row * self.actions..(row + 1) * self.actions] }
    }

    /// q̂ of every action at a row.
    pub fn q_hat_of(&self, row: usize) -> &[f32] {
        &self.q_hat[row * self.actions..(row + 1) * self.actions]
    }

    /// Puts rewards and q̂ in standard deviations of the fitting rows' rewards, from `baseline`.
    pub fn standardise(&mut self, baseline: Baseline) -> Unit {
        let fitting: Vec<f64> = self.rows(false).into_iter().map(|row| self.reward[row as usize]).collect();
        let n = fitting.len().max(1) as f64;
        let mean = fitting.iter().sum::<f64>() / n;
        let variance = fitting.iter().map(|reward| (reward - mean).powi(2)).sum::<f64>() / n;
        let unit = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        let centre = match baseline {
            Baseline::Mean => mean,
            Baseline::Worst => fitting.iter().copied().fold(f64::INFINITY, f64::min),
            Baseline::Zero => 0.0,
        };
        self.reward.iter_mut().for_each(|reward| *reward = (*reward - centre) / unit);
        self.q_hat.iter_mut().for_each(|q| *q = ((f64::from(*q) - centre) / unit) as f32);
        Unit { centre, unit }
    }

    /// What each row's log-likelihood weighs for the methods that maximise one, the mean over the fitting rows being 1;
    /// empty for the others. `strength` is β of [`Method::Awr`].
    pub fn weights(&self, config: &PolicyConfig, strength: f64) -> Vec<f64> {
        let mix = self.mix();
        let fitting = self.rows(false);
        let least = fitting.iter().map(|row| self.reward[*row as usize]).fold(f64::INFINITY, f64::min);
        let gain = |row: usize| match config.method {
            Method::Awr => ((self.reward[row] - self.baseline_of(row, &mix)) / strength).exp().min(MOST_ADVANTAGE),
            _ => (self.reward[row] - least).max(0.0),
        };
        if !matches!(config.method, Method::Awr | Method::Wll) {
            return vec![];
        }
        let weight = |row: usize| (1.0 / self.propensity[row]).min(config.clip) * gain(row);
        let weights: Vec<f64> = (0..self.len()).map(weight).collect();
        let mean = fitting.iter().map(|row| weights[*row as usize]).sum::<f64>() / fitting.len().max(1) as f64;
        weights.into_iter().map(|weight| if mean > 0.0 { weight / mean } else { 0.0 }).collect()
    }

    /// The share of each action in the fitting rows.
    fn mix(&self) -> Vec<f64> {
        let mut mix = vec![0.0; self.actions];
        self.rows(false).into_iter().for_each(|row| mix[usize::from(self.action[row as usize])] += 1.0);
        mix
    }

    /// V(x) of a row: q̂ averaged over the log's mix of the actions that are left.
    fn baseline_of(&self, row: usize, mix: &[f64]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (action, (q, share)) in self.q_hat_of(row).iter().zip(mix).enumerate() {
            if self.left_of(row).get(action).copied().unwrap_or(true) {
                sum += share * f64::from(*q);
                total += share;
            }
        }
        if total > 0.0 { sum / total } else { 0.0 }
    }

    /// The row under a policy that gives `probabilities`, ratios at most `clip`; with or without q̂; its likelihood weighs 1.
    pub fn point(&self, row: usize, probabilities: &[f64], clip: f64, with_q: bool) -> Point {
        let action = usize::from(self.action[row]);
        let q_hat = if with_q { self.q_hat_of(row) } else { &[] };
        Point {
            ratio: (probabilities[action] / self.propensity[row]).min(clip),
            base: q_hat.iter().zip(probabilities).map(|(q, p)| f64::from(*q) * p).sum(),
            residual: self.reward[row] - q_hat.get(action).copied().map_or(0.0, f64::from),
            chance: probabilities[action],
            weight: 1.0,
        }
    }

    /// The value of a policy on `rows` from their doubly robust terms, decisions of one member taken together.
    pub fn held_out(&self, rows: &[u32], terms: &[f64]) -> HeldOut {
        let members: Vec<u32> = rows.iter().map(|row| self.member[*row as usize]).collect();
        HeldOut::of(terms, &members)
    }

    /// Sums over rewards per action: of the fitting rows, and of those that judge.
    pub fn moments(&self) -> [Vec<Moments>; 2] {
        let mut parts = [false, true].map(|_| vec![Moments::new(self.inputs, 1); self.actions]);
        for row in 0..self.len() {
            let part = &mut parts[usize::from(self.validation[row])];
            part[usize::from(self.action[row])].add(self.context(row), &[self.reward[row]], 1.0);
        }
        parts
    }
}
