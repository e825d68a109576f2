//! A log and a target policy as two Parquet files aligned by row: for valuing a policy that is given as columns.

use crate::log::META_KEY;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use guerdon_core::{Economics, Error, Money, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows read at once; part of what sums are grouped by, unlike the number of threads.
pub(crate) const BATCH_ROWS: usize = 8192;

/// The names of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The logged action: a name, or a number that names it.
    pub action: String,
    /// π_b(a|x) of the logged action.
    pub propensity: String,
    /// The reward. A decision log made by `ingest` has none: there it is the net value under the log's own economics.
    pub reward: Option<String>,
    /// Whose decision it is; rows must be sorted by it. Without it every row is taken to be a member of its own (a decision
    /// log made by `ingest` knows its members).
    pub member: Option<String>,
    /// Columns of the target file that begin with this give π_e(·|x); what follows is the action's name.
    pub target: String,
    /// Likewise q̂(x, ·), if there is any.
    pub q_hat: String,
    /// Likewise π_b(·|x), in either file, if there is any.
    pub logging: String,
}

impl Default for Columns {
    fn default() -> Self {
        Columns {
            action: "action".into(),
            propensity: "propensity".into(),
            reward: None,
            member: None,
            target: "pi_e_".into(),
            q_hat: "q_hat_".into(),
            logging: "pi_b_".into(),
        }
    }
}

/// Some rows, every number checked. Matrices are row after row, one column an action.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlignedBatch {
    /// Tells members apart; the row's number where every row is its own member.
    pub member: Vec<u64>,
    /// Index of the logged action.
    pub action: Vec<usize>,
    /// π_b(a|x) of the logged action, in (0, 1].
    pub propensity: Vec<f64>,
    /// The reward, finite.
    pub reward: Vec<f64>,
    /// π_e(·|x) for each target, each row summing to 1.
    pub targets: Vec<Vec<f64>>,
    /// q̂(x, ·), of the first target's file; empty without.
    pub q_hat: Vec<f64>,
    /// π_b(·|x); empty without.
    pub logging: Vec<f64>,
}

/// A log with one target or more, ready to be streamed once.
pub struct AlignedReader {
    log: Side,
    targets: Vec<Side>,
    actions: Vec<String>,
    places: Places,
    economics: Option<Economics>,
    pending: AlignedBatch,
    rows: u64,
    read_rows: u64,
    members: u64,
    last_member: Option<String>,
    done: bool,
}

/// Where in the projected batches the columns lie.
struct Places {
    action: usize,
    propensity: usize,
    reward: Reward,
    member: Option<usize>,
    target: Vec<Vec<usize>>,
    q_hat: Vec<usize>,
    logging: Option<(bool, Vec<usize>)>,
}

enum Reward {
    Column(usize),
    /// Revenue and cost in minor units.
    Net(usize, usize),
}

/// One file being read.
struct Side {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
}

impl AlignedReader {
    /// Opens `log` and the `targets`, which must have as many rows each. The actions are those that the first target names.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Malformed`] for files that are not there or no Parquet; [`Error::Schema`] for a column
    /// that is missing or no number; [`Error::Mismatch`] for files of different lengths or actions.
    pub fn open(log: &Path, targets: &[PathBuf], columns: &Columns) -> Result<AlignedReader> {
        let metadata = load(log)?;
        let mut others = vec![];
        for path in targets {
            let other = load(path)?;
            let rows = |m: &ArrowReaderMetadata| m.metadata().file_metadata().num_rows();
            if rows(&other) != rows(&metadata) {
                return Err(Error::Mismatch {
                    place: format!("{} and {}", log.display(), path.display()),
                    what: "number of rows".into(),
                    given: format!("{} and {}", rows(&metadata), rows(&other)),
                    wanted: "the files are aligned by row, so both need as many".into(),
                });
            }
            others.push((path.clone(), other));
        }
        let economics = economics_of(&metadata, log)?;
        let (Some((first, target)), schema) = (others.first(), metadata.schema()) else {
            return Err(Error::Empty { place: log.display().to_string(), what: "no target was given".into() });
        };
        let actions = with_prefix(target.schema(), &columns.target);
        if actions.is_empty() {
            return Err(missing(first, &format!("{}<action>", columns.target), target.schema()));
        }
        let names: Vec<String> = actions.iter().map(|(_, name)| name.clone()).collect();
        let mut wanted_of_log = vec![];
        let mut want = |name: &str| -> Result<usize> {
            let place = schema.index_of(name).map_err(|_| missing(log, name, schema))?;
            wanted_of_log.push(place);
            Ok(place)
        };
        let (action, propensity) = (want(&columns.action)?, want(&columns.propensity)?);
        let reward = match (&columns.reward, &economics) {
            (None, Some(_)) => Reward::Net(want("revenue")?, want("cost")?),
            (name, _) => Reward::Column(want(name.as_deref().unwrap_or("reward"))?),
        };
        let member = match (&columns.member, &economics) {
            (Some(name), _) => Some(want(name)?),
            (None, Some(_)) => Some(want("member_id")?),
            (None, None) => None,
        };
        let logging_in_log = matrix(log, schema, &columns.logging, &names)?;
        let logging_in_target = matrix(first, target.schema(), &columns.logging, &names)?;
        let q_hat = matrix(first, target.schema(), &columns.q_hat, &names)?.unwrap_or_default();
        let mut target_places = vec![];
        for (path, other) in &others {
            let place = matrix(path, other.schema(), &columns.target, &names)?;
            target_places
                .push(place.ok_or_else(|| missing(path, &format!("{}<action>", columns.target), other.schema()))?);
        }
        let logging = match (logging_in_log, logging_in_target) {
            (Some(places), _) => Some((true, places)),
            (None, Some(places)) => Some((false, places)),
            (None, None) => None,
        };
        let mut of_log = wanted_of_log.clone();
        of_log.extend(logging.iter().filter(|(in_log, _)| *in_log).flat_map(|(_, places)| places.iter().copied()));
        let log_side = Side::open(log, metadata.clone(), &of_log)?;
        let mut sides = vec![];
        for (index, (path, other)) in others.iter().enumerate() {
            let mut places = target_places[index].clone();
            if index == 0 {
                places.extend(&q_hat);
                places.extend(logging.iter().filter(|(in_log, _)| !*in_log).flat_map(|(_, places)| places));
            }
            sides.push((Side::open(path, other.clone(), &places)?, places));
        }
        let in_log = |place: usize| projected(&of_log, place);
        let places = Places {
            action: in_log(action),
            propensity: in_log(propensity),
            reward: match reward {
                Reward::Column(place) => Reward::Column(in_log(place)),
                Reward::Net(revenue, cost) => Reward::Net(in_log(revenue), in_log(cost)),
            },
            member: member.map(in_log),
            target: target_places
                .iter()
                .zip(&sides)
                .map(|(of, (_, all))| of.iter().map(|place| projected(all, *place)).collect())
                .collect(),
            q_hat: q_hat.iter().map(|place| projected(&sides[0].1, *place)).collect(),
            logging: logging.map(|(of_the_log, places)| {
                let all = if of_the_log { &of_log } else { &sides[0].1 };
                (of_the_log, places.iter().map(|place| projected(all, *place)).collect())
            }),
        };
        Ok(AlignedReader {
            log: log_side,
            targets: sides.into_iter().map(|(side, _)| side).collect(),
            actions: names,
            places,
            economics,
            pending: AlignedBatch { targets: vec![vec![]; targets.len()], ..AlignedBatch::default() },
            rows: metadata.metadata().file_metadata().num_rows().max(0) as u64,
            read_rows: 0,
            members: 0,
            last_member: None,
            done: false,
        })
    }

    /// The actions' names, in the order of the matrices' columns.
    pub fn actions(&self) -> &[String] {
        &self.actions
    }

    /// How many rows the files have.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether there is a q̂.
    pub fn has_model(&self) -> bool {
        !self.places.q_hat.is_empty()
    }

    /// The next rows, ending where a member does; `None` after the last.
    fn read(&mut self) -> Result<Option<AlignedBatch>> {
        while !self.done {
            let Some(batch) = self.log.next()? else {
                self.done = true;
                break;
            };
            let mut others = vec![];
            for target in &mut self.targets {
                let other = target.next()?.filter(|other| other.num_rows() == batch.num_rows());
                others.push(other.ok_or_else(|| Error::Malformed {
                    file: target.path.display().to_string(),
                    format: "Parquet",
                    reason: "it ended before the log did".into(),
                })?);
            }
            self.append(&batch, &others)?;
            let cut = if self.places.member.is_none() { self.pending.len() } else { self.pending.last_boundary() };
            if cut > 0 {
                return Ok(Some(self.pending.take(cut, self.actions.len())));
            }
        }
        let rest = self.pending.len();
        Ok((rest > 0).then(|| self.pending.take(rest, self.actions.len())))
    }

    fn append(&mut self, batch: &RecordBatch, others: &[RecordBatch]) -> Result<()> {
        let rows = batch.num_rows();
        let first = self.read_rows;
        self.append_actions(batch.column(self.places.action), first)?;
        match self.places.member {
            None => self.pending.member.extend(first..first + rows as u64),
            Some(column) => self.append_members(batch.column(column), first)?,
        }
        let log = &self.log.path;
        let propensity = numbers(log, batch, self.places.propensity, first)?;
        if let Some(row) = propensity.iter().position(|p| !(*p > 0.0 && *p <= 1.0)) {
            return Err(Error::Propensity { place: place(log, first + row as u64), given: propensity[row] });
        }
        self.pending.propensity.extend(&propensity);
        match self.places.reward {
            Reward::Column(column) => self.pending.reward.extend(numbers(log, batch, column, first)?),
            Reward::Net(revenue, cost) => {
                let (revenue, cost) = (numbers(log, batch, revenue, first)?, numbers(log, batch, cost, first)?);
                let economics = self.economics.clone().unwrap_or_default();
                let offered = |row: usize| {
                    self.actions[self.pending.action[self.pending.reward.len() + row]] != guerdon_core::NONE
                };
                let net: Vec<f64> = (0..rows)
                    .map(|row| economics.net_value(Money(revenue[row] as i64), Money(cost[row] as i64), offered(row)))
                    .collect();
                self.pending.reward.extend(net);
            }
        }
        let places = &self.places;
        for (index, other) in others.iter().enumerate() {
            let path = &self.targets[index].path;
            let from = self.pending.targets[index].len();
            transpose(path, other, &places.target[index], first, &mut self.pending.targets[index])?;
            check_distributions(path, &self.pending.targets[index][from..], &self.actions, first)?;
        }
        if let Some(other) = others.first() {
            let path = &self.targets[0].path;
            transpose(path, other, &places.q_hat, first, &mut self.pending.q_hat)?;
            if let Some((of_the_log, columns)) = &places.logging {
                let (path, from) = if *of_the_log { (log, batch) } else { (path, other) };
                transpose(path, from, columns, first, &mut self.pending.logging)?;
            }
        }
        self.read_rows += rows as u64;
        Ok(())
    }

    fn append_actions(&mut self, column: &ArrayRef, first: u64) -> Result<()> {
        let text = cast(column, &DataType::Utf8).map_err(|e| self.log.malformed(e))?;
        let text = text.as_string::<i32>();
        for row in 0..text.len() {
            let name = if text.is_null(row) { "" } else { text.value(row) };
            let index = self.actions.iter().position(|known| known == name).ok_or_else(|| Error::UnknownAction {
                place: place(&self.log.path, first + row as u64),
                given: name.to_owned(),
                known: self.actions.join(", "),
            })?;
            self.pending.action.push(index);
        }
        Ok(())
    }

    /// Numbers members in the order of the log.
    fn append_members(&mut self, column: &ArrayRef, first: u64) -> Result<()> {
        let text = cast(column, &DataType::Utf8).map_err(|e| self.log.malformed(e))?;
        let text = text.as_string::<i32>();
        let whole = column.data_type().is_integer();
        for row in 0..text.len() {
            let id = if text.is_null(row) { "" } else { text.value(row) };
            if self.last_member.as_deref() != Some(id) {
                let sorted = match &self.last_member {
                    None => true,
                    Some(last) if whole => last.parse::<i128>().ok() < id.parse::<i128>().ok(),
                    Some(last) => last.as_str() < id,
                };
                if !sorted {
                    return Err(Error::Inconsistent {
                        place: place(&self.log.path, first + row as u64),
                        what: format!(
                            "member {id:?} follows {:?}; sort both files by member, so that a member's rows follow each other",
                            self.last_member.clone().unwrap_or_default()
                        ),
                    });
                }
                self.last_member = Some(id.to_owned());
                self.members += 1;
            }
            self.pending.member.push(self.members - 1);
        }
        Ok(())
    }
}

impl Iterator for AlignedReader {
    type Item = Result<AlignedBatch>;
    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl AlignedBatch {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.action.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.action.is_empty()
    }

    /// The row at which the last member begins.
    fn last_boundary(&self) -> usize {
        let last = self.member.last();
        self.member.iter().rposition(|member| Some(member) != last).map_or(0, |row| row + 1)
    }

    /// The first `rows` rows; the others stay.
    fn take(&mut self, rows: usize, actions: usize) -> AlignedBatch {
        fn head<T>(all: &mut Vec<T>, n: usize) -> Vec<T> {
            let rest = all.split_off(n.min(all.len()));
            std::mem::replace(all, rest)
        }
        AlignedBatch {
            member: head(&mut self.member, rows),
            action: head(&mut self.action, rows),
            propensity: head(&mut self.propensity, rows),
            reward: head(&mut self.reward, rows),
            targets: self.targets.iter_mut().map(|target| head(target, rows * actions)).collect(),
            q_hat: head(&mut self.q_hat, rows * actions),
            logging: head(&mut self.logging, rows * actions),
        }
    }
}

impl Side {
    fn open(path: &Path, metadata: ArrowReaderMetadata, columns: &[usize]) -> Result<Side> {
        let file = File::open(path).map_err(|e| Error::not_found(path, "file", e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
        let reader = reader.map_err(|e| malformed(path, e))?;
        Ok(Side { path: path.to_owned(), reader })
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        self.reader.next().transpose().map_err(|e| malformed(&self.path, e))
    }

    fn malformed(&self, error: impl std::fmt::Display) -> Error {
        malformed(&self.path, error)
    }
}

pub(crate) fn malformed(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::Malformed { file: path.display().to_string(), format: "Parquet", reason: error.to_string() }
}

pub(crate) fn load(path: &Path) -> Result<ArrowReaderMetadata> {
    let file = File::open(path).map_err(|e| Error::not_found(path, "Parquet file", e))?;
    ArrowReaderMetadata::load(&file, Default::default()).map_err(|e| malformed(path, format!("{e}; is it whole?")))
}

/// The economics of a decision log made by `ingest`; `None` for other files.
fn economics_of(metadata: &ArrowReaderMetadata, path: &Path) -> Result<Option<Economics>> {
    let entries = metadata.metadata().file_metadata().key_value_metadata();
    let ours = entries.is_some_and(|entries| entries.iter().any(|entry| entry.key == META_KEY));
    if !ours {
        return Ok(None);
    }
    Ok(Some(crate::LogReader::open(path)?.meta().environment.economics.clone()))
}

/// Columns whose names begin with `prefix`, and what follows it.
pub(crate) fn with_prefix(schema: &SchemaRef, prefix: &str) -> Vec<(usize, String)> {
    let fields = schema.fields().iter().enumerate();
    fields.filter_map(|(place, field)| Some((place, field.name().strip_prefix(prefix)?.to_owned()))).collect()
}

/// The columns `prefix<action>` in the order of `actions`; `None` where there is none at all.
fn matrix(path: &Path, schema: &SchemaRef, prefix: &str, actions: &[String]) -> Result<Option<Vec<usize>>> {
    let found = with_prefix(schema, prefix);
    if found.is_empty() {
        return Ok(None);
    }
    if let Some((_, extra)) = found.iter().find(|(_, name)| !actions.contains(name)) {
        return Err(Error::Mismatch {
            place: path.display().to_string(),
            what: "column".into(),
            given: format!("{prefix}{extra}"),
            wanted: format!("the first target's actions are {}", actions.join(", ")),
        });
    }
    let places = actions.iter().map(|action| {
        let place = found.iter().find(|(_, name)| name == action).map(|(place, _)| *place);
        place.ok_or_else(|| missing(path, &format!("{prefix}{action}"), schema))
    });
    places.collect::<Result<_>>().map(Some)
}

pub(crate) fn missing(path: &Path, column: &str, schema: &SchemaRef) -> Error {
    let names: Vec<&str> = schema.fields().iter().take(12).map(|field| field.name().as_str()).collect();
    let more = if schema.fields().len() > 12 { ", …" } else { "" };
    Error::Schema {
        table: path.display().to_string(),
        column: column.to_owned(),
        given: "missing".into(),
        wanted: format!("the file has {}{more}; name the column that it is in", names.join(", ")),
    }
}

/// The place of a column among those that were projected, which come in the file's order.
fn projected(all: &[usize], place: usize) -> usize {
    let mut before: Vec<usize> = all.iter().copied().filter(|other| *other < place).collect();
    before.sort_unstable();
    before.dedup();
    before.len()
}

fn place(path: &Path, row: u64) -> String {
    format!("{}, row {}", path.display(), row + 1)
}

/// A column as finite doubles.
pub(crate) fn numbers(path: &Path, batch: &RecordBatch, column: usize, first: u64) -> Result<Vec<f64>> {
    let array = doubles(path, batch, column)?;
    for row in 0..array.len() {
        if array.is_null(row) || !array.value(row).is_finite() {
            return Err(Error::Amount {
                place: place(path, first + row as u64),
                what: batch.schema().field(column).name().clone(),
                given: if array.is_null(row) { "null".into() } else { array.value(row).to_string() },
                wanted: "a finite number would do".into(),
            });
        }
    }
    Ok(array.values().to_vec())
}

fn doubles(path: &Path, batch: &RecordBatch, column: usize) -> Result<Float64Array> {
    let array = batch.column(column);
    let field = batch.schema().field(column).clone();
    let number = field.data_type().is_numeric() || *field.data_type() == DataType::Boolean;
    if !number {
        return Err(Error::Schema {
            table: path.display().to_string(),
            column: field.name().clone(),
            given: field.data_type().to_string(),
            wanted: "a column of numbers would do".into(),
        });
    }
    let array = match field.data_type() {
        DataType::Boolean => cast(array, &DataType::Int64).map(|whole| {
            let values = whole.as_primitive::<Int64Type>().iter().map(|value| value.map(|value| value as f64));
            values.collect::<Float64Array>()
        }),
        _ => cast(array, &DataType::Float64).map(|array| array.as_primitive::<Float64Type>().clone()),
    };
    array.map_err(|e| malformed(path, e))
}

/// Appends columns as rows.
pub(crate) fn transpose(
    path: &Path,
    batch: &RecordBatch,
    columns: &[usize],
    first: u64,
    out: &mut Vec<f64>,
) -> Result<()> {
    let from = out.len();
    out.resize(from + batch.num_rows() * columns.len(), 0.0);
    for (column, place) in columns.iter().enumerate() {
        let values = numbers(path, batch, *place, first)?;
        for (row, value) in values.into_iter().enumerate() {
            out[from + row * columns.len() + column] = value;
        }
    }
    Ok(())
}

/// Every row a distribution: no chance outside [0, 1], and a sum of 1 to a millionth.
fn check_distributions(path: &Path, rows: &[f64], actions: &[String], first: u64) -> Result<()> {
    for (row, chances) in rows.chunks_exact(actions.len()).enumerate() {
        let sum: f64 = chances.iter().sum();
        let outside = chances.iter().position(|chance| !(0.0..=1.0 + 1e-9).contains(chance));
        let (what, given) = match outside {
            Some(action) => (format!("the target's chance of {}", actions[action]), chances[action]),
            None if (sum - 1.0).abs() > 1e-6 => ("the sum of the target's chances".into(), sum),
            None => continue,
        };
        return Err(Error::Amount {
            place: place(path, first + row as u64),
            what,
            given: given.to_string(),
            wanted: "chances lie in [0, 1] and sum to 1".into(),
        });
    }
    Ok(())
}
