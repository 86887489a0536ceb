use jobqueue::job;

#[job]
struct Order;

fn main() {}
