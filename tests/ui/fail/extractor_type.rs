use jobqueue::job;

#[job]
async fn order(_order: u32, _what: String) {}

fn main() {}
