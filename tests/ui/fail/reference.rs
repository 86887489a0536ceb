use jobqueue::job;

#[job]
async fn greet(_name: &str) {}

fn main() {}
