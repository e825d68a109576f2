//! JSON whose text is the same on every build and whose numbers come back to the bit.

use serde_json::{Map, Number, Value};

/// The key that marks a number which JSON readers may round; its text stands in a string.
const EXACT: &str = "$f64";

/// `value` with its keys sorted, and every number that the JSON reader would not give back to the bit as
/// `{"$f64": "…"}`.
pub(crate) fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, canonical(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Number(number) => exact(number),
        other => other,
    }
}

/// What [`canonical`] was made from, up to the order of keys.
pub(crate) fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => match marked(&map) {
            Some(number) => Value::Number(number),
            None => Value::Object(map.into_iter().map(|(key, value)| (key, plain(value))).collect()),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        other => other,
    }
}

fn exact(number: Number) -> Value {
    let text = number.to_string();
    let back = serde_json::from_str::<Number>(&text);
    if back.is_ok_and(|back| back == number) {
        return Value::Number(number);
    }
    Value::Object(Map::from_iter([(EXACT.to_owned(), Value::String(text))]))
}

fn marked(map: &Map<String, Value>) -> Option<Number> {
    let text = map.get(EXACT).filter(|_| map.len() == 1)?.as_str()?;
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_sorted_and_short_numbers_stay_numbers() {
        let value = serde_json::json!({"b": 0.3, "a": {"z": 1, "y": [-2.5, null]}});
        assert_eq!(canonical(value.clone()).to_string(), r#"{"a":{"y":[-2.5,null],"z":1},"b":0.3}"#);
        assert_eq!(plain(canonical(value.clone())), value);
    }

    proptest! {
        #[test]
        fn every_finite_number_comes_back_to_the_bit(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let text = canonical(Value::from(number)).to_string();
            let back = plain(serde_json::from_str(&text).unwrap()).as_f64().unwrap();
            prop_assert_eq!(back.to_bits(), number.to_bits(), "{}", text);
        }
    }
}
