//! What the dashboard costs: how long its pages take, and what those who watch cost Redis.
//!
//! `./dev bench dashboard` [--queues N] [--jobs N]

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a program that measures"
)]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use jobqueue::{Client, JobState, Worker, job};
use jobqueue_dashboard::{Authentication, Dashboard};
use jobqueue_tests::{commands, held, server::RedisServer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// How long watchers are listened to.
const WATCHED: Duration = Duration::from_secs(15);

/// How often each page is asked for.
const ASKED: usize = 50;

#[job(queue = "busy")]
async fn nothing(_: u64) {}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let queues = argument("--queues", 1_000);
    let jobs = argument("--jobs", 1_000_000);
    println!("| what | asked | figure |\n| --- | --- | --- |");
    few().await;
    many(queues, jobs).await;
}

fn argument(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|it| it != name);
    arguments.nth(1).map_or(default, |text| text.parse().expect("a number"))
}

/// 20 queues: what watchers cost while nothing happens, and while much does.
async fn few() {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await.unwrap();
    for n in 0..20 {
        client.queue(format!("q{n}")).unwrap().add("x", &n).await.unwrap();
    }
    let address = serve(&client).await;
    for watchers in [1, 100] {
        let (rate, _) = watch(&server, address, watchers).await;
        row(&format!("20 queues, idle, {watchers} watchers"), "30 commands/s", &rate);
    }
    let (rate, _) = watch(&server, address, 0).await;
    row("20 queues, nobody watches", "0 commands/s", &rate);
    // What the traffic itself costs is measured first, with nobody there.
    let traffic = traffic(&client);
    let (alone, _) = watch(&server, address, 0).await;
    for watchers in [1, 100] {
        let (rate, _) = watch(&server, address, watchers).await;
        let more =
            format!("{:.0} commands/s more than without ({alone})", number(&rate) - number(&alone));
        row(&format!("20 queues, busy, {watchers} watchers"), "120 commands/s", &more);
    }
    traffic.abort();
}

fn number(rate: &str) -> f64 {
    rate.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// Jobs for all of 20 queues, some each second, so that the traffic's own commands are few.
fn traffic(client: &Client) -> tokio::task::JoinHandle<()> {
    let client = client.clone();
    tokio::spawn(async move {
        let worker = Worker::builder(&client).handler(nothing).build().unwrap();
        tokio::spawn(worker.run_until(std::future::pending()));
        loop {
            for n in 0..20_u64 {
                client.queue(format!("q{n}")).unwrap().add("x", &n).await.unwrap();
            }
            client.add(nothing, 1).await.unwrap();
            sleep(Duration::from_millis(500)).await;
        }
    })
}

/// Many queues with many jobs: how long pages take, and what watchers cost.
async fn many(queues: u64, jobs: u64) {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await.unwrap();
    fill(&client, queues, jobs).await;
    let address = serve(&client).await;
    let job = client.queue("q0").unwrap().jobs(JobState::Waiting).ids(0, 1).await.unwrap();
    let pages = [
        ("overview", "/".to_owned()),
        ("queue", "/q/q0".to_owned()),
        ("deep page", "/q/q0/waiting?after=500".to_owned()),
        ("search", "/q/q0/waiting?where=name:x".to_owned()),
        ("job", format!("/q/q0/job/{}", job[0])),
        ("workers", "/workers".to_owned()),
        ("schedules", "/schedules".to_owned()),
        ("flows", "/flows".to_owned()),
        ("topics", "/topics".to_owned()),
        ("audit", "/audit".to_owned()),
    ];
    for (name, path) in pages {
        let (worst, bytes) = ask(address, &path).await;
        let figure = format!("{:.1} ms, {} KiB", worst.as_secs_f64() * 1e3, bytes / 1_024);
        row(&format!("{queues} queues, {jobs} jobs: {name}, p99 of {ASKED}"), "100 ms", &figure);
    }
    for watchers in [1, 100] {
        let (rate, cpu) = watch(&server, address, watchers).await;
        row(
            &format!("{queues} queues, {watchers} watchers"),
            "700 commands/s, 1 % CPU",
            &format!("{rate}, {cpu:.2} % CPU"),
        );
    }
}

fn row(what: &str, asked: &str, figure: &str) {
    println!("| {what} | {asked} | {figure} |");
}

async fn fill(client: &Client, queues: u64, jobs: u64) {
    let each = (jobs / queues).max(1);
    let mut tasks = JoinSet::new();
    for part in 0..8_u64 {
        let client = client.clone();
        tasks.spawn(async move {
            for n in (part..queues).step_by(8) {
                let queue = client.queue(format!("q{n}")).unwrap();
                queue.add_all("x", 0..each).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

async fn serve(client: &Client) -> SocketAddr {
    let dashboard = Dashboard::builder(client.clone())
        .authentication(Authentication::open_on_loopback())
        .build()
        .unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = dashboard.router().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn request(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let text = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// The time of the slowest but one in a hundred, and how many bytes come.
async fn ask(address: SocketAddr, path: &str) -> (Duration, usize) {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..ASKED {
        let began = Instant::now();
        let mut body = Vec::new();
        request(address, path).await.read_to_end(&mut body).await.unwrap();
        let status = String::from_utf8_lossy(&body[..15.min(body.len())]).into_owned();
        assert!(status.starts_with("HTTP/1.1 200"), "{path}: {status}");
        times.push(began.elapsed());
        bytes = body.len();
    }
    times.sort();
    (times[(times.len() * 99).div_ceil(100) - 1], bytes)
}

/// How many commands a second Redis carries out while so many watch the overview, and its CPU in
/// percent.
async fn watch(server: &RedisServer, address: SocketAddr, watchers: usize) -> (String, f64) {
    let mut tasks = JoinSet::new();
    for _ in 0..watchers {
        tasks.spawn(async move {
            let mut stream = request(address, "/live/overview").await;
            let mut some = [0; 4_096];
            while stream.read(&mut some).await.is_ok_and(|read| read > 0) {}
        });
    }
    sleep(Duration::from_secs(3)).await;
    let mut raw = server.connection();
    let cpu = held::processor_time(&mut raw).unwrap();
    commands::count_from_now(&mut raw);
    sleep(WATCHED).await;
    let seconds = WATCHED.as_secs_f64();
    let rate = commands::counted(&mut raw) as f64 / seconds;
    let cpu = held::processor_time(&mut raw).unwrap() - cpu;
    let cpu = cpu.as_secs_f64() / seconds * 100.0;
    tasks.shutdown().await;
    // Until the dashboard knows that they are gone.
    sleep(Duration::from_secs(2)).await;
    (format!("{rate:.0} commands/s"), cpu)
}
