//! The scripts of `lua/queue`.

mod clean;
mod counts;
mod drain;
mod glance;
mod go_on;
mod group_limits;
mod groups;
mod held_groups;
mod history;
mod holder;
mod lift;
mod limits;
mod obliterate;
mod oldest;
mod page;
mod pause;
mod release_key;
mod resume;
mod retry_failed;
mod scan;
mod scan_active;
mod scan_back;
mod stats;
mod throttles;
mod weigh;
