//! All tests against real servers, in one binary: one link, and one shared server.

mod connect;
mod control;
mod events;
mod expire;
mod failure;
mod fault;
mod letters;
mod life;
mod limits;
mod luacheck;
mod model;
mod overflow;
mod produce;
mod programs;
mod receive;
mod runtime;
mod script;
mod support;
mod tidy;
mod ui;
