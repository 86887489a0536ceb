//! Two features together: rows of the tables in the guide's pages on schedules, on cancelling and on
//! unique jobs.

mod cancelling;
mod cluster;
mod schedules;
mod unique;
