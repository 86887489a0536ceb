//! What is sent to every live worker process at once, and kept by nobody.

use std::time::Duration;

use bytes::Bytes;
use rmp::{decode, encode};
use serde::{Serialize, de::DeserializeOwned};

use super::{codec::Codec, id::JobId, record::Record};
use crate::value_error::Corrupt;

/// A kind of broadcast: what is sent, and by which name.
///
/// [`#[broadcast]`](macro@crate::broadcast) implements it for the listener it is put on, so that
/// the listener's name is all a sender needs: `client.broadcast(forget, key)`.
///
/// The type that implements it only names the kind; no value of it is ever asked anything.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that implements `Broadcast`",
    note = "a function with `#[broadcast]` names such a type: code that is generic over listeners asks for \
            `F: IntoBroadcast<Args>`"
)]
pub trait Broadcast: Send + Sync + 'static {
    /// What is sent.
    type Message: Serialize + DeserializeOwned + Send + 'static;

    /// Its name and how it is treated.
    const CHANNEL: BroadcastDefinition;
}

/// Where broadcasts of a kind go, and how they are heard.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::broadcast::BroadcastDefinition;
///
/// const FORGET: BroadcastDefinition = BroadcastDefinition::new("cache-invalidation").timeout(Duration::from_secs(5));
/// # let _ = FORGET;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BroadcastDefinition {
    pub(crate) name: &'static str,
    pub(crate) codec: Codec,
    pub(crate) timeout: Duration,
}

impl BroadcastDefinition {
    /// A channel by its name, which is made as a queue's: 1 to 128 ASCII letters, digits, `_`, `-`,
    /// `.`, `:`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, codec: Codec::MessagePack, timeout: Duration::from_secs(30) }
    }

    /// How messages are written; MessagePack by default.
    #[must_use]
    pub const fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// How long a listener may take for one message; 30 s by default.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// One broadcast on its way: `[1, id, record]`, in MessagePack.
///
/// The id tells one that comes twice, since it was sent again for want of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) id: JobId,
    pub(crate) record: Record,
}

/// The version of the layout of a message; a reader refuses what it doesn't know.
const VERSION: u8 = 1;

impl Message {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let record = self.record.encode();
        let mut out = Vec::with_capacity(record.len() + 40);
        // Writing to memory can't fail, hence the results that are let go.
        let _ = encode::write_array_len(&mut out, 3);
        let _ = encode::write_pfix(&mut out, VERSION);
        let _ = encode::write_str(&mut out, self.id.as_str());
        let _ = encode::write_bin(&mut out, &record);
        out
    }

    pub(crate) fn decode(bytes: &Bytes) -> Result<Self, Corrupt> {
        let corrupt = |what: &str| Corrupt::new("a broadcast", what);
        let mut rest: &[u8] = bytes;
        decode::read_array_len(&mut rest).map_err(|_| corrupt("no array"))?;
        let version: u8 = decode::read_int(&mut rest).map_err(|_| corrupt("no version"))?;
        if version != VERSION {
            return Err(Corrupt::new("a broadcast", format!("version {version}")));
        }
        let id = decode::read_str_len(&mut rest).map_err(|_| corrupt("no id"))?;
        let id = take(&mut rest, id).ok_or_else(|| corrupt("an id cut short"))?;
        let id = std::str::from_utf8(id).map_err(|_| corrupt("no id"))?;
        let id = id.parse().map_err(|_| corrupt("no id"))?;
        let record = decode::read_bin_len(&mut rest).map_err(|_| corrupt("no record"))?;
        let record = take(&mut rest, record).ok_or_else(|| corrupt("a record cut short"))?;
        Ok(Self { id, record: Record::decode(&bytes.slice_ref(record))? })
    }
}

fn take<'a>(rest: &mut &'a [u8], len: u32) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::job::options::JobOptions;

    #[test]
    fn messages_survive_the_wire_and_cut_ones_are_errors() {
        let record = Record {
            name: "forget".parse().expect("a good name"),
            codec: Codec::Json,
            payload: Bytes::from_static(b"\"user:7\""),
            created_at: chrono::DateTime::UNIX_EPOCH,
            options: JobOptions::default(),
        };
        let message = Message { id: JobId::generate(), record };
        let bytes = Bytes::from(message.encode());
        assert_eq!(Message::decode(&bytes), Ok(message));
        for cut in 0..bytes.len() {
            assert!(Message::decode(&bytes.slice(..cut)).is_err(), "cut at {cut}");
        }
    }
}
