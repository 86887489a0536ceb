//! Where the outcome of a job goes that somebody waits for.

use serde::{Deserialize, Serialize};

use super::{id::JobId, name::QueueName};
use crate::value_error::Invalid;

/// Where the outcome of a job goes. Its text begins with a mark that no queue's name can have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum ReplyAddress {
    /// Of a caller: one a client, made by it, and gone with it. It stands where a queue's name does,
    /// as the hash tag of its key.
    Inbox(QueueName),
    /// Of the flow whose node the job is: its home. The job's id says which flow, and which node.
    Flow(QueueName),
}

/// What tells an inbox from a queue; twice, a flow from an inbox.
const MARK: char = '@';

impl ReplyAddress {
    /// The name of an inbox that no other client has.
    pub(crate) fn new_inbox() -> Result<QueueName, Invalid> {
        format!("inbox.{}", JobId::generate()).parse()
    }

    /// Such an inbox.
    #[cfg(test)]
    pub(crate) fn generate() -> Result<Self, Invalid> {
        Self::new_inbox().map(Self::Inbox)
    }

    /// An address by its text; nothing if it is the text of something else.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, Invalid>> {
        let name = text.strip_prefix(MARK)?;
        Some(match name.strip_prefix(MARK) {
            Some(home) => home.parse().map(Self::Flow),
            None => name.parse().map(Self::Inbox),
        })
    }

    /// The home of the flow, if it is one's.
    pub(crate) fn home(&self) -> Option<&QueueName> {
        if let Self::Flow(home) = self { Some(home) } else { None }
    }
}

impl std::fmt::Display for ReplyAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inbox(name) => write!(f, "{MARK}{name}"),
            Self::Flow(home) => write!(f, "{MARK}{MARK}{home}"),
        }
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
    fn from(address: ReplyAddress) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_queue() {
        let flow = ReplyAddress::Flow("reports".parse().expect("a good name"));
        let inbox = ReplyAddress::generate().expect("a good name");
        for address in [inbox, flow] {
            let text = address.to_string();
            assert!(text.parse::<QueueName>().is_err());
            assert_eq!(ReplyAddress::parse(&text), Some(Ok(address)));
            assert_eq!(ReplyAddress::parse(text.trim_start_matches('@')), None);
        }
        for bad in ["@{x}", "@@{x}", "@@"] {
            assert!(matches!(ReplyAddress::parse(bad), Some(Err(_))), "{bad}");
        }
    }
}
