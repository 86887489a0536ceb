use jobqueue::{Error, testing::TestQueue};

#[jobqueue::test]
#[ignore = "it has attributes of its own"]
async fn with_a_result(app: TestQueue) -> Result<(), Error> {
    app.run_until_idle().await.map(drop)
}

/// Stands for a crate that re-exports the library.
pub mod other {
    pub use jobqueue as queue;
}

#[jobqueue::test(crate = crate::other::queue)]
#[should_panic(expected = "no")]
async fn from_elsewhere(app: other::queue::testing::TestQueue) -> Result<(), String> {
    Err(format!("no {app:?}"))
}

#[jobqueue::test]
pub async fn without(mut app: TestQueue) {
    app = app.worker(|worker| worker);
    assert!(app.now().timestamp() > 0);
}

fn main() {}
