//! The Arrow schema of a decision log, made from the one list of columns in the core crate.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use guerdon_core::{Environment, Error, Result, columns, schema_of};
use std::sync::Arc;

/// Digits of a money column.
pub(crate) const MONEY_DIGITS: u8 = 18;

/// The type of every time in a log and in the canonical tables.
pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The type of a list of names.
pub(crate) fn names_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

/// The Arrow schema of the log of `environment`.
///
/// # Errors
/// [`Error::Internal`] if the core crate lists a type that this one doesn't write.
pub(crate) fn arrow_schema(environment: &Environment) -> Result<SchemaRef> {
    let minor_units = environment.economics.minor_units as i8;
    let fields = schema_of(environment)
        .into_iter()
        .map(|column| {
            let nullable = column.r#type.ends_with('?');
            let data_type = match column.r#type.trim_end_matches('?') {
                "Utf8" => DataType::Utf8,
                "UInt32" => DataType::UInt32,
                "Int64" => DataType::Int64,
                "Float64" => DataType::Float64,
                "Timestamp(µs, UTC)" => time_type(),
                "List<Utf8>" => names_type(),
                "Decimal128(18, minor units)" => DataType::Decimal128(MONEY_DIGITS, minor_units),
                other => return Err(Error::Internal(format!("column {} has the type {other:?}", column.name))),
            };
            Ok(Field::new(column.name, data_type, nullable))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// Checks that `found` has the columns of `environment`'s log, in their order and with their types.
///
/// # Errors
/// [`Error::Schema`] for the first column that is missing or has another type.
pub(crate) fn check_schema(found: &Schema, environment: &Environment, file: &str) -> Result<()> {
    let wanted = arrow_schema(environment)?;
    for (place, field) in wanted.fields().iter().enumerate() {
        let given = match found.fields().get(place) {
            Some(column) if column.name() != field.name() => format!("missing (its place holds {})", column.name()),
            Some(column) if column.data_type() != field.data_type() => column.data_type().to_string(),
            Some(_) => continue,
            None => "missing".to_owned(),
        };
        return Err(Error::Schema {
            table: file.to_owned(),
            column: field.name().clone(),
            given,
            wanted: format!("a decision log holds it as {}; make the log again with ingest", field.data_type()),
        });
    }
    if found.fields().len() > wanted.fields().len() {
        return Err(Error::Schema {
            table: file.to_owned(),
            column: found.field(wanted.fields().len()).name().clone(),
            given: "beyond the columns of a decision log".into(),
            wanted: format!("the last is {}", columns::POINTS_REDEEMED),
        });
    }
    Ok(())
}
