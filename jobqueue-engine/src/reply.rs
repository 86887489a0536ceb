//! What a command answers.

use bytes::Bytes;

use crate::refusal::Refusal;

/// What a command answers, in the terms of version 2 of Redis's protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A word of the server's own, such as `OK`.
    Status(Bytes),
    /// A whole number.
    Integer(i64),
    /// Bytes.
    Bulk(Bytes),
    /// Nothing, where bytes could be.
    Nil,
    /// Nothing, where a list could be.
    NilArray,
    /// A list.
    Array(Vec<Self>),
    /// The command was refused.
    Refused(Refusal),
}

/// What carrying a command out gives.
pub(crate) type Answer = Result<Reply, Refusal>;

impl Reply {
    pub(crate) const OK: Self = Self::status("OK");

    /// A word of the server's own.
    #[must_use]
    pub const fn status(word: &'static str) -> Self {
        Self::Status(Bytes::from_static(word.as_bytes()))
    }

    /// These bytes, copied.
    #[must_use]
    pub fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(Bytes::copy_from_slice(bytes.as_ref()))
    }

    /// A list of texts.
    #[must_use]
    pub fn texts<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Array(texts.into_iter().map(Self::text).collect())
    }

    pub(crate) fn bulks<'a>(values: impl IntoIterator<Item = &'a Bytes>) -> Self {
        Self::Array(values.into_iter().cloned().map(Self::Bulk).collect())
    }

    pub(crate) fn bulk_or_nil(bytes: Option<&Bytes>) -> Self {
        bytes.map_or(Self::Nil, |bytes| Self::Bulk(bytes.clone()))
    }

    pub(crate) fn count(n: usize) -> Self {
        Self::Integer(i64::try_from(n).unwrap_or(i64::MAX))
    }

    pub(crate) fn flag(flag: bool) -> Self {
        Self::Integer(flag.into())
    }

    pub(crate) fn empty() -> Self {
        Self::Array(Vec::new())
    }

    /// Appends it in version 2 of Redis's protocol.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Status(word) => line(out, b'+', word),
            Self::Integer(n) => line(out, b':', n.to_string().as_bytes()),
            Self::Nil => out.extend(b"$-1\r\n"),
            Self::NilArray => out.extend(b"*-1\r\n"),
            Self::Bulk(bytes) => {
                line(out, b'$', bytes.len().to_string().as_bytes());
                out.extend(bytes.as_ref());
                out.extend(b"\r\n");
            }
            Self::Array(items) => {
                line(out, b'*', items.len().to_string().as_bytes());
                items.iter().for_each(|item| item.write(out));
            }
            Self::Refused(refusal) => line(out, b'-', refusal.text().as_bytes()),
        }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        answer.unwrap_or_else(Self::Refused)
    }
}

fn line(out: &mut Vec<u8>, kind: u8, text: &[u8]) {
    out.push(kind);
    out.extend(text);
    out.extend(b"\r\n");
}
