//! The dashboard, asked as browsers ask, on a real Redis.

mod actions;
mod assets;
mod live;
mod pages;
mod roles;
mod safety;
mod site;
