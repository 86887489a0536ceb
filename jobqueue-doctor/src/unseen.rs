//! What couldn't be looked at.

use std::fmt;

use jobqueue::{Error, QueueName, error::Refused, stats::ServerReport};
use serde::Serialize;

use crate::{Check, Subject};

/// The checks of a queue, but for those of its keys' sizes and of its layout.
const OF_QUEUE: [Check; 7] = [
    Check::Leases,
    Check::Orphans,
    Check::Outbox,
    Check::DeadLetters,
    Check::Workers,
    Check::Paused,
    Check::Schedules,
];

/// A question without an answer, for which some checks couldn't be made.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unseen {
    /// What was asked: `CONFIG GET`.
    pub asked: &'static str,
    /// The checks that couldn't be made, or not to their end.
    pub checks: Vec<Check>,
    /// Where.
    pub subjects: Vec<Subject>,
    /// What was answered; if there are several subjects, about the first of them.
    pub why: String,
    /// What mends it.
    pub mend: String,
}

impl Unseen {
    fn new(asked: &'static str, checks: &[Check], subject: Subject, refused: Refusal<'_>) -> Self {
        Self {
            asked,
            checks: checks.to_vec(),
            subjects: vec![subject],
            why: refused.why,
            mend: match refused.right {
                Some(right) => format!("ACL SETUSER … {right}"),
                None => "nothing, if this server has no such thing".to_owned(),
            },
        }
    }

    /// What a server doesn't tell.
    pub(crate) fn of_server(server: &ServerReport) -> Vec<Self> {
        let unseen = server.hidden.iter().map(|hidden| {
            let (checks, right): (&[Check], _) = match hidden.command {
                "INFO" => (
                    &[
                        Check::Eviction,
                        Check::Persistence,
                        Check::Replicas,
                        Check::Version,
                        Check::Memory,
                    ],
                    "+info",
                ),
                "CONFIG GET" => (&[Check::Persistence], "+config|get"),
                "TIME" => (&[Check::Clock], "+time"),
                "SLOWLOG GET" => (&[Check::SlowLog], "+slowlog|get"),
                _ => (&[], "+@read"),
            };
            let right = hidden.forbidden.then_some(right);
            let subject = Subject::Server(server.address.clone());
            let refused = Refusal { why: hidden.why.clone(), right };
            Self::new(hidden.command, checks, subject, refused)
        });
        unseen.collect()
    }

    /// A queue whose numbers can't be read, if that is what the error says.
    pub(crate) fn of_queue(queue: &QueueName, error: &Error) -> Option<Self> {
        let refused = Refusal::of(error, "+eval +evalsha, and the commands of a viewer")?;
        Some(Self::new("its numbers", &OF_QUEUE, Subject::Queue(queue.clone()), refused))
    }

    /// A queue whose keys can't be weighed, if that is what the error says.
    pub(crate) fn of_keys(queue: &QueueName, error: &Error) -> Option<Self> {
        let refused = Refusal::of(error, "+memory|usage")?;
        Some(Self::new("MEMORY USAGE", &[Check::BigKeys], Subject::Queue(queue.clone()), refused))
    }

    /// One for each question, with all whom it was asked about.
    pub(crate) fn gather(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut gathered: Vec<Self> = Vec::new();
        for one in all {
            let same = |it: &&mut Self| it.asked == one.asked && it.mend == one.mend;
            match gathered.iter_mut().find(same) {
                Some(known) => known.subjects.extend(one.subjects),
                None => gathered.push(one),
            }
        }
        gathered
    }
}

/// `big keys of orders and 8 more: MEMORY USAGE isn't answered (…)`
impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, check) in self.checks.iter().enumerate() {
            write!(f, "{}{check}", if place == 0 { "" } else { ", " })?;
        }
        let mut subjects = self.subjects.iter();
        if let Some(first) = subjects.next() {
            write!(f, " of {first}")?;
        }
        if subjects.len() > 0 {
            write!(f, " and {} more", subjects.len())?;
        }
        write!(f, ": {} isn't answered ({})", self.asked, self.why)
    }
}

/// Why something isn't answered.
struct Refusal<'a> {
    why: String,
    /// The rights that are missing, if that is the reason.
    right: Option<&'a str>,
}

impl<'a> Refusal<'a> {
    fn of(error: &Error, right: &'a str) -> Option<Self> {
        let Error::Refused(refused) = error else { return None };
        let (source, right) = match refused {
            Refused::Permission { source, .. } => (source, Some(right)),
            Refused::Server { source, .. } => (source, None),
            _ => return None,
        };
        Some(Self { why: source.to_string(), right })
    }
}
