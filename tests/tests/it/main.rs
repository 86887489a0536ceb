//! All tests against real servers, in one binary: one link, and one shared server.

mod broadcast;
mod call;
mod connect;
mod control;
mod delivery;
mod events;
mod expire;
mod failure;
mod fault;
mod letters;
mod life;
mod limits;
mod luacheck;
mod model;
mod monitoring;
mod one_thread;
mod payload;
mod produce;
mod programs;
mod receive;
mod retry;
mod runtime;
mod script;
mod support;
mod tidy;
mod ui;
