use jobqueue::job;

#[job(blocking)]
async fn both(_: u32) {}

#[job(blocking, steps)]
fn of_parts(_: u32) {}

fn main() {}
