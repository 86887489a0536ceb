//! The dashboard in a real browser.

mod every_page;
mod find_and_retry;
mod hands_and_eyes;
mod injection;
mod live;
mod pictures;
mod queues;
mod roles;
