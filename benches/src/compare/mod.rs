//! The comparison with peers: scenarios, played in turns against one Redis, and what came of them.

mod chart;
mod contest;
mod contestant;
mod json;
mod machine;
mod play;
mod scenario;
mod score;
mod table;

pub use self::{
    chart::chart,
    contest::{Contest, hold},
    contestant::{Contestant, Role, find},
    json::document,
    machine::Machine,
    play::Play,
    scenario::{Scenario, scenarios},
    score::{Metric, Reading, Score, scores},
    table::{row, table},
};
