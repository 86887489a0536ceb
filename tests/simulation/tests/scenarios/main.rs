//! What the simulation has found, each as a story: a seed means something else once the plans
//! change.

mod gate;
mod relays;
mod server;
mod steps;
mod wait;
mod workers;
