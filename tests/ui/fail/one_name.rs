use jobqueue::job;

#[job]
async fn order(_: u32) {}

#[job(queue = "others")]
async fn order(_: u32) {}

fn main() {}
