use jobqueue::job;

#[job(queue = "orders", retries = 5)]
async fn order(_: u32) {}

fn main() {}
