use jobqueue::job;

#[job]
fn plain(_: u32) {}

fn main() {}
