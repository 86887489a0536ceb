use jobqueue::job;

#[job(timeout = "30 seconds")]
async fn words(_: u32) {}

#[job(timeout = "0s")]
async fn none(_: u32) {}

#[job(backoff = fixed("99999999999999999999d"))]
async fn long(_: u32) {}

fn main() {}
