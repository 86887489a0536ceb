use jobqueue::{Error, testing::TestQueue};

#[jobqueue::test]
#[ignore = "it has attributes of its own"]
async fn with_a_result(app: TestQueue) -> Result<(), Error> {
    app.run_until_idle().await
}

#[jobqueue::test]
pub async fn without(mut app: TestQueue) {
    app = app.worker(|worker| worker);
    assert!(app.now().timestamp() > 0);
}

fn main() {}
