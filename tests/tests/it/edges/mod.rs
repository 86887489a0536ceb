//! Every number of every setter at its edges: what is accepted works, with an add, a run and a look
//! after it; what isn't is refused before anything is sent, and the queue works as before.

mod adds;
mod clients;
mod limits;
mod workers;
