use jobqueue::Payload;

#[derive(Payload)]
struct NotDeserialize;

fn main() {}
