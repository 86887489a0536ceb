use jobqueue::job;

#[job(attempts = 0)]
async fn never(_: u32) {}

#[job(priority = -1025)]
async fn urgent(_: u32) {}

#[job(concurrency = 0)]
async fn stuck(_: u32) {}

fn main() {}
