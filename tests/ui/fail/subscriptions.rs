use jobqueue::job;

#[job(subscribe = "user.created")]
async fn no_topic(_: u32) {}

#[job(subscribe = "user events:user.*")]
async fn no_name(_: u32) {}

#[job(subscribe = "user-events:user*")]
async fn half_a_word(_: u32) {}

#[job(subscribe = "user-events:user..created")]
async fn an_empty_word(_: u32) {}

#[job(subscribe = "user-events:")]
async fn no_pattern(_: u32) {}

fn main() {}
