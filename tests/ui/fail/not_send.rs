use std::rc::Rc;

use jobqueue::job;

#[job]
async fn order(id: u32) {
    let id = Rc::new(id);
    tokio::task::yield_now().await;
    drop(id);
}

fn main() {}
