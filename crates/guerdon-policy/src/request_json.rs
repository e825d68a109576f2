//! Requests as lines of JSON.

use crate::encoder::FeatureSchema;
use crate::policy::Policy;
use crate::request::Request;
use guerdon_core::{Error, FeatureType, Result, Timestamp, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;

/// The fields of a request.
const FIELDS: [&str; 5] = ["decision_id", "member_id", "at", "context", "eligible"];

/// A request that owns its text.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedRequest {
    /// Identifies the decision.
    pub decision_id: String,
    /// The member.
    pub member_id: String,
    /// When the decision is taken.
    pub at: Timestamp,
    /// One value per feature, in the policy's order.
    pub context: Vec<OwnedValue>,
    /// Catalogue indices of the eligible actions, ascending, each once.
    pub eligible: Option<Vec<u16>>,
}

/// A [`Value`] that owns its text.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedValue {
    /// Not known.
    Missing,
    /// A number.
    Number(f64),
    /// A name.
    Category(String),
}

impl OwnedRequest {
    /// The context's values, borrowed; [`OwnedRequest::request`] wants them.
    pub fn values(&self) -> Vec<Value<'_>> {
        let value = |value| match value {
            &OwnedValue::Missing => Value::Missing,
            &OwnedValue::Number(number) => Value::Number(number),
            OwnedValue::Category(name) => Value::Category(name),
        };
        self.context.iter().map(value).collect()
    }

    /// The request over `values`, which are [`OwnedRequest::values`].
    pub fn request<'a>(&'a self, values: &'a [Value<'a>]) -> Request<'a> {
        Request {
            decision_id: &self.decision_id,
            member_id: &self.member_id,
            at: self.at,
            context: values,
            eligible: self.eligible.as_deref(),
        }
    }
}

impl Policy {
    /// Reads one request: `{"decision_id", "member_id", "at": RFC 3339, "context": {feature: value | null},
    /// "eligible"?: [action, …]}`. Every feature of the policy must be there; null means missing. For a number, true and
    /// false are 1 and 0; for a category they are their names, and a number is its text. `place` names the request in
    /// errors, say "line 3".
    ///
    /// # Errors
    /// [`Error::RequestUnknown`] for a field, feature or eligible action that the policy doesn't know,
    /// [`Error::RequestMissing`] for a field or feature that is not there, [`Error::RequestMalformed`] for anything that
    /// is not the JSON it should be.
    pub fn parse_request(&self, line: &str, place: &str) -> Result<OwnedRequest> {
        Reader { policy: self, place }.request(line)
    }
}

struct Reader<'a> {
    policy: &'a Policy,
    place: &'a str,
}

impl Reader<'_> {
    fn request(&self, line: &str) -> Result<OwnedRequest> {
        let fields: Fields =
            serde_json::from_str(line).map_err(|e| self.malformed("request", e, "one JSON object a line would do"))?;
        let mut fields = fields.0;
        if let Some((name, _)) = fields.iter().find(|(name, _)| !FIELDS.contains(&name.as_str())) {
            return Err(self.unknown("field", name, FIELDS));
        }
        let mut take = |name: &str| {
            let index = fields.iter().position(|(field, _)| field == name)?;
            Some(fields.swap_remove(index).1)
        };
        let decision_id = self.text("decision_id", take("decision_id"))?;
        let member_id = self.text("member_id", take("member_id"))?;
        let at = self.text("at", take("at"))?;
        let at = Timestamp::parse(&at)
            .map_err(|e| self.malformed("at", format!("{at:?} ({e})"), "RFC 3339 would do: 2026-03-01T09:30:00Z"))?;
        let context = self.context(take("context"))?;
        let eligible = self.eligible(take("eligible"))?;
        Ok(OwnedRequest { decision_id, member_id, at, context, eligible })
    }

    fn text(&self, name: &'static str, value: Option<Node>) -> Result<String> {
        match value {
            Some(Node::Leaf(Json::String(text))) => Ok(text),
            Some(other) => Err(self.malformed(name, other, "a string would do")),
            None => Err(self.missing("field", name, "a string")),
        }
    }

    fn context(&self, value: Option<Node>) -> Result<Vec<OwnedValue>> {
        let fields = match value {
            Some(Node::Fields(fields)) => fields.0,
            Some(other) => return Err(self.malformed("context", other, "an object {feature: value} would do")),
            None => return Err(self.missing("field", "context", "an object {feature: value}")),
        };
        let encoder = self.policy.encoder();
        let mut context: Vec<Option<OwnedValue>> = vec![None; encoder.features()];
        for (name, value) in fields {
            let index = encoder.index_of(&name);
            match index.and_then(|index| Some((encoder.schema().nth(index)?, context.get_mut(index)?))) {
                Some((feature, slot)) => *slot = Some(self.value(feature, value)?),
                None => return Err(self.unknown("feature", &name, encoder.schema().map(|f| f.name.as_str()))),
            }
        }
        let wanted = "its value, or null where it is not known";
        context
            .into_iter()
            .zip(encoder.schema())
            .map(|(value, feature)| value.ok_or_else(|| self.missing("feature", &feature.name, wanted)))
            .collect()
    }

    fn value(&self, feature: &FeatureSchema, value: Node) -> Result<OwnedValue> {
        let what = || format!("feature {:?}", feature.name);
        let leaf = match value {
            Node::Leaf(leaf) => leaf,
            other => return Err(self.malformed(what(), other, "a number, string, true, false or null would do")),
        };
        match (feature.r#type, leaf) {
            (_, Json::Null) => Ok(OwnedValue::Missing),
            (FeatureType::Number, Json::Bool(flag)) => Ok(OwnedValue::Number(f64::from(u8::from(flag)))),
            (FeatureType::Number, Json::Number(number)) => match number.as_f64() {
                Some(number) => Ok(OwnedValue::Number(number)),
                None => Err(self.malformed(what(), number, "a number that a double holds would do")),
            },
            (FeatureType::Number, other) => Err(self.malformed(what(), other, "a number or null would do")),
            (FeatureType::Category, Json::String(name)) => Ok(OwnedValue::Category(name)),
            (FeatureType::Category, other) => Ok(OwnedValue::Category(other.to_string())),
        }
    }

    fn eligible(&self, value: Option<Node>) -> Result<Option<Vec<u16>>> {
        const WANTED: &str = "an array of action names would do, or no such field";
        let items = match value {
            None => return Ok(None),
            Some(Node::Leaf(Json::Array(items))) => items,
            Some(other) => return Err(self.malformed("eligible", other, WANTED)),
        };
        let catalogue = self.policy.catalogue();
        let mut eligible = vec![];
        for item in items {
            let Json::String(name) = item else { return Err(self.malformed("eligible", item, WANTED)) };
            match catalogue.index_of(&name).and_then(|action| u16::try_from(action).ok()) {
                Some(action) => eligible.push(action),
                None => return Err(self.unknown("action", &name, catalogue.names())),
            }
        }
        eligible.sort_unstable();
        eligible.dedup();
        Ok(Some(eligible))
    }

    fn unknown<'n>(&self, what: &'static str, given: &str, known: impl IntoIterator<Item = &'n str>) -> Error {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        Error::RequestUnknown { place: self.place.to_owned(), what, given: given.to_owned(), known }
    }

    fn missing(&self, what: &'static str, name: &str, wanted: &str) -> Error {
        let (place, wanted) = (self.place.to_owned(), format!("give it: {wanted}"));
        Error::RequestMissing { place, what, name: name.to_owned(), wanted }
    }

    fn malformed(&self, what: impl ToString, given: impl ToString, wanted: &str) -> Error {
        let (what, given, wanted) = (what.to_string(), given.to_string(), wanted.to_owned());
        Error::RequestMalformed { place: self.place.to_owned(), what, given, wanted }
    }
}

/// An object's fields in order; a name that stands twice is refused, where a plain map would drop the first.
#[derive(Debug)]
struct Fields(Vec<(String, Node)>);

/// A field's value: an object, or anything else.
#[derive(Debug)]
enum Node {
    Fields(Fields),
    Leaf(Json),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Fields(_) => f.write_str("an object"),
            Node::Leaf(value) => write!(f, "{value}"),
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields: Vec<(String, Node)> = vec![];
                let mut seen = std::collections::BTreeSet::new();
                while let Some((name, value)) = map.next_entry::<String, Node>()? {
                    if !seen.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format_args!("{name:?} stands twice")));
                    }
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Node, A::Error> {
                Fields::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Node::Fields)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Node, A::Error> {
                Json::deserialize(serde::de::value::SeqAccessDeserializer::new(seq)).map(Node::Leaf)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Leaf(value.into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Leaf(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Leaf(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Leaf(value.into()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Leaf(value.into()))
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Leaf(Json::Null))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
