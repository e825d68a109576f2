//! Random instances and the exact optimum by MILP (microlp), for every test of this crate.
#![allow(dead_code)]

use good_lp::{Expression, ProblemVariables, Solution, SolverModel, constraint, microlp, variable};
use guerdon_budget::{Allocation, Batch, Limit};
use guerdon_core::Seed;

/// Draws in order from one seed.
pub struct Draws(Seed, u64);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Draws(Seed(seed).named("budget tests"), 0)
    }

    pub fn unit(&mut self) -> f64 {
        self.1 += 1;
        self.0.uniform_indexed(self.1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Members as plain rows: values, costs (resource-major), segments.
#[derive(Debug, Clone)]
pub struct Instance {
    pub options: usize,
    pub resources: usize,
    pub rows: Vec<(Vec<f64>, Vec<f64>, u64)>,
}

impl Instance {
    /// Members with tastes, whole costs, options that some may not get, `none` first.
    pub fn random(draws: &mut Draws, members: usize, options: usize, resources: usize) -> Self {
        let rows = (0..members).map(|_| {
            let taste = 0.3 + 2.0 * draws.unit();
            let (mut values, mut costs) = (vec![0.0; options], vec![0.0; options * resources]);
            for a in 1..options {
                let cost = (100.0 + 1900.0 * draws.unit()).floor();
                costs[a] = cost;
                values[a] = taste * cost.sqrt() * (0.5 + draws.unit()) - 5.0 * draws.unit();
                for r in 1..resources {
                    costs[r * options + a] = if draws.unit() < 0.5 { 1.0 } else { (3.0 * draws.unit()).floor() };
                }
                if draws.unit() < 0.1 {
                    values[a] = f64::NEG_INFINITY;
                }
            }
            (values, costs, 1 << draws.below(3))
        });
        Instance { options, resources, rows: rows.collect() }
    }

    pub fn batches(&self, rows: usize) -> Vec<Batch> {
        let of = |part: &[(Vec<f64>, Vec<f64>, u64)]| {
            let mut batch = Batch::new(self.options, self.resources, part.len());
            part.iter().for_each(|(v, c, s)| batch.push(v, c, *s).unwrap());
            batch
        };
        self.rows.chunks(rows).map(of).collect()
    }

    fn counts(limit: &Limit, segments: u64) -> bool {
        limit.segment.is_none_or(|s| segments >> s & 1 == 1)
    }

    /// What a limit uses under a choice.
    pub fn used(&self, limit: &Limit, choice: &[usize]) -> f64 {
        let rows = self.rows.iter().zip(choice).filter(|((_, _, s), _)| Self::counts(limit, *s));
        rows.map(|((_, c, _), a)| c[limit.resource * self.options + a]).sum()
    }

    /// Spend of the choice that is best with no limit.
    pub fn greediest(&self, resource: usize) -> f64 {
        let best = |v: &[f64]| (0..v.len()).max_by(|a, b| v[*a].total_cmp(&v[*b])).unwrap();
        self.rows.iter().map(|(v, c, _)| c[resource * self.options + best(v)]).sum()
    }

    /// The exact optimum; none where nothing is feasible.
    pub fn exact(&self, limits: &[Limit]) -> Option<f64> {
        let mut variables = ProblemVariables::new();
        let mut value = Expression::from(0.0);
        let mut uses = vec![Expression::from(0.0); limits.len()];
        let mut ones = Vec::new();
        for (v, c, s) in &self.rows {
            let mut one = Expression::from(0.0);
            for a in (0..self.options).filter(|a| v[*a] != f64::NEG_INFINITY) {
                let x = variables.add(variable().binary());
                value += v[a] * x;
                one += x;
                for (used, limit) in uses.iter_mut().zip(limits).filter(|(_, l)| Self::counts(l, *s)) {
                    *used += c[limit.resource * self.options + a] * x;
                }
            }
            ones.push(one);
        }
        let mut model = variables.maximise(value.clone()).using(microlp);
        for one in ones {
            model = model.with(constraint!(one == 1.0));
        }
        for (used, limit) in uses.into_iter().zip(limits) {
            if let Some(most) = limit.at_most {
                model = model.with(constraint!(used.clone() <= most));
            }
            if let Some(least) = limit.at_least {
                model = model.with(constraint!(used >= least));
            }
        }
        model.solve().ok().map(|solution| solution.eval(value))
    }

    /// The streamed choices, held against the members and the limits; gives the value recomputed from them.
    pub fn checked(&self, best: &Allocation, limits: &[Limit], members: &Vec<Batch>) -> Result<f64, String> {
        let mut choice = Vec::new();
        let streamed = best.choices(members, |place, option| {
            assert_eq!(place as usize, choice.len());
            choice.push(option);
            Ok(())
        });
        streamed.map_err(|e| e.to_string())?;
        if choice.len() != self.rows.len() {
            return Err(format!("{} choices for {} members", choice.len(), self.rows.len()));
        }
        let value: f64 = self.rows.iter().zip(&choice).map(|((v, ..), a)| v[*a]).sum();
        if !value.is_finite() || (value - best.value).abs() > 1e-9 * (1.0 + value.abs()) {
            return Err(format!("choices are worth {value}, the allocation says {}", best.value));
        }
        for (limit, said) in limits.iter().zip(&best.limits) {
            let used = self.used(limit, &choice);
            // Every fractional cost counts for up to 2⁻²⁰ more than it is, never for less.
            if said.used < used * (1.0 - 1e-12) || said.used > used + 1e-6 * self.rows.len() as f64 {
                return Err(format!("{} uses {used}, the allocation says {}", limit.name, said.used));
            }
            // `used` is itself a float sum: its last bit may round up for fractional costs; whole costs are exact.
            if limit.at_most.is_some_and(|most| used > most * (1.0 + 1e-14) || said.used > most)
                || limit.at_least.is_some_and(|least| used < least)
            {
                return Err(format!("{limit:?} is broken: {used}"));
            }
        }
        Ok(value)
    }
}
