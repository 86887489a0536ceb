use jobqueue::job;

#[job(backoff = linear("1s"))]
async fn linear(_: u32) {}

#[job(backoff = exponential("1s", jitter = 1.5))]
async fn shaky(_: u32) {}

#[job(retain = forever)]
async fn forever(_: u32) {}

#[job(rate = limit(10))]
async fn endless(_: u32) {}

#[job(breaker = after(5, hold = "1s"))]
async fn broken(_: u32) {}

#[job(codec = "xml")]
async fn xml(_: u32) {}

fn main() {}
