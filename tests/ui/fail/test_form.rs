use jobqueue::testing::TestQueue;

#[jobqueue::test]
fn no_async(app: TestQueue) {
    drop(app);
}

#[jobqueue::test]
async fn no_queue() {}

#[jobqueue::test(start = "now")]
async fn arguments(app: TestQueue) {
    drop(app);
}

#[jobqueue::test]
#[tokio::test]
async fn twice(app: TestQueue) {
    drop(app);
}

#[jobqueue::test(crate = "text")]
async fn no_path(app: TestQueue) {
    drop(app);
}

fn main() {}
