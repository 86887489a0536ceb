use jobqueue::Payload;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2)]
struct Second;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(Second))]
struct AlsoSecond;

impl From<Second> for AlsoSecond {
    fn from(_: Second) -> Self {
        Self
    }
}

fn main() {}
