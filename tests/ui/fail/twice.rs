use jobqueue::job;

#[job(attempts = 3, attempts = 5)]
async fn order(_: u32) {}

fn main() {}
