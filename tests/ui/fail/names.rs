use jobqueue::job;

#[job(queue = "{orders}")]
async fn braces(_: u32) {}

#[job(name = " padded ")]
async fn blanks(_: u32) {}

fn main() {}
