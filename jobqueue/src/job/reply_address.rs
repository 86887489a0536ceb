//! Where replies to a caller's requests go.

use serde::{Deserialize, Serialize};

use super::{id::JobId, name::QueueName};
use crate::value_error::Invalid;

/// The name of a caller's inbox: one a client, made by it, and gone with it.
///
/// It stands where a queue's name does, as the hash tag of its key; its text begins with a mark
/// that no queue's name can have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ReplyAddress(QueueName);

/// What tells an inbox from a queue.
const MARK: char = '@';

impl ReplyAddress {
    /// A name that no other client has.
    pub(crate) fn generate() -> Result<Self, Invalid> {
        format!("inbox.{}", JobId::generate()).parse().map(Self)
    }

    /// The name, without its mark.
    pub(crate) fn name(&self) -> &QueueName {
        &self.0
    }

    /// An inbox by its text; nothing if it is the text of something else.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, Invalid>> {
        Some(text.strip_prefix(MARK)?.parse().map(Self))
    }
}

impl std::fmt::Display for ReplyAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{MARK}{}", self.0)
    }
}

impl TryFrom<String> for ReplyAddress {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let other = || Invalid::new("inbox", &text, "use an inbox, whose name begins with `@`");
        Self::parse(&text).ok_or_else(other)?
    }
}

impl From<ReplyAddress> for String {
    fn from(inbox: ReplyAddress) -> Self {
        inbox.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_is_no_queue() {
        let inbox = ReplyAddress::generate().expect("a good name");
        let text = inbox.to_string();
        assert!(text.parse::<QueueName>().is_err());
        assert_eq!(ReplyAddress::parse(&text), Some(Ok(inbox.clone())));
        assert_eq!(ReplyAddress::parse(inbox.name().as_str()), None);
        assert!(matches!(ReplyAddress::parse("@{x}"), Some(Err(_))));
    }
}
