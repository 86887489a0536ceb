use jobqueue::Payload;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Payload)]
struct First;

#[derive(Serialize, Deserialize)]
struct Plain;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(First))]
struct NoConversion;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(Plain))]
struct FromPlain;

impl From<Plain> for FromPlain {
    fn from(_: Plain) -> Self {
        Self
    }
}

fn main() {}
