use jobqueue::job;

#[job]
async fn nothing() {}

fn main() {}
