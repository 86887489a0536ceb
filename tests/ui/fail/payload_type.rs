use jobqueue::job;

struct Opaque;

#[job]
async fn order(_order: Opaque) {}

fn main() {}
