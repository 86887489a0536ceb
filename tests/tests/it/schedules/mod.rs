//! Schedules: who fires them, how often, and what operators and deploys change.

mod by_hand;
mod daylight;
mod declared;
mod fire;
mod operate;
mod overlap;
mod virtual_time;
