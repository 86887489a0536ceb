//! The same tests on a real Redis.

use jobqueue::{
    DurationExt as _, Error, JobState,
    testing::{self, TestQueue, assert_enqueued, refute_enqueued},
};
use jobqueue_tests::{server::RedisServer, subscription::three_months};

use super::{charge, pay, place_order, remind, shop};

async fn late_payment(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    let begun = app.now();
    app.client().add(place_order, 7).await?;
    refute_enqueued!(app, remind);
    app.run_until_idle().await?;
    assert_enqueued!(app, remind, |order| *order == 7, due_in = 2.days());
    app.advance(2.days() - 1.minutes()).await?;
    assert_eq!(reminded.get(), 0);
    assert_enqueued!(app, remind, due_in = 1.minutes());
    assert_eq!(app.advance(1.minutes()).await?.completed, 1);
    let passed = app.now() - begun;
    assert!((172_800..172_860).contains(&passed.num_seconds()), "{passed}");
    Ok(())
}

async fn retries_and_dead_letters(app: TestQueue) -> Result<String, Error> {
    let app = app.handler(pay).handler(charge).state(super::Tries::default());
    let paid = app.client().add(pay, ()).await?;
    app.client().add(charge, 1).await?;
    assert_eq!(app.run_until_idle().await?.total(), 2);
    app.advance(1.hours()).await?;
    assert_eq!(paid.state().await?, Some(JobState::Completed));
    let (paid, cards) = (app.snapshot("gateway").await?, app.snapshot("cards-failed").await?);
    assert_eq!(app.perform(charge, 2).await?.dead_letter(), Some("cards-failed"));
    Ok(paid + &cards)
}

#[test]
fn a_test_runs_on_a_real_redis_unchanged() {
    let server = RedisServer::start();
    testing::run_on(&server.url(), late_payment).expect("it passes");
    let runs = testing::run_on(&server.url(), |app| three_months(app, 3)).expect("it passes");
    assert_eq!(runs, testing::run(|app| three_months(app, 3)).expect("it passes"));
    let real = testing::run_on(&server.url(), retries_and_dead_letters).expect("it passes");
    assert_eq!(real, testing::run(retries_and_dead_letters).expect("it passes"));
}

#[test]
fn tests_on_one_redis_have_keys_of_their_own() {
    let server = RedisServer::start();
    let test = async |app: TestQueue| -> Result<usize, Error> {
        let (app, reminded) = shop(app);
        let app = app.inline();
        for order in 0..5 {
            app.client().add(remind, order).await?;
        }
        Ok(reminded.get())
    };
    let url = server.url();
    std::thread::scope(|scope| {
        let tests: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| testing::run_on(&url, test).expect("it passes")))
            .collect();
        for test in tests {
            assert_eq!(test.join().expect("no panic"), 5);
        }
    });
}

/// Whether the test passes or not, and of topics as well.
#[test]
fn no_key_of_a_test_stays() {
    let server = RedisServer::start();
    let url = server.url();
    let test = async |app: TestQueue| {
        let (app, _) = shop(app);
        let topic = app.client().topic("prices").expect("a name");
        topic.bind("reminders", "eur.*").await.expect("bound");
        app.client().publish("prices", "eur.usd", &1.1).await.expect("published");
        app.client().add(remind, 1).await.expect("added");
        app.run_until_idle().await.expect("idle");
        app.now()
    };
    let failing = async |app: TestQueue| -> () {
        test(app).await;
        panic!("as a test that fails");
    };
    testing::run_on(&url, test);
    assert!(std::panic::catch_unwind(|| testing::run_on(&url, failing)).is_err());
    let client = redis::Client::open(url.as_str()).expect("a url");
    let mut connection = client.get_connection().expect("connected");
    let left: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).expect("keys");
    assert_eq!(left, [""; 0]);
}

#[test]
fn what_does_not_work_on_a_real_redis_is_said() {
    let server = RedisServer::start();
    testing::run_on(&server.url(), async |app: TestQueue| {
        let (app, reminded) = shop(app);
        let app = app.live().await.expect("live");
        app.client().add(remind, 1).await.expect("added");
        app.run_until_idle().await.expect("idle");
        assert_eq!(reminded.get(), 1);
        let error = app.advance(1.days()).await.expect_err("time is real");
        let expected = "time can't be moved under a live worker on a real redis: leave out \
                        `live()`, or test it embedded";
        assert_eq!(error.to_string(), expected);
    });
}
