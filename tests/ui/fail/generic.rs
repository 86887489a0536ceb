use jobqueue::job;

#[job]
async fn any<T: Send>(_: T) {}

fn main() {}
