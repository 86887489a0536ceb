//! The dashboard, asked as browsers ask, on a real Redis.

mod actions;
mod assets;
mod borders;
mod doctor;
mod filters;
mod history;
mod live;
mod pages;
mod replays;
mod roles;
mod safety;
mod schedules;
mod site;
