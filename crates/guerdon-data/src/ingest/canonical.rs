//! The four canonical tables: which columns they have, of which types, and how each is brought into one form.

use super::engine::Engine;
use crate::log::{names_type, time_type};
use arrow::datatypes::DataType;
use datafusion::common::{Column as ColumnName, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, cast, lit};
use guerdon_core::{Environment, Error, FeatureSource, FeatureType, PropensitySource, Result};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    /// Text, or anything that is plainly written as text.
    Category,
    Time,
    Number,
    Names,
}

/// A column of a canonical table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    /// Its name in the projection; two features may read one column.
    alias: String,
    holds: Holds,
    optional: bool,
    /// Why the column must be there, if that is not plain.
    because: &'static str,
}

impl Column {
    fn new(name: &str, holds: Holds) -> Self {
        Column { name: name.to_owned(), alias: name.to_owned(), holds, optional: false, because: "" }
    }

    pub(super) fn text(name: &str) -> Self {
        Column::new(name, Holds::Text)
    }

    pub(super) fn number(name: &str) -> Self {
        Column::new(name, Holds::Number)
    }

    pub(super) fn names(name: &str) -> Self {
        Column::new(name, Holds::Names)
    }

    fn time(name: &str) -> Self {
        Column::new(name, Holds::Time)
    }

    /// The column may be missing; it is null then.
    pub(super) fn optional(self) -> Self {
        Column { optional: true, ..self }
    }

    fn because(self, because: &'static str) -> Self {
        Column { because, ..self }
    }

    /// The type in which the column is read.
    fn data_type(&self) -> DataType {
        match self.holds {
            Holds::Text | Holds::Category => DataType::Utf8,
            Holds::Time => time_type(),
            Holds::Number => DataType::Float64,
            Holds::Names => names_type(),
        }
    }

    fn accepts(&self, given: &DataType) -> bool {
        use DataType::*;
        match (self.holds, given) {
            (_, Null) => true,
            (_, Dictionary(_, values)) => self.accepts(values),
            (Holds::Text | Holds::Category, Utf8 | LargeUtf8 | Utf8View) => true,
            (Holds::Category, Boolean) => true,
            (Holds::Category, given) => given.is_integer(),
            (Holds::Time, Timestamp(..) | Date32 | Date64) => true,
            (Holds::Number, Boolean) => true,
            (Holds::Number, given) => given.is_numeric(),
            (Holds::Names, List(field) | LargeList(field) | ListView(field) | FixedSizeList(field, _)) => {
                Column::text("").accepts(field.data_type())
            }
            _ => false,
        }
    }

    fn wanted(&self) -> String {
        let wanted = match self.holds {
            Holds::Text => "text is wanted: CAST(… AS VARCHAR)",
            Holds::Category => "text is wanted (or whole numbers, or true and false)",
            Holds::Time => {
                "a timestamp is wanted: to_timestamp_seconds(…) for Unix seconds, to_timestamp_millis(…) for \
                 milliseconds, to_timestamp(…) for RFC 3339 text"
            }
            Holds::Number => "a number is wanted: CAST(… AS DOUBLE)",
            Holds::Names => "a list of text is wanted: make_array(…) or array_agg(…)",
        };
        if self.because.is_empty() { wanted.to_owned() } else { format!("{wanted}; {}", self.because) }
    }
}

/// `frame` with exactly `columns`, in their order and types.
///
/// # Errors
/// [`Error::Schema`] for a column that is missing or of a type that can't be meant.
pub(super) fn project(engine: &Engine, frame: DataFrame, table: &str, columns: &[Column]) -> Result<DataFrame> {
    let expressions = columns.iter().map(|column| expression(&frame, table, column)).collect::<Result<Vec<_>>>()?;
    frame.select(expressions).map_err(|e| engine.sql_error(&e))
}

fn expression(frame: &DataFrame, table: &str, column: &Column) -> Result<Expr> {
    let schema = frame.schema();
    let refuse = |given: String| Error::Schema {
        table: table.to_owned(),
        column: column.name.clone(),
        given,
        wanted: column.wanted(),
    };
    let Some(place) = schema.fields().iter().position(|field| *field.name() == column.name) else {
        return if column.optional {
            Ok(cast(lit(ScalarValue::Null), column.data_type()).alias(&column.alias))
        } else {
            Err(refuse("missing".into()))
        };
    };
    let given = schema.field(place).data_type();
    if !column.accepts(given) {
        return Err(refuse(given.to_string()));
    }
    let found = Expr::Column(ColumnName::from(schema.qualified_field(place)));
    Ok(cast(found, column.data_type()).alias(&column.alias))
}

/// The three tables that are streamed.
pub(super) struct Tables {
    /// member_id, joined_at, then one column a member feature.
    pub(super) members: DataFrame,
    /// decision_id, member_id, decided_at, action, stage, propensity, eligible, policy_version, then one column a
    /// decision feature.
    pub(super) decisions: DataFrame,
    /// member_id, at, event, action, value.
    pub(super) events: DataFrame,
}

impl Tables {
    /// The tables as the views make them, checked.
    pub(super) fn of(engine: &Engine, environment: &Environment) -> Result<Self> {
        let mut members = vec![Column::text("member_id"), Column::time("joined_at").optional()];
        let logged = environment.design.propensity == PropensitySource::Logged;
        let propensity = Column::number("propensity")
            .because("the environment's design says propensity = \"logged\"; otherwise declare or estimate it");
        let mut decisions = vec![
            Column::text("decision_id"),
            Column::text("member_id"),
            Column::time("decided_at"),
            Column::text("action"),
            Column::text("stage").optional(),
            if logged { propensity } else { propensity.optional() },
            Column::names("eligible").optional(),
            Column::text("policy_version").optional(),
        ];
        let events = [
            Column::text("member_id"),
            Column::time("at"),
            Column::text("event"),
            Column::text("action").optional(),
            Column::number("value").optional(),
        ];
        for feature in &environment.features {
            let (table, column, r#type) = match &feature.source {
                FeatureSource::Member { column, r#type } => (&mut members, column, r#type),
                FeatureSource::Decision { column, r#type } => (&mut decisions, column, r#type),
                _ => continue,
            };
            let name = column.as_deref().unwrap_or(&feature.name);
            let holds = if *r#type == FeatureType::Number { Holds::Number } else { Holds::Category };
            let alias = format!("feature {}", feature.name);
            table.push(Column { alias, ..Column::new(name, holds).because("a feature reads it") });
        }
        let table = |name: &str, columns: &[Column]| project(engine, engine.table(name)?, name, columns);
        Ok(Tables {
            members: table("members", &members)?,
            decisions: table("decisions", &decisions)?,
            events: table("events", &events)?,
        })
    }
}
