//! From TOML text and `--set key=value` pairs to an environment, an experiment, or whatever else is set so.

use guerdon_core::{Error, Result};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Reads `text`, then puts `sets` (dotted key, value as text) over it, one by one. `file` names it in errors.
///
/// # Errors
/// [`Error::Config`] with the line that does not do, or the override.
pub fn with_overrides<T: DeserializeOwned>(text: &str, file: &str, sets: &[(String, String)]) -> Result<T> {
    let mut read: T = toml::from_str(text).map_err(|e| at_line(file, text, &e))?;
    let mut table: Table = toml::from_str(text).map_err(|e| at_line(file, text, &e))?;
    for (key, value) in sets {
        let refuse = |wanted: String| Error::config("--set", key, format!("{value:?}"), wanted);
        put(&mut table, key, read_value(value)).map_err(refuse)?;
        read = T::deserialize(Value::Table(table.clone())).map_err(|e| refuse(one_line(&e)))?;
    }
    Ok(read)
}

/// `text` as a TOML value, or as a plain string.
fn read_value(text: &str) -> Value {
    let assigned = toml::from_str::<Table>(&format!("v = {text}"));
    assigned.ok().and_then(|mut table| table.remove("v")).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Sets the value at the dotted `key`; the tables on the way are made where they are missing. A number addresses an
/// entry of an array.
fn put(table: &mut Table, key: &str, value: Value) -> Result<(), String> {
    let parts: Vec<&str> = key.split('.').collect();
    let [way @ .., last] = parts.as_slice() else { return Err("name a key".into()) };
    if parts.iter().any(|part| part.is_empty()) {
        return Err("name a key like economics.margin".into());
    }
    let Some((first, rest)) = way.split_first() else {
        table.insert((*last).to_owned(), value);
        return Ok(());
    };
    let mut place = table.entry((*first).to_owned()).or_insert_with(|| Value::Table(Table::new()));
    for part in rest {
        place = step(place, part)?;
    }
    *step(place, last)? = value;
    Ok(())
}

/// The value under `part` of `place`, made as an empty table if it is new.
fn step<'v>(place: &'v mut Value, part: &str) -> Result<&'v mut Value, String> {
    match place {
        Value::Table(table) => Ok(table.entry(part.to_owned()).or_insert_with(|| Value::Table(Table::new()))),
        Value::Array(entries) => {
            let count = entries.len();
            let index = part.parse::<usize>().ok();
            index
                .and_then(|index| entries.get_mut(index))
                .ok_or_else(|| format!("{part:?} is no place in an array of {count} entries, numbered from 0"))
        }
        other => Err(format!("{part:?} lies below a {}, not a table", other.type_str())),
    }
}

/// A TOML error with the line that it is about.
fn at_line(file: &str, text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let number = text[..start].matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    Error::config(file, format!("line {number}"), format!("`{line}`"), error.message())
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_word_is_text_and_a_number_a_number() {
        assert_eq!(read_value("log_10000.parquet"), Value::String("log_10000.parquet".into()));
        assert_eq!(read_value("0.25"), Value::Float(0.25));
        assert_eq!(read_value("[1, 2]").as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn a_key_below_a_number_is_refused() {
        let mut table: Table = toml::from_str("a = { b = 1 }").unwrap();
        assert!(put(&mut table, "a.b.c", Value::Integer(2)).unwrap_err().contains("not a table"));
        put(&mut table, "a.b", Value::Integer(2)).unwrap();
        put(&mut table, "a.d.e", Value::Integer(3)).unwrap();
        assert_eq!(table["a"]["b"].as_integer(), Some(2));
        assert_eq!(table["a"]["d"]["e"].as_integer(), Some(3));
    }
}
