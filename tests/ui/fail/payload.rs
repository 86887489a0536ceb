use jobqueue::Payload;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 0)]
struct Nought;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = -1)]
struct Below;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 4294967296)]
struct Beyond;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, version = 3)]
struct Twice;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2)]
#[payload(upgrade_from(First))]
struct TwoAttributes;

#[derive(Serialize, Deserialize, Payload)]
#[payload(since = 2)]
struct Unknown;

#[derive(Serialize, Deserialize, Payload)]
#[payload()]
struct Empty;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(Itself))]
struct Itself;

#[derive(Serialize, Deserialize, Payload)]
#[payload(upgrade_from(First))]
struct NothingIsOlder;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 3, upgrade_from(First, Second))]
struct TwoTypes;

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 3, upgrade_from = First)]
struct NoBrackets;

#[derive(Serialize, Deserialize, Payload)]
struct OnField {
    #[payload(version = 2)]
    field: u8,
}

#[derive(Payload)]
union OfMany {
    a: u8,
}

fn main() {}
