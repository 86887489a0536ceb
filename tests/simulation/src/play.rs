//! A run, from its plan to its findings.

use std::{collections::BTreeMap, time::Duration};

use jobqueue::{Client, JobState, Outcome as JobOutcome, Rate, manage::AfterFailure};
use jobqueue_engine::Reply;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    executor, fault, flows,
    judge::{Finding, Judge, RATE, Wrong},
    ledger::Ledger,
    mutant::Mutant,
    operator,
    plan::{Acknowledge, Kind, Plan},
    probe,
    producer::{self, IN_ORDER, ONE_BY_ONE},
    schedules,
    stage::{Stage, base, lock},
    worker,
};

/// How long all that has begun may take when nothing breaks any more, besides the runs themselves.
const SETTLED: Duration = Duration::from_secs(90);

/// How long a wait of a worker lasts at most, with the time that its answer has.
const SILENT: Duration = Duration::from_secs(12);

/// How long workers may take to stop.
const STOPPED: Duration = Duration::from_secs(20);

/// How a run is played.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether the trace is to be read by people.
    pub readable: bool,
    /// A bug to put in.
    pub mutant: Option<&'static Mutant>,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The hash of all that happened, byte by byte, and when.
    pub trace: u64,
    /// How much that was.
    pub events: u64,
    /// How long it took, in its own time.
    pub time: Duration,
    /// All that happened, for people.
    pub lines: Vec<String>,
}

/// Plays a plan. The same plan plays the same way each time.
///
/// # Panics
/// It can't be played: that would be a bug of the simulation.
#[must_use]
pub fn play(plan: &Plan, options: Options) -> Outcome {
    // Without its I/O: there is none.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    fastrand::seed(plan.seed);
    runtime.block_on(async {
        let began = Instant::now();
        let stage = Stage::new(plan.clone(), options.readable, options.mutant.copied());
        executor::start(plan.seed);
        let (tell, told) = oneshot::channel();
        let own = stage.clone();
        executor::detach_in(&stage.observer.process, async move {
            let _ = tell.send(direct(&own).await);
        });
        let findings = tokio::select! {
            biased;
            findings = told => findings.expect("the director tells"),
            () = executor::run() => Vec::new(),
        };
        executor::stop();
        let (trace, events, lines) = stage.book.trace();
        Outcome { findings, trace, events, time: began.elapsed(), lines }
    })
}

async fn direct(stage: &Stage) -> Vec<Finding> {
    let mut findings = Vec::new();
    let client = stage.observer.client(&stage.network).await;
    if let Err(error) = direct_as(stage, &client, &mut findings).await {
        findings.push(Finding { wrong: Wrong::Stuck, what: format!("the director: {error}") });
    }
    findings
}

async fn direct_as(
    stage: &Stage,
    client: &Client,
    findings: &mut Vec<Finding>,
) -> jobqueue::Result<()> {
    set_up(stage, client).await?;
    worker::start_all(stage);
    follow_plan(stage).await;
    stage.say(|| "nothing breaks any more".to_owned());
    let begun = Instant::now();
    findings.extend(schedules::remove_all(stage, client).await?);
    settle(stage, client).await?;
    if !is_settled(stage) {
        let left = left(stage);
        let what = format!("after {:?} without a fault: {left}", begun.elapsed());
        findings.push(Finding { wrong: Wrong::Stuck, what });
        return Ok(());
    }
    if stage.plan.kinds().contains(&Kind::Once) {
        // Their jobs have ended before they run.
        sleep(Duration::from_secs(3)).await;
    }
    if stage.plan.silences() {
        // Who waits on a connection that says nothing doesn't know yet.
        sleep(SILENT).await;
    }
    let calm = stage.now();
    stage.say(|| "probes".to_owned());
    findings.extend(probe::send(stage, client).await?);
    outlive_the_dead(stage).await;
    findings.extend(stop(stage).await);
    let ledgers = stage.plan.queues().into_iter().chain(["dead", "news"]);
    let ledgers: BTreeMap<_, _> =
        ledgers.map(|queue| (queue, Ledger::read(stage, queue))).collect();
    let outcomes = outcomes(stage, client).await?;
    let (notes, lost) = (stage.book.notes(), lock(&stage.lost).clone());
    let flows = flows::read(stage, client).await?;
    let judge = Judge::new(&stage.plan, &notes, (&ledgers, &flows), &outcomes, &lost);
    findings.extend(judge.judge(calm));
    findings.append(&mut lock(&stage.broken));
    Ok(())
}

async fn set_up(stage: &Stage, client: &Client) -> jobqueue::Result<()> {
    for queue in stage.plan.queues().into_iter().chain(["dead"]) {
        // The history must be whole to prove anything.
        client.queue(queue)?.set_limits().events(100_000_000).await?;
    }
    let rate = Rate::new(RATE.0, Duration::from_secs(1)).burst(RATE.1);
    client.queue(Kind::Paced.queue())?.set_limits().rate(rate).await?;
    let groups = client.queue(Kind::Work.queue())?.groups();
    groups.set_limits(ONE_BY_ONE).max_active(1).await?;
    groups.set_limits(IN_ORDER).in_order(AfterFailure::GoOn).await?;
    flows::bind(stage, client).await?;
    schedules::make_all(stage, client).await
}

/// Begins everything at its time, and waits until all faults have passed.
async fn follow_plan(stage: &Stage) {
    let start = Instant::now();
    let plan = stage.plan.clone();
    let mut steps: Vec<(u64, Step)> = Vec::new();
    steps.extend(plan.orders.into_iter().map(|it| (it.at, Step::Order(it.what))));
    steps.extend(plan.operations.into_iter().map(|it| (it.at, Step::Operation(it.what))));
    steps.extend(plan.flows.into_iter().map(|it| (it.at, Step::Flow(it.what))));
    let operations = plan.flow_operations.into_iter();
    steps.extend(operations.map(|it| (it.at, Step::FlowOperation(it.what))));
    steps.extend(plan.faults.into_iter().map(|it| (it.at, Step::Fault(it.what))));
    steps.sort_by_key(|(at, _)| *at);
    for (at, step) in steps {
        sleep_until(start + Duration::from_millis(at)).await;
        match step {
            Step::Order(order) => producer::place(stage, order),
            Step::Operation(operation) => operator::begin(stage, operation),
            Step::Flow(flow) => flows::begin(stage, flow),
            Step::FlowOperation(operation) => flows::operate(stage, operation),
            Step::Fault(fault) => fault::begin(stage, fault),
        }
    }
    while stage.is_breaking() {
        sleep(Duration::from_millis(100)).await;
    }
    stage.network.calm();
    while stage.is_operating() {
        sleep(Duration::from_millis(100)).await;
    }
}

enum Step {
    Order(crate::plan::Order),
    Operation(crate::plan::Operation),
    Flow(crate::plan::FlowPlan),
    FlowOperation(crate::plan::FlowOperation),
    Fault(crate::plan::Fault),
}

/// Lets everything go on that an operator held up, and waits until it has ended.
async fn settle(stage: &Stage, client: &Client) -> jobqueue::Result<()> {
    let runs = stage.plan.orders.iter().map(|it| it.what.takes * it.what.tokens.len() as u64 * 4);
    let limit = Instant::now() + SETTLED + Duration::from_millis(runs.sum());
    let receiver = operator::receiver(client)?;
    loop {
        // Probes must run as well, so also where all has ended.
        let_go_on(stage, client).await?;
        if is_settled(stage) || Instant::now() >= limit {
            return Ok(());
        }
        // A receive also takes back what was forgotten, and relays what others left.
        if standing(stage, Kind::Hand.queue()) > 0 || relaying(stage) > 0 {
            operator::receive(&receiver, &stage.book, 10, Acknowledge::Complete).await?;
        }
        sleep(Duration::from_millis(250)).await;
    }
}

/// An operator's pause may have been sent again for so long that the resume came first.
pub(crate) async fn let_go_on(stage: &Stage, client: &Client) -> jobqueue::Result<()> {
    for name in stage.plan.queues() {
        let meta = format!("{}meta", base(name));
        let has = |field| stage.ask(&["HEXISTS", &meta, field]) == Reply::Integer(1);
        if has("paused") {
            client.queue(name)?.resume().await?;
        }
        if has("active") {
            client.queue(name)?.set_limits().max_active(None).await?;
        }
    }
    Ok(())
}

fn is_settled(stage: &Stage) -> bool {
    stage.is_over() && stage.plan.queues().into_iter().all(|queue| standing(stage, queue) == 0)
        // Who serves it looks after it once a minute, where a failover has lost that it relays.
        && relaying(stage) == 0
}

/// How much waits in outboxes of what is no queue of the plan.
fn relaying(stage: &Stage) -> i64 {
    let sources = ["dead", "news", flows::TOPIC];
    sources.iter().map(|source| stage.count("XLEN", &format!("{}outbox", base(source)))).sum()
}

/// How much of a queue hasn't ended.
fn standing(stage: &Stage, queue: &str) -> i64 {
    let base = base(queue);
    let sets = ["waiting", "delayed"].map(|set| stage.count("ZCARD", &format!("{base}{set}")));
    let rest = sets.iter().sum::<i64>() + stage.count("XLEN", &format!("{base}outbox"));
    if rest > 0 { rest } else { stage.count("KEYS", &format!("{base}running:*")) }
}

fn left(stage: &Stage) -> String {
    let queues = stage.plan.queues().into_iter().map(|queue| (queue, standing(stage, queue)));
    let left: Vec<_> = queues.filter(|(_, count)| *count > 0).collect();
    let (over, relaying) = (stage.is_over(), relaying(stage));
    format!("left {left:?}, {relaying} elsewhere in outboxes, all of the plan is over: {over}")
}

/// Waits until leases of workers that were killed have run out, and others have seen that: nobody is
/// left to do so once all have stopped.
async fn outlive_the_dead(stage: &Stage) {
    let alive = lock(&stage.workers).iter().filter(|it| lock(&it.handle).is_some()).count();
    let alive = i64::try_from(alive).unwrap_or(i64::MAX);
    let queues: Vec<_> =
        stage.plan.queues().into_iter().filter(|it| *it != Kind::Hand.queue()).collect();
    let leases = |queue: &&str| stage.count("ZCARD", &format!("{}workers", base(queue)));
    let limit = Instant::now() + SETTLED;
    while queues.iter().any(|queue| leases(queue) > alive) && Instant::now() < limit {
        sleep(Duration::from_millis(250)).await;
    }
}

/// Stops all workers politely.
async fn stop(stage: &Stage) -> Option<Finding> {
    let workers = lock(&stage.workers).clone();
    for worker in &workers {
        if let Some(handle) = lock(&worker.handle).as_ref() {
            handle.stop(Duration::from_secs(10));
        }
    }
    let limit = Instant::now() + STOPPED;
    let runs = || workers.iter().filter(|worker| lock(&worker.handle).is_some()).count();
    while runs() > 0 && Instant::now() < limit {
        sleep(Duration::from_millis(50)).await;
    }
    let what = format!("{} workers didn't stop", runs());
    (runs() > 0).then_some(Finding { wrong: Wrong::Stuck, what })
}

/// The runs whose outcomes are kept.
async fn outcomes(
    stage: &Stage,
    client: &Client,
) -> jobqueue::Result<BTreeMap<(&'static str, String), u64>> {
    let mut outcomes = BTreeMap::new();
    for name in stage.plan.queues() {
        for job in client.queue(name)?.jobs(JobState::Completed).page(0, 1_000).await? {
            if let Some(JobOutcome::Completed { codec: _, result }) = &job.outcome
                && let Some(run) = number(result)
            {
                outcomes.insert((name, job.id.to_string()), run);
            }
        }
    }
    Ok(outcomes)
}

/// A whole number in MessagePack.
fn number(bytes: &[u8]) -> Option<u64> {
    match bytes {
        [number @ 0..=0x7f] => Some(u64::from(*number)),
        [0xcc, number] => Some(u64::from(*number)),
        [0xcd, high, low] => Some(u64::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}
