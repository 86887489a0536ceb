//! All tests against real servers, in one binary: one link, and one shared server.

mod breaker;
mod connect;
mod control;
mod events;
mod failure;
mod fault;
mod idempotent;
mod letters;
mod life;
mod limits;
mod luacheck;
mod model;
mod produce;
mod programs;
mod retry;
mod runtime;
mod script;
mod support;
mod tidy;
mod ui;
