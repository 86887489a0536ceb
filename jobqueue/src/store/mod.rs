//! Floor 2: the only place that knows redis, keys and Lua.
//!
//! | file | what it has |
//! | --- | --- |
//! | `servers` | a client's store: the server or cluster, and what all queues share |
//! | `queue_store` | the store of one queue, which sends calls of scripts and plain commands |
//! | `command/` | one value for each script: it alone knows keys, arguments and reply |
//! | `read/` | reads without a script |
//! | `durability`, `pubsub`, `retries` | waiting for replicas, broadcasts, waits between tries |
//! | `link/` | URLs, connections, sentinels, clusters |
//! | `audit` | the log of operators' actions |
//! | `registry`, `existing` | the names of what exists, and whether it does |
//! | `history`, `points` | what has happened in a queue, as it is kept |
//! | `marked` | jobs that a worker is to cancel |
//! | `call` | kinds of calls, for tests that have one fail |
//! | `senders` | names under which calls are numbered, so that each is carried out once |
//! | `hold` | one job that a test has a worker run by itself |
//! | `sweep` | the keys of a test are removed |
//! | `work_left` | what is left to do, for tests in a time of their own |
//! | `entry_id` | the place of an entry in a stream |
//! | `keys`, `script`, `reply`, `ids`, `chunk`, `portion`, `time` | names and wire forms |
//! | `server_report` | what a server says of itself |
//! | `orphans` | records that no state leads to |
//! | `server_error` | from the server's errors to the library's |

mod audit;
#[cfg(feature = "testing")]
mod call;
mod chunk;
mod command;
mod durability;
mod entry_id;
mod existing;
mod history;
#[cfg(feature = "testing")]
mod hold;
#[cfg(feature = "internals")]
pub(crate) mod hot;
mod ids;
mod keys;
mod link;
mod marked;
mod orphans;
mod points;
mod portion;
#[cfg(test)]
mod properties;
mod pubsub;
mod queue_store;
mod read;
mod registry;
mod reply;
mod retries;
mod script;
mod senders;
mod server_error;
mod server_report;
mod servers;
#[cfg(feature = "testing")]
mod sweep;
mod time;
#[cfg(feature = "testing")]
mod work_left;

#[cfg(feature = "testing")]
pub use call::RedisCall;
pub(crate) use chunk::{MAX_BATCH, MAX_BYTES, chunks};
#[cfg(feature = "internals")]
pub(crate) use command::scripts;
pub(crate) use command::{flow, job, once, outbox, queue, schedule, topic, worker};
pub use durability::Durability;
pub(crate) use entry_id::EntryId;
pub(crate) use existing::{Existing, Rescanned};
pub(crate) use history::StoredHistory;
#[cfg(feature = "testing")]
pub(crate) use hold::OneJob;
#[cfg(feature = "internals")]
pub(crate) use ids::read as read_ids;
#[cfg(feature = "testing")]
pub use link::CallFault;
#[cfg(feature = "testing")]
pub(crate) use link::Faults;
pub use link::TlsOptions;
pub(crate) use link::{ConnectionName, Destination, Limits};
pub(crate) use marked::Marked;
pub(crate) use portion::Portion;
pub(crate) use pubsub::Subscription;
pub(crate) use queue_store::QueueStore;
pub(crate) use read::{Edge, Entry, Kept, StreamPosition};
pub(crate) use registry::Listed;
pub(crate) use retries::Retries;
pub(crate) use senders::{Sender, Senders};
pub(crate) use servers::Store;
pub(crate) use time::{deadline_after, millis, rate_text};
#[cfg(feature = "testing")]
pub(crate) use work_left::WorkLeft;
