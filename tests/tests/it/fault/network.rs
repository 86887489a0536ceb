//! A network that drops, delays, half-closes, cuts and swallows.

use std::{
    fs,
    time::{Duration, Instant},
};

use jobqueue_tests::{
    account::{Account, Order, Shift},
    process::Process,
    proxy::{Mode, Proxy},
    server::RedisServer,
};
use tokio::time::sleep;

use super::{progress, settle, short_or_long};

/// How soon all goes on once the network is well again.
const RESUMED: Duration = Duration::from_secs(5);

/// Redis can't be reached in this way for a while, under load; and then it can.
async fn unreachable(mode: Mode) {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let (direct, far) = (server.url(), server.url_through(&proxy));
    let account = Account::open(&direct).await;
    let queue = account.queue(&direct).await;
    let time = Duration::from_millis(5);
    let order = Order { time, pause: time * 4, mixed: true, ..Order::default() };
    let mut producers = [account.producer(&far, order)];
    // No lease runs out, so a second run would be an error.
    let shift = Shift { lease: Duration::from_secs(60), ..Shift::default() };
    let mut workers = [account.worker(&far, shift)];
    progress(&queue, 50).await;

    let outage = Duration::from_secs(short_or_long(2, 10));
    let before = (Burden::of(&workers[0]), Burden::of(&producers[0]), proxy.accepted());
    proxy.set(mode);
    sleep(outage).await;
    let after = (Burden::of(&workers[0]), Burden::of(&producers[0]), proxy.accepted());
    proxy.set(Mode::Forward);
    let healed = Instant::now();
    progress(&queue, 50).await;
    let resumed = healed.elapsed();
    settle(&account, &direct, &mut producers, &mut workers).await;

    let proof = account.prove(&direct).await;
    proof.assert();
    assert_eq!((proof.repeated, proof.told), (0, 0), "{mode:?}: {proof}");
    assert!(resumed < RESUMED, "{mode:?}: it took {resumed:?} to go on");
    after.0.assert_light(before.0, outage);
    after.1.assert_light(before.1, outage);
    // Three links of the worker and one of the producer. Calls that are under way on a link wait
    // longer between tries, each by itself; a try that fails dials again to hear why. That makes 14
    // dials in two seconds for each of up to five calls. A link that spins makes thousands.
    let dials = after.2 - before.2;
    assert!(dials < 100 * outage.as_secs(), "{mode:?}: {dials} dials in {outage:?}");
}

/// The CPU time and memory of a process.
#[derive(Clone, Copy, Debug)]
struct Burden {
    /// In hundredths of a second, as Linux counts.
    cpu: u64,
    resident_kib: u64,
}

impl Burden {
    fn of(process: &Process) -> Self {
        let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", process.pid()));
        let (stat, status) = (read("stat").expect("it runs"), read("status").expect("it runs"));
        // The name of the program, which may have blanks, ends with the last bracket.
        let fields: Vec<&str> = stat[stat.rfind(')').expect("a name")..].split(' ').collect();
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|line| line.split_whitespace().next());
        let cpu = number(fields[12]) + number(fields[13]);
        Self { cpu, resident_kib: number(resident.expect("memory")) }
    }

    /// Neither did it spin, nor grow.
    fn assert_light(self, before: Self, time: Duration) {
        let (cpu, grown) =
            (self.cpu - before.cpu, self.resident_kib.saturating_sub(before.resident_kib));
        assert!(cpu < 30 * time.as_secs(), "{cpu} hundredths of CPU in {time:?}");
        assert!(grown < 16 << 10, "grown by {grown} KiB in {time:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_refused() {
    unreachable(Mode::Refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_are_swallowed() {
    unreachable(Mode::BlackHole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_half_closed() {
    unreachable(Mode::HalfClose).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_cut() {
    unreachable(Mode::CutRequests(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_cut_before_their_first_byte() {
    unreachable(Mode::CutReplies(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_cut_in_the_middle() {
    unreachable(Mode::CutReplies(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_are_delayed() {
    unreachable(Mode::Delay(Duration::from_millis(300))).await;
}
