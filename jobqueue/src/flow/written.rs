//! Results of nodes as they are written, put together without being read.

use serde::{Serialize, de::DeserializeOwned};

use crate::{job::Codec, value_error::PayloadError};

/// A value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    codec: Codec,
    bytes: Vec<u8>,
}

impl Written {
    pub(super) fn new(codec: Codec, bytes: Vec<u8>) -> Self {
        Self { codec, bytes }
    }

    /// Nothing.
    pub(super) fn nil() -> Self {
        Self::new(Codec::MessagePack, vec![0xc0])
    }

    pub(super) fn of<T: Serialize>(codec: Codec, value: &T) -> Result<Self, PayloadError> {
        Ok(Self::new(codec, codec.encode(value)?))
    }

    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        self.codec.decode(&self.bytes)
    }

    /// `Ok` of the value.
    pub(super) fn ok(self) -> Self {
        let Self { codec, bytes } = self;
        let mut out = Vec::with_capacity(bytes.len() + 8);
        match codec {
            Codec::Json => out.extend_from_slice(b"{\"Ok\":"),
            Codec::MessagePack => {
                // Writing to memory can't fail, hence the results that are let go.
                let _ = rmp::encode::write_map_len(&mut out, 1);
                let _ = rmp::encode::write_str(&mut out, "Ok");
            }
        }
        out.extend_from_slice(&bytes);
        if codec == Codec::Json {
            out.push(b'}');
        }
        Self::new(codec, out)
    }

    /// An array of these. If all are JSON it is, too: what only JSON can say isn't lost. Else those that
    /// are JSON are converted.
    pub(super) fn array(values: Vec<Self>) -> Result<Self, PayloadError> {
        let codec = common(values.iter().map(Self::codec));
        let values = values.into_iter().map(|value| value.converted(codec));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(values.iter().map(|it| it.len() + 1).sum::<usize>() + 5);
        match codec {
            Codec::Json => {
                out.push(b'[');
                out.extend_from_slice(&values.join(&b','));
                out.push(b']');
            }
            Codec::MessagePack => {
                let len = u32::try_from(values.len()).unwrap_or(u32::MAX);
                let _ = rmp::encode::write_array_len(&mut out, len);
                values.iter().for_each(|value| out.extend_from_slice(value));
            }
        }
        Ok(Self::new(codec, out))
    }

    /// The bytes in this codec.
    fn converted(self, codec: Codec) -> Result<Vec<u8>, PayloadError> {
        if self.codec == codec {
            return Ok(self.bytes);
        }
        codec.encode(&self.read::<serde_json::Value>()?)
    }
}

/// The codec for values of these: JSON if all are that.
pub(super) fn common(codecs: impl Iterator<Item = Codec>) -> Codec {
    let mut codecs = codecs.peekable();
    let any = codecs.peek().is_some();
    if any && codecs.all(|codec| codec == Codec::Json) { Codec::Json } else { Codec::MessagePack }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn json<T: Serialize>(value: &T) -> Written {
        Written::of(Codec::Json, value).expect("it can be written")
    }

    fn packed<T: Serialize>(value: &T) -> Written {
        Written::of(Codec::MessagePack, value).expect("it can be written")
    }

    #[test]
    fn what_only_json_says_is_read_as_it_was_written() {
        let ages = BTreeMap::from([(7_u32, u128::MAX)]);
        let all = Written::array(vec![json(&ages), json(&ages)]).expect("an array");
        assert_eq!(all.read::<Vec<BTreeMap<u32, u128>>>().expect("read"), [ages.clone(), ages]);
        let settled = Written::array(vec![json(&1_u8).ok()]).expect("an array");
        assert_eq!(settled.read::<Vec<Result<u8, String>>>().expect("read"), [Ok(1)]);
    }

    #[test]
    fn of_both_kinds_those_that_are_json_are_converted() {
        let both = Written::array(vec![json(&"a"), packed(&"b")]).expect("an array");
        assert_eq!(both.codec(), Codec::MessagePack);
        assert_eq!(both.read::<(String, String)>().expect("read"), ("a".into(), "b".into()));
        let none = Written::array(Vec::new()).expect("an array");
        assert_eq!(none.read::<Vec<u8>>().expect("read"), [0_u8; 0]);
    }
}
