//! Schedules: who fires them, how often, and what operators and deploys change.

mod daylight;
mod declared;
mod fire;
mod operate;
mod virtual_time;
