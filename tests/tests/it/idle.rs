//! The calls of an idle worker: a wait for the token, and behind it the fetch that the token
//! starts.

use jobqueue::{Client, DurationExt, Failure, JobHandle, JobState, State, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::{at_once, eventually},
};
use redis::Connection;

use crate::support::{Count, Running, client_of, worker};

/// The handler's input and output.
#[derive(Clone, Default)]
struct Board {
    begun: Count,
    go: Count,
}

#[job(queue = "idle", attempts = 1)]
async fn patient(n: u32, board: State<Board>) -> Result<u32, Failure> {
    board.begun.up();
    while board.go.get() == 0 {
        tokio::time::sleep(2.millis()).await;
    }
    Ok(n)
}

/// A server, a client by a way of its own, and a worker that is idle.
struct Scene {
    server: RedisServer,
    looks: Connection,
    client: Client,
    board: Board,
    running: Running,
}

impl Scene {
    async fn new() -> Self {
        let server = RedisServer::start();
        let client = client_of(&server.url()).await;
        let (board, looks) = (Board::default(), server.connection());
        let running = Running::start(worker(&client).handler(patient).state(board.clone()));
        let mut scene = Self { server, looks, client, board, running };
        scene.fetches().await;
        scene
    }

    async fn add(&self, n: u32) -> JobHandle<u32> {
        self.client.add(patient, n).await.expect("added")
    }

    /// Waits until a fetch stands behind the wait for the token.
    async fn fetches(&mut self) {
        eventually("a fetch behind the wait", async || waiter(&mut self.looks).is_some()).await;
    }

    fn cmd<T: redis::FromRedisValue>(&mut self, command: &[&str]) -> T {
        let mut request = redis::Cmd::new();
        request.arg(command).query(&mut self.looks).expect("an answer")
    }

    fn leases(&mut self) -> Vec<String> {
        let key: Vec<String> = self.cmd(&["KEYS", "*:workers"]);
        key.iter().flat_map(|key| self.cmd::<Vec<String>>(&["ZRANGE", key, "0", "-1"])).collect()
    }
}

/// The connection that is blocked with more to be done behind.
fn waiter(looks: &mut Connection) -> Option<String> {
    let list: String = redis::cmd("CLIENT").arg("LIST").query(looks).expect("a list");
    let field = |line: &str, name: &str| {
        line.split(' ').find_map(|field| field.strip_prefix(name)).map(str::to_owned)
    };
    let blocked = list.lines().find(|line| {
        line.contains(" cmd=blpop ") && field(line, "qbuf=").is_some_and(|held| held != "0")
    });
    blocked.and_then(|line| field(line, "id="))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_comes_with_the_token_also_when_a_long_run_was_the_last() {
    let mut scene = Scene::new().await;
    for n in 1..=3 {
        let job = scene.add(n).await;
        at_once("the run", async || scene.board.begun.get() == n as usize).await;
        assert_eq!(
            waiter(&mut scene.looks),
            None,
            "while it holds a job, only the token is waited for"
        );
        scene.board.go.up();
        assert_eq!(job.result().await.expect("run"), n);
        // The wait for the token that began during the run goes on, with the fetch behind it.
        scene.fetches().await;
        scene.board.go.down();
    }
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_worker_has_no_fetch_under_way() {
    let mut scene = Scene::new().await;
    scene.board.go.up();
    scene.running.handle.pause();
    at_once("the fetch to go", async || waiter(&mut scene.looks).is_none()).await;
    eventually("the new name", async || scene.leases().len() == 1).await;
    let job = scene.add(1).await;
    assert_eq!(job.state().await.expect("a state"), Some(JobState::Waiting));
    scene.running.handle.resume();
    assert_eq!(job.result().await.expect("run"), 1);
    scene.fetches().await;
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_leaves_neither_lease_nor_job() {
    let mut scene = Scene::new().await;
    let job = scene.add(1).await;
    scene.board.go.up();
    job.result().await.expect("run");
    scene.fetches().await;
    let Scene { server: _server, mut looks, client, running, .. } = scene;
    running.stop().await;
    eventually("the connection to go", async || waiter(&mut looks).is_none()).await;
    let left: Vec<String> = redis::cmd("KEYS").arg("*:workers").query(&mut looks).expect("keys");
    assert_eq!(left, Vec::<String>::new());
    let job = client.add(patient, 2).await.expect("added");
    assert_eq!(job.state().await.expect("a state"), Some(JobState::Waiting));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_cut_off_or_not_known_any_more_costs_nothing() {
    let mut scene = Scene::new().await;
    scene.board.go.up();
    let id = waiter(&mut scene.looks).expect("it waits");
    let () = scene.cmd(&["CLIENT", "KILL", "ID", &id]);
    assert_eq!(scene.add(1).await.result().await.expect("run"), 1);
    scene.fetches().await;
    let () = scene.cmd(&["SCRIPT", "FLUSH"]);
    assert_eq!(scene.add(2).await.result().await.expect("run"), 2);
    scene.fetches().await;
    scene.server.kill();
    scene.server.restart();
    scene.looks = scene.server.connection();
    assert_eq!(scene.add(3).await.result().await.expect("run"), 3);
    assert_eq!(scene.board.begun.get(), 3);
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_fetch_whose_answer_is_lost_are_found_and_run_once() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let prefix = jobqueue_tests::names::queue("t");
    let connect = async |url: String| {
        Client::builder(&url).prefix(prefix.clone()).connect().await.expect("it is there")
    };
    let (near, far) = (connect(server.url()).await, connect(server.url_through(&proxy)).await);
    let (board, mut looks) = (Board::default(), server.connection());
    board.go.up();
    let running = Running::start(worker(&far).handler(patient).state(board.clone()));
    for n in 1..=5 {
        eventually("a fetch", async || waiter(&mut looks).is_some()).await;
        proxy.set(Mode::CutReplies(0));
        let job = near.add(patient, n).await.expect("added");
        at_once("it to be fetched", async || {
            job.state().await.expect("a state") == Some(JobState::Active)
        })
        .await;
        proxy.set(Mode::Forward);
        assert_eq!(job.result().await.expect("run"), n);
        assert_eq!(job.info().await.expect("kept").stalls, 0, "the worker itself found it");
    }
    assert_eq!(board.begun.get(), 5);
    running.stop().await;
}
