//! The parts of the demo. Its programs are in `src/bin`; read `checksum` first, then `demo`.

pub mod checksum;
pub mod files;
pub mod progress;
pub mod setup;
pub mod workers;
