//! The tests' shared helpers: private Redis servers, views of their contents, and ways to break
//! things.
//!
//! - [`server`]: real servers, started, killed and started again
//! - [`cluster`] and [`sentinel`]: several of them that fail over
//! - [`proxy`]: a network that fails as told
//! - [`process`]: programs that are watched, signalled and killed; [`kill_on_exit`]: so that none
//!   outlives the test; [`clock`]: their time of day,
//!   which jumps
//! - [`scripts`], [`raw`] and [`dump`]: the scripts, one of them called bare, and the whole
//!   keyspace as text
//! - [`account`]: proof that nothing was lost, doubled or leaked
//! - [`folder`]: processes that share a folder of the embedded server, and kills of the one that
//!   serves
//! - [`soak`]: load and faults for a given time, with accounts that are proven
//! - [`commands`]: what a server carries out, in numbers; [`held`]: for how long
//! - [`outage`] and [`log_lines`]: what the log says while a server is away
//! - [`edges`]: numbers at their edges, and what must work after each
//! - [`sequence`]: one job at a time, through all that can make a worker sleep past it
//! - [`report`]: the lines of programs that prove something
//! - [`subscription`]: three months of a shop, to be played in a test's time
//! - [`leftovers`]: what is left of queues that are gone
//! - [`wait`], [`names`] and [`port`]: conditions instead of sleeps, names instead of collisions

pub mod account;
pub mod certs;
pub mod clock;
pub mod cluster;
pub mod commands;
pub mod dump;
pub mod edges;
pub mod folder;
pub mod held;
pub mod kill_on_exit;
pub mod leftovers;
pub mod log_lines;
pub mod names;
pub mod outage;
pub mod port;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod report;
pub mod scripts;
pub mod sentinel;
pub mod sequence;
pub mod server;
pub mod shared;
pub mod soak;
pub mod subscription;
pub mod text;
pub mod wait;
