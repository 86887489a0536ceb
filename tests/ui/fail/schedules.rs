use jobqueue::job;

#[job(overlap = skip)]
async fn alone(_: ()) {}

#[job(every = "5m", schedule = "0 3 * * *")]
async fn two(_: ()) {}

#[job(every = "5m", tz = "Europe/Berlin")]
async fn zone(_: ()) {}

#[job(every = "5m", overlap = cancels)]
async fn word(_: ()) {}

#[job(every = "5m", overlap = "cancel")]
async fn text(_: ()) {}

#[job(every = "5m", catch_up = within)]
async fn window(_: ()) {}

#[job(schedule = "every day")]
async fn pattern(_: ()) {}

#[job(every = "0s")]
async fn never(_: ()) {}

fn main() {}
