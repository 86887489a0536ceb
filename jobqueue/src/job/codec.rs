//! How payloads and results become bytes.

use std::error::Error as StdError;

use serde::{Serialize, de::DeserializeOwned};

use super::{finite, value::Value};
use crate::value_error::PayloadError;

/// How a payload or a result is written. The choice travels with the job, so a worker reads both
/// without being told.
///
/// ```
/// use jobqueue::Codec;
///
/// let bytes = Codec::Json.encode(&vec![1, 2, 3])?;
/// assert_eq!(bytes, b"[1,2,3]");
/// assert_eq!(Codec::Json.decode::<Vec<u32>>(&bytes)?, [1, 2, 3]);
/// # Ok::<(), jobqueue::error::PayloadError>(())
/// ```
///
/// Serialized: `"messagepack"` or `"json"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Codec {
    /// MessagePack with field names: compact, and fields may be added or moved later.
    #[default]
    #[serde(rename = "messagepack")]
    MessagePack,
    /// JSON, for people and other languages to read.
    Json,
}

/// How deep a payload may be nested to be read: what JSON's reader allows. More could overflow the
/// stack of the thread that reads it, which would end the process.
const MAX_DEPTH: usize = 128;

impl Codec {
    /// Writes a value.
    ///
    /// # Errors
    /// The value's own `Serialize` may refuse, and JSON has no maps with keys other than text, and
    /// no NaN and infinities.
    pub fn encode<T: Serialize + ?Sized>(self, value: &T) -> Result<Vec<u8>, PayloadError> {
        match self {
            Self::MessagePack => {
                // Most are small. From nothing, it would be moved again and again as it grows.
                let mut bytes = Vec::with_capacity(128);
                let mut writer =
                    rmp_serde::Serializer::new(&mut bytes).with_struct_map().with_human_readable();
                value.serialize(&mut writer).map_err(|error| self.unwritable::<T>(error))?;
                Ok(bytes)
            }
            Self::Json => finite::to_json(value).map_err(|error| self.unwritable::<T>(error)),
        }
    }

    /// What bytes say, as JSON: for people to look at. None if they can't be read, or can't be said
    /// in JSON.
    pub(super) fn to_json(self, bytes: &[u8]) -> Option<serde_json::Value> {
        serde_json::to_value(self.decode::<Value>(bytes).ok()?).ok()
    }

    /// Reads a value.
    ///
    /// # Errors
    /// The bytes are not of this codec or not of this type, or nested more than about 120 levels
    /// deep.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, PayloadError> {
        match self {
            Self::MessagePack => {
                let mut decoder = reader(bytes);
                let value =
                    T::deserialize(&mut decoder).map_err(|error| self.unreadable::<T>(error))?;
                match decoder.get_ref().len() {
                    0 => Ok(value),
                    rest => Err(self.unreadable::<T>(format!("{rest} bytes left over"))),
                }
            }
            Self::Json => {
                serde_json::from_slice(bytes).map_err(|error| self.unreadable::<T>(error))
            }
        }
    }

    fn unwritable<T: ?Sized>(
        self,
        error: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> PayloadError {
        PayloadError::encode::<T>(self.as_str(), error)
    }

    fn unreadable<T>(self, error: impl Into<Box<dyn StdError + Send + Sync>>) -> PayloadError {
        PayloadError::decode::<T>(self.as_str(), error)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::MessagePack => "MessagePack",
            Self::Json => "JSON",
        }
    }

    pub(super) const fn to_wire(self) -> u8 {
        match self {
            Self::MessagePack => 0,
            Self::Json => 1,
        }
    }

    pub(super) const fn from_wire(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::MessagePack),
            1 => Some(Self::Json),
            _ => None,
        }
    }
}

/// A reader of MessagePack that goes no deeper than is safe.
///
/// As the writer, it calls the format readable for humans: addresses, times and UUIDs are texts.
/// serde says so of all that it keeps for a second look, so a tagged, untagged or flattened type
/// that has such a field couldn't be read again otherwise.
pub(super) fn reader(bytes: &[u8]) -> Reader<'_> {
    let mut reader = rmp_serde::Deserializer::new(bytes).with_human_readable();
    reader.set_max_depth(MAX_DEPTH);
    reader
}

type Reader<'a> = rmp_serde::Deserializer<
    rmp_serde::decode::ReadReader<&'a [u8]>,
    rmp_serde::config::HumanReadableConfig<rmp_serde::config::DefaultConfig>,
>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_asks_whether_humans_read_is_read_in_every_shape() {
        use std::net::IpAddr;

        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Plain {
            ip: IpAddr,
        }
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "kind")]
        enum Tagged {
            Seen { ip: IpAddr },
        }
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(untagged)]
        enum Untagged {
            Ip(IpAddr),
        }
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Flat {
            #[serde(flatten)]
            plain: Plain,
        }
        let ip: IpAddr = [10, 0, 0, 1].into();
        for codec in [Codec::MessagePack, Codec::Json] {
            let same = |value: &Tagged| codec.decode(&codec.encode(value).expect("written"));
            assert_eq!(same(&Tagged::Seen { ip }), Ok(Tagged::Seen { ip }));
            let same = |value: &Untagged| codec.decode(&codec.encode(value).expect("written"));
            assert_eq!(same(&Untagged::Ip(ip)), Ok(Untagged::Ip(ip)));
            let same = |value: &Flat| codec.decode(&codec.encode(value).expect("written"));
            let flat = Flat { plain: Plain { ip } };
            assert_eq!(same(&flat), Ok(Flat { plain: Plain { ip } }));
        }
    }

    #[test]
    fn trailing_bytes_are_an_error() {
        for codec in [Codec::MessagePack, Codec::Json] {
            let mut bytes = codec.encode(&1_u8).expect("a number encodes");
            bytes.push(b'2');
            bytes.push(b'x');
            assert!(codec.decode::<u8>(&bytes).is_err(), "{codec:?}");
        }
    }

    #[test]
    fn an_added_optional_field_still_reads() {
        #[derive(serde::Serialize)]
        struct V1 {
            a: u8,
        }
        #[derive(serde::Deserialize)]
        struct V2 {
            b: Option<u8>,
            a: u8,
        }
        for codec in [Codec::MessagePack, Codec::Json] {
            let bytes = codec.encode(&V1 { a: 7 }).expect("encodes");
            let read: V2 = codec.decode(&bytes).expect("decodes");
            assert_eq!((read.a, read.b), (7, None), "{codec:?}");
        }
    }
}
