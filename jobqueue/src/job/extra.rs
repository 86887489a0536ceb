//! The fields of a payload that its reader doesn't know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{codec::Codec, value::Value};
use crate::value_error::PayloadError;

/// The fields that a payload's type doesn't name, kept so that they survive being passed on.
///
/// Fields that a type doesn't know are ignored when it is read, hence lost when it is written
/// again. Where a handler adds what it got to another queue, or a dead letter is edited, put this
/// into the type:
///
/// ```
/// use jobqueue::{payload::Extra, Codec};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Order {
///     id: u64,
///     #[serde(flatten)]
///     rest: Extra,
/// }
///
/// // Its producer says more than this reader knows.
/// let sent = br#"{"id":7,"gift":{"for":"Ada","wrapped":true}}"#;
/// let mut order: Order = Codec::Json.decode(sent)?;
/// order.id = 8;
/// let passed_on = Codec::Json.encode(&order)?;
/// assert_eq!(passed_on, br#"{"id":8,"gift":{"for":"Ada","wrapped":true}}"#);
/// # Ok::<(), jobqueue::error::PayloadError>(())
/// ```
///
/// It holds whatever MessagePack and JSON can say, bytes, large numbers and maps with other keys
/// than text among it; a payload whose unknown fields have MessagePack's extension types can't be
/// read with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(BTreeMap<String, Value>);

impl Extra {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A field's value; nothing if there is no such field.
    ///
    /// # Errors
    /// It isn't of this type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, PayloadError> {
        self.0.get(name).map(convert).transpose()
    }

    /// Sets a field.
    ///
    /// # Errors
    /// The value's own `Serialize` refuses.
    pub fn set<T: Serialize>(
        &mut self,
        name: impl Into<String>,
        value: &T,
    ) -> Result<(), PayloadError> {
        self.0.insert(name.into(), convert(value)?);
        Ok(())
    }

    /// Takes a field out; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }
}

/// From one type to another with the same written form.
fn convert<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, PayloadError> {
    let codec = Codec::MessagePack;
    codec.decode(&codec.encode(value)?)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    use crate::job::properties::config;

    /// What a producer sends.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Sent {
        id: u64,
        big: u64,
        small: i64,
        share: f64,
        single: f32,
        seen: Option<bool>,
        picture: bytes::Bytes,
        tags: Vec<String>,
        nested: BTreeMap<String, Vec<(i8, Choice)>>,
        counts: BTreeMap<String, ()>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Choice {
        Plain,
        Text(String),
        Parts { left: u16, right: Option<f64> },
    }

    /// What a consumer knows of it.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Known {
        id: u64,
        #[serde(flatten)]
        rest: Extra,
    }

    fn choice() -> impl Strategy<Value = Choice> {
        prop_oneof![
            Just(Choice::Plain),
            any::<String>().prop_map(Choice::Text),
            (any::<u16>(), prop::option::of(-1e300..1e300))
                .prop_map(|(left, right)| Choice::Parts { left, right }),
        ]
    }

    prop_compose! {
        fn sent()(
            (id, big, small) in any::<(u64, u64, i64)>(),
            (share, single) in (-1e300..1e300, -1e30_f32..1e30),
            seen in any::<Option<bool>>(),
            picture in vec(any::<u8>(), 0..50).prop_map(bytes::Bytes::from),
            tags in vec(any::<String>(), 0..4),
            nested in prop::collection::btree_map(any::<String>(), vec((any::<i8>(), choice()), 0..3), 0..3),
            counts in prop::collection::btree_map(any::<String>(), Just(()), 0..3),
        ) -> Sent {
            Sent { id, big, small, share, single, seen, picture, tags, nested, counts }
        }
    }

    /// A value of any shape; floats that aren't equal to themselves are left out.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Nil),
            any::<bool>().prop_map(Value::Bool),
            any::<u64>().prop_map(Value::Unsigned),
            (i64::MIN..0).prop_map(Value::Signed),
            (-1e30_f32..1e30).prop_map(Value::Single),
            (-1e300..1e300).prop_map(Value::Double),
            any::<String>().prop_map(Value::Text),
            vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::List),
                vec((inner.clone(), inner), 0..4).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn what_a_consumer_does_not_know_survives_it(sent in sent(), id in any::<u64>()) {
            for codec in [Codec::MessagePack, Codec::Json] {
                let bytes = codec.encode(&sent).expect("it can be written");
                let mut known: Known = codec.decode(&bytes).expect("it can be read");
                prop_assert_eq!((known.id, known.rest.len()), (sent.id, 9));
                known.id = id;
                let bytes = codec.encode(&known).expect("it can be written again");
                let read: Sent = codec.decode(&bytes).expect("its producer can read it");
                prop_assert_eq!(&read, &Sent { id, ..sent.clone() }, "{:?}", codec);
            }
        }

        #[test]
        fn any_value_is_read_as_it_was_written(value in value()) {
            let bytes = Codec::MessagePack.encode(&value).expect("it can be written");
            prop_assert_eq!(Codec::MessagePack.decode::<Value>(&bytes), Ok(value.clone()));
            let known = Known { id: 1, rest: Extra([("value".to_owned(), value)].into()) };
            let bytes = Codec::MessagePack.encode(&known).expect("it can be written");
            prop_assert_eq!(Codec::MessagePack.decode::<Known>(&bytes), Ok(known));
        }

        #[test]
        fn any_bytes_are_read_and_written_the_same_or_refused(bytes in vec(any::<u8>(), 0..200)) {
            for codec in [Codec::MessagePack, Codec::Json] {
                if let Ok(value) = codec.decode::<Value>(&bytes) {
                    // Compared as written, since a float may not be equal to itself.
                    let written = codec.encode(&value).ok();
                    let again = written.as_ref().map(|bytes| codec.decode::<Value>(bytes));
                    let again = again.map(|value| codec.encode(&value.expect("read")).ok());
                    prop_assert_eq!(again.flatten(), written);
                }
            }
        }
    }

    #[test]
    fn fields_are_looked_at_set_and_taken_out() {
        let mut extra: Extra = Codec::Json.decode(br#"{"b":[1,2],"a":null}"#).expect("a map");
        assert_eq!(extra.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(extra.get::<Vec<u8>>("b"), Ok(Some(vec![1, 2])));
        assert_eq!(extra.get::<Option<u8>>("a"), Ok(Some(None)));
        assert_eq!(extra.get::<u8>("c"), Ok(None));
        assert!(extra.get::<String>("b").is_err());
        extra.set("c", &"d").expect("text");
        assert!(extra.remove("a") && !extra.remove("a") && !extra.is_empty());
        assert_eq!(Codec::Json.encode(&extra), Ok(br#"{"b":[1,2],"c":"d"}"#.to_vec()));
    }

    #[test]
    fn nested_to_the_depth_that_codecs_allow_it_overflows_no_stack() {
        for codec in [Codec::MessagePack, Codec::Json] {
            for depth in [100, 1_000, 100_000] {
                let (open, inmost, close): (&[u8], &[u8], &[u8]) = match codec {
                    Codec::MessagePack => (&[0x91], &[0xc0], &[]),
                    Codec::Json => (b"[", b"null", b"]"),
                };
                let list = [open.repeat(depth), inmost.to_vec(), close.repeat(depth)].concat();
                let (before, after): (&[u8], &[u8]) = match codec {
                    Codec::MessagePack => (b"\x82\xa2id\x01\xa1x", b""),
                    Codec::Json => (b"{\"id\":1,\"x\":", b"}"),
                };
                let _ = codec.decode::<Known>(&[before, &list, after].concat());
            }
        }
    }
}
