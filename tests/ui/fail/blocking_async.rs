use jobqueue::job;

#[job(blocking)]
async fn both(_: u32) {}

fn main() {}
