//! The worker runtime: leases, crashes, outages, shutdown.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt, Error, Failure, JobHandle, JobState, State,
    error::{FailureReason, Refused, ResultError},
    job,
    telemetry::WorkerEvent,
};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::{at_once, eventually},
};

use crate::support::{Count, Running, client, client_and_base, client_of, next_now, raw, worker};

/// The handler's input and output.
#[derive(Clone, Default)]
struct Board {
    begun: Count,
    go: Count,
    lost: Count,
    cancelled: Count,
}

/// Runs until it may go on, or is told to stop.
#[job(queue = "long", attempts = 1)]
async fn long(_n: u32, board: State<Board>, ctx: Context) -> Result<u32, Failure> {
    board.begun.up();
    while board.go.get() == 0 {
        if ctx.is_cancelled() {
            board.cancelled.up();
            if ctx.is_lost() {
                board.lost.up();
            }
            return Err(Failure::retry("told to stop"));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(ctx.attempt())
}

async fn state(job: &JobHandle<u32>) -> Option<JobState> {
    job.state().await.expect("a state")
}

async fn start(client: &Client, board: &Board) -> Running {
    Running::start(worker(client).handler(long).state(board.clone()).lease(1.seconds()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_keeps_a_long_run_and_one_that_blocks_the_runtime() {
    #[job(queue = "blocks")]
    async fn blocks(_: (), runs: State<Count>) {
        runs.up();
        // A handler must not block like this; it does, for three leases.
        std::thread::sleep(Duration::from_millis(1_500));
    }
    let (client, runs) = (client().await, Count::default());
    let build = || worker(&client).handler(blocks).state(runs.clone()).lease(500.millis());
    let (one, other) = (Running::start(build()), Running::start(build()));
    let job = client.add(blocks, ()).await.expect("added");
    job.result().await.expect("run");
    assert_eq!(runs.get(), 1, "nobody took the job away");
    assert_eq!(job.info().await.expect("kept").stalls, 0);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_lease_was_lost_is_told_and_settles_nothing() {
    let ((client, base), board) = (client_and_base("long").await, Board::default());
    let job = client.add(long, 1).await.expect("added");
    let running = start(&client, &board).await;
    let mut events = running.handle.events();
    at_once("the run", async || board.begun.get() == 1).await;
    // As if its process had been stopped for longer than the lease.
    let mut connection = raw(jobqueue_tests::shared::url()).await;
    let workers = format!("{base}workers");
    let names: Vec<String> = redis::cmd("ZRANGE")
        .arg(&workers)
        .arg(0)
        .arg(-1)
        .query_async(&mut connection)
        .await
        .expect("names");
    let other = start(&client, &Board { go: board.go.clone(), ..Board::default() }).await;
    eventually("the word", async || {
        // Again, if a turn of its own has moved it meanwhile.
        let mut end = redis::cmd("ZADD");
        let end = end.arg(&workers).arg("XX").arg(1).arg(&names[0]);
        let () = end.query_async(&mut connection).await.expect("set");
        board.lost.get() >= 1
    })
    .await;
    board.go.up();
    assert_eq!(job.result().await.expect("the other run"), 1);
    assert_eq!(job.info().await.expect("kept").stalls, 1);
    let told = eventually("the event", async || {
        while let Some(event) = next_now(&mut events).await {
            if let WorkerEvent::Lost { id } = event {
                return Some(id);
            }
        }
        None
    });
    assert_eq!(told.await, *job.id());
    running.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_stalls_too_often_fails_with_that_reason() {
    let ((client, base), board) = (client_and_base("long").await, Board::default());
    let mut connection = raw(jobqueue_tests::shared::url()).await;
    let job = client.add(long, 1).await.expect("added");
    for stall in 1..=3 {
        // A worker that dies: its future is dropped, so nothing is settled and no lease renewed.
        let dying = worker(&client).handler(long).state(board.clone()).lease(200.millis());
        let dying = tokio::spawn(dying.run_until(std::future::pending()));
        eventually("the run", async || board.begun.get() == stall).await;
        eventually("its worker to say that it has the job", async || {
            let mut leases = redis::cmd("ZRANGE");
            let leases = leases.arg(format!("{base}workers")).arg(0).arg(-1).arg("WITHSCORES");
            let leases: Vec<String> = leases.query_async(&mut connection).await.expect("leases");
            !leases.iter().any(|score| score.ends_with(".5"))
        })
        .await;
        dying.abort();
    }
    let running =
        Running::start(worker(&client).handler(long).state(board.clone()).lease(1.seconds()));
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("it can't succeed")
    };
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Stalled, 1));
    assert_eq!(board.begun.get(), 3, "stalled three times, and not begun a fourth");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_lets_runs_end() {
    let (client, board) = (client().await, Board::default());
    let jobs = client.add_all(long, 0..20).await.expect("added");
    let running = start(&client, &board).await;
    at_once("eight runs", async || board.begun.get() == 8).await;
    let stopping = tokio::spawn(running.stop());
    tokio::time::sleep(50.millis()).await;
    board.go.up();
    stopping.await.expect("no panic");
    let queue = jobs[0].queue();
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.completed, counts.waiting, counts.active), (8, 12, 0));
    assert_eq!(counts.workers, 0, "no lease is left to run out");
    assert_eq!(board.begun.get(), 8, "it fetched no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_do_not_end_in_time_go_back_at_once_and_cost_no_attempt() {
    #[job(queue = "deaf", attempts = 1)]
    async fn deaf(_: (), begun: State<Count>, ctx: Context) -> u32 {
        if begun.up() == 0 {
            std::future::pending::<()>().await;
        }
        ctx.attempt()
    }
    let (client, begun) = (client().await, Count::default());
    let job = client.add(deaf, ()).await.expect("added");
    let build = || worker(&client).handler(deaf).state(begun.clone());
    let running = Running::start(build());
    at_once("the run", async || begun.get() == 1).await;
    running.stop_within(50.millis()).await;
    let info = job.info().await.expect("there");
    assert_eq!((info.state, info.attempts_made, info.stalls), (JobState::Waiting, 0, 0));
    let next = Running::start(build());
    assert_eq!(job.result().await.expect("run elsewhere"), 1);
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prefetched_jobs_go_back_at_a_shutdown_to_where_they_were() {
    let (client, board) = (client().await, Board::default());
    let jobs = client.add_all(long, 0..10).await.expect("added");
    let running = Running::start(
        worker(&client).handler(long).state(board.clone()).concurrency(2).prefetch(5),
    );
    at_once("two runs", async || board.begun.get() == 2).await;
    let queue = jobs[0].queue();
    at_once("five more", async || queue.counts().await.expect("counts").active == 7).await;
    board.go.up();
    eventually("all", async || queue.counts().await.expect("counts").completed == 10).await;
    running.stop().await;

    let board = Board::default();
    let jobs = client.add_all(long, 0..10).await.expect("added");
    let running = Running::start(
        worker(&client).handler(long).state(board.clone()).concurrency(2).prefetch(5),
    );
    at_once("five more", async || queue.counts().await.expect("counts").active == 7).await;
    let stopping = tokio::spawn(running.stop());
    eventually("five back", async || queue.counts().await.expect("counts").waiting == 8).await;
    let order = queue.jobs(JobState::Waiting).ids(0, 20).await.expect("ids");
    let expected: Vec<_> = jobs[2..].iter().map(|job| job.id().clone()).collect();
    assert_eq!(order, expected);
    board.go.up();
    stopping.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn prefetched_jobs_start_while_a_call_is_in_flight() {
    #[job(queue = "steps", attempts = 1)]
    async fn step(n: usize, board: State<Board>) {
        board.begun.up();
        while board.go.get() <= n {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    let jobs = client.add_all(step, 0..4).await.expect("added");
    let builder = worker(&client).handler(step).state(board.clone()).lease(10.seconds());
    let running = Running::start(builder.concurrency(1).prefetch(3));
    let queue = jobs[0].queue();
    at_once("all four", async || queue.counts().await.expect("counts").active == 4).await;
    server.stop_process();
    // The first leaves by a call that gets no answer; the others go on all the same.
    for done in 1..4 {
        board.go.up();
        at_once("the next", async || board.begun.get() == done + 1).await;
    }
    server.cont();
    board.go.up();
    eventually("all", async || queue.counts().await.is_ok_and(|now| now.total_completed == 4))
        .await;
    assert_eq!(board.begun.get(), 4, "each ran once");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_can_be_paused_by_itself() {
    let (client, board) = (client().await, Board::default());
    board.go.up();
    let running = start(&client, &board).await;
    running.handle.pause();
    // One that is fetched before the word has come is let through.
    client.add(long, 0).await.expect("added");
    tokio::time::sleep(50.millis()).await;
    let job = client.add(long, 1).await.expect("added");
    tokio::time::sleep(100.millis()).await;
    assert_eq!(state(&job).await, Some(JobState::Waiting));
    running.handle.resume();
    job.result().await.expect("run");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_goes_away_under_load_and_comes_back() {
    #[job(queue = "load", attempts = 1)]
    async fn quick(_n: u32, runs: State<Count>) {
        runs.up();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut server = RedisServer::builder().append_only().start();
    let (client, runs) = (client_of(&server.url()).await, Count::default());
    let jobs = client.add_all(quick, 0..3_000).await.expect("added");
    let running =
        Running::start(worker(&client).handler(quick).state(runs.clone()).concurrency(50));
    for part in 1..=3 {
        eventually("some runs", async || runs.get() > part * 500).await;
        server.kill();
        server.restart();
    }
    let queue = jobs[0].queue();
    eventually("all", async || {
        queue.counts().await.is_ok_and(|counts| counts.total_completed >= 3_000)
    })
    .await;
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.total_completed, counts.active, counts.failed), (3_000, 0, 0));
    // A run whose outcome was on its way when the server died may run again, one batch a kill at
    // most.
    assert!(runs.get() <= 3_000 + 3 * 50, "{} runs of 3,000 jobs", runs.get());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_kept_through_an_outage_and_settled_later() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let direct = client_of(&server.url()).await;
    let builder = Client::builder(&server.url_through(&proxy)).prefix("t");
    let client = builder.response_timeout(300.millis()).connect().await.expect("connected");
    drop(direct);
    let board = Board::default();
    let jobs = client.add_all(long, 0..8).await.expect("added");
    let lease = worker(&client).handler(long).state(board.clone()).lease(60.seconds());
    let running = Running::start(lease);
    at_once("eight runs", async || board.begun.get() == 8).await;
    for mode in [Mode::BlackHole, Mode::Refuse] {
        proxy.set(mode);
        board.go.up();
        tokio::time::sleep(500.millis()).await;
    }
    proxy.set(Mode::Forward);
    for job in &jobs {
        assert_eq!(job.result().await.expect("settled"), 1);
    }
    assert_eq!(board.begun.get(), 8, "each ran once");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_to_a_turn_loses_nothing_and_doubles_nothing() {
    #[job(queue = "cut", attempts = 1)]
    async fn quick(_n: u32, runs: State<Count>) {
        runs.up();
    }
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let builder = Client::builder(&server.url_through(&proxy)).prefix("t");
    let client = builder.response_timeout(500.millis()).connect().await.expect("connected");
    let direct = Client::builder(&server.url()).prefix("t").connect().await.expect("connected");
    let runs = Count::default();
    let running = Running::start(
        worker(&client).handler(quick).state(runs.clone()).concurrency(20).lease(30.seconds()),
    );
    for round in 1..=15_usize {
        proxy.set(Mode::CutReplies(round * 40));
        direct.add_all(quick, 0..20).await.expect("added");
        tokio::time::sleep(20.millis()).await;
        proxy.set(Mode::Forward);
        eventually("the round", async || runs.get() >= round * 20).await;
    }
    let queue = direct.queue("cut").expect("a name");
    eventually("all settled", async || {
        queue.counts().await.expect("counts").total_completed == 300
    })
    .await;
    assert_eq!(runs.get(), 300, "each ran once, long before any lease ran out");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_scripts_are_sent_again() {
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    board.go.up();
    let running = start(&client, &board).await;
    let mut connection = raw(&server.url()).await;
    for n in 0..5 {
        let () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut connection).await.expect("ok");
        client.add(long, n).await.expect("added").result().await.expect("run");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_another_layout_is_left_alone() {
    let ((client, base), board) = (client_and_base("long").await, Board::default());
    let job = client.add(long, 1).await.expect("added");
    let meta = format!("{base}meta");
    let mut connection = raw(jobqueue_tests::shared::url()).await;
    let () = redis::cmd("HSET")
        .arg(&meta)
        .arg("layout")
        .arg("99")
        .query_async(&mut connection)
        .await
        .expect("set");
    let is_layout = |error: &Error| matches!(error, Error::Refused(Refused::Layout { .. }));
    let error = client.add(long, 2).await.expect_err("another version");
    assert!(is_layout(&error) && error.to_string().contains("99"), "{error}");
    let error = start(&client, &board).await.ended().await.expect_err("another version");
    assert!(is_layout(&error), "{error}");
    assert_eq!(state(&job).await, Some(JobState::Waiting));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_refuses_adds_and_still_drains() {
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    board.go.up();
    let jobs = client.add_all(long, 0..500).await.expect("added");
    let mut connection = raw(&server.url()).await;
    let () = redis::cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory")
        .arg("1mb")
        .query_async(&mut connection)
        .await
        .expect("set");
    let error = client.add(long, 1).await.expect_err("no memory");
    assert!(matches!(error, Error::Refused(Refused::OutOfMemory { .. })), "{error}");
    let running = start(&client, &board).await;
    let queue = jobs[0].queue();
    eventually("all", async || queue.counts().await.expect("counts").completed == 500).await;
    let () = redis::cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory")
        .arg("0")
        .query_async(&mut connection)
        .await
        .expect("set");
    client.add(long, 1).await.expect("room again").result().await.expect("run");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_obeys_the_word_to_stop_costs_no_attempt() {
    let (client, board) = (client().await, Board::default());
    let job = client.add(long, 1).await.expect("added");
    let running = start(&client, &board).await;
    let mut events = running.handle.events();
    at_once("the run", async || board.begun.get() == 1).await;
    running.stop_within(Duration::ZERO).await;
    assert_eq!((board.cancelled.get(), state(&job).await), (1, Some(JobState::Waiting)));
    let info = job.info().await.expect("it waits");
    assert_eq!((info.attempts_made, info.stalls, info.errors.len()), (0, 0, 0));
    let mut released = false;
    while let Some(event) = next_now(&mut events).await {
        released |= matches!(event, WorkerEvent::Released { .. });
    }
    assert!(released, "the worker says so");

    board.go.up();
    let running = start(&client, &board).await;
    assert_eq!(job.result().await.expect("it runs again"), 1, "its first attempt");
    running.stop().await;
}
