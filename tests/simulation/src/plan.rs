//! What happens in a run: all of it is data, so that a run that fails can be made smaller.

use std::collections::BTreeSet;

use jobqueue::schedule::{CatchUp, Overlap};

pub use crate::flows::{FlowOperation, FlowPlan, Shape};

/// A run: the same plan is the same run, to the last byte.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides whatever the plan doesn't say: which task goes on, how long a way takes, ids.
    pub seed: u64,
    /// The worker processes.
    pub workers: Vec<WorkerPlan>,
    /// What adds jobs again and again.
    pub schedules: Vec<Schedule>,
    /// What producers do, by time.
    pub orders: Vec<Timed<Order>>,
    /// What an operator does, by time.
    pub operations: Vec<Timed<Operation>>,
    /// Flows, and jobs of several steps, by time.
    pub flows: Vec<Timed<FlowPlan>>,
    /// What an operator does with them, by time.
    pub flow_operations: Vec<Timed<FlowOperation>>,
    /// What breaks, by time.
    pub faults: Vec<Timed<Fault>>,
}

/// Something that begins so many ms after the start.
#[derive(Clone, Debug)]
pub struct Timed<T> {
    /// In ms.
    pub at: u64,
    /// What.
    pub what: T,
}

/// A worker process.
#[derive(Clone, Debug)]
pub struct WorkerPlan {
    /// How many jobs of a queue it runs at once.
    pub slots: usize,
    /// How many more it fetches ahead.
    pub prefetch: usize,
    /// Its lease in ms.
    pub lease: u64,
}

/// A schedule, which is there from the beginning.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The time between two ticks, in ms.
    pub every: u64,
    /// What becomes of ticks that nobody was there for.
    pub catch_up: CatchUp,
    /// What becomes of a tick that meets the last job.
    pub overlap: Overlap,
    /// What its jobs do.
    pub act: Act,
    /// How long their runs take, in ms.
    pub takes: u64,
}

/// The queues, each with a handler or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Retries, timeouts, dead letters.
    Work,
    /// The same queue; one run at a time in a process.
    Narrow,
    /// The same queue; behind a breaker.
    Guarded,
    /// A queue with a rate.
    Paced,
    /// At most once.
    Once,
    /// A message to a topic, whose copy runs.
    Publish,
    /// A call that waits for its reply.
    Call,
    /// A queue that is received by hand.
    Hand,
    /// The jobs of schedules.
    Tick,
    /// Nodes of flows that wait for nothing.
    Leaf,
    /// Nodes that wait for others, and what follows from a flow.
    Top,
    /// Jobs of several steps.
    Parent,
}

/// One act of a producer.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which producer.
    pub producer: usize,
    /// Where to.
    pub kind: Kind,
    /// The tokens of its jobs: more than one for an add of many.
    pub tokens: Vec<u32>,
    /// What the jobs do.
    pub act: Act,
    /// How long a run takes, in ms.
    pub takes: u64,
    /// Delayed by so many ms.
    pub delay: u64,
    /// The priority.
    pub priority: i16,
    /// A unique key.
    pub unique: Option<Key>,
    /// Whether the producer chooses the id.
    pub chosen: bool,
    /// How long it may wait, in ms.
    pub ttl: Option<u64>,
    /// The timeout of a run, in ms.
    pub timeout: Option<u64>,
    /// How long after it is due it ends, in ms.
    pub deadline: Option<u64>,
    /// How long after it is due it is tried again, in ms.
    pub retry_for: Option<u64>,
    /// Whether it is kept when it has ended.
    pub kept: bool,
}

/// A unique key. In a run each number has one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which.
    pub number: u8,
    /// What it does.
    pub rule: KeyRule,
}

/// Until when a key is taken, and what becomes of an add that finds it taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// Until the job ends.
    UntilEnd,
    /// For so many ms.
    Lasting(u64),
    /// For so many ms, and not beyond the job's end.
    WhileUnfinished(u64),
    /// A job that waits is replaced.
    Replace,
    /// It is replaced, or the newest runs after it.
    KeepLast,
    /// The same, so many ms after the last add, and after the first at the latest.
    Debounce(u64, u64),
}

/// What a run does in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It succeeds.
    Succeed,
    /// It fails the first attempt.
    FailOnce,
    /// It fails for good.
    FailForGood,
    /// It fails each attempt.
    FailAlways,
    /// It panics the first attempt.
    Panic,
}

/// What an operator does.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Pauses a queue.
    Pause(Kind),
    /// Resumes it.
    Resume(Kind),
    /// Removes the job of a token.
    Remove(u32),
    /// Runs it again.
    Retry(u32),
    /// Runs all that failed again.
    RetryFailed(Kind),
    /// Moves a delayed job.
    Delay(u32, u64),
    /// Starts a delayed job.
    Promote(u32),
    /// Cancels it; its run may take so many ms to end.
    Cancel(u32, u64),
    /// Changes its priority.
    Prioritise(u32, i16),
    /// Limits the active jobs of a queue.
    MaxActive(Kind, Option<u64>),
    /// Sends the dead letters back.
    Redrive,
    /// Receives jobs by hand, and acknowledges each in this way.
    Receive(usize, Acknowledge),
}

/// What becomes of a job that was received by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// It completes.
    Complete,
    /// It fails.
    Fail,
    /// It goes back.
    Release,
    /// It is tried again later.
    Later,
    /// It is extended, and then completes.
    Extend,
    /// Nothing is said.
    Forget,
}

/// What breaks.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The next piece of a stream, after so many others, is hit.
    Piece(Way, u32, Hit),
    /// All connections break.
    CutAll,
    /// Nobody can connect for so many ms, and all connections break.
    Unreachable(u64),
    /// A worker process is killed, and another takes its place after so many ms.
    KillWorker(usize, u64),
    /// A worker process stands still for so many ms.
    FreezeWorker(usize, u64),
    /// A worker process is told to stop, may drain for so many ms, and is started again.
    StopWorker(usize, u64),
    /// A producer is killed, and another takes its place.
    KillProducer(usize),
    /// The server forgets its scripts.
    ForgetScripts,
    /// The server is restarted: it keeps all data, and breaks all connections.
    Restart,
    /// A replica takes over that lacks the last so many ms of writes.
    Failover(u64),
    /// The server is killed and started again from its log, of which this many thousandths of what
    /// came in the last so many ms are left.
    CutLog(u64, u64),
    /// The server's clock jumps by so many ms.
    JumpServer(i64),
    /// A worker's clock jumps by so many ms.
    JumpWorker(usize, i64),
    /// A producer's clock jumps by so many ms.
    JumpProducer(usize, i64),
}

/// A way on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the server.
    There,
    /// From the server.
    Back,
}

/// What happens to a piece of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// It is lost, and the connection breaks.
    Lost,
    /// Half of it arrives, and then the connection breaks.
    Torn,
    /// It arrives, and then the connection breaks.
    Last,
    /// It is late by so many ms, and what follows it as well.
    Late(u64),
    /// It is lost, and the connection says nothing any more.
    Silence,
}

impl Kind {
    /// Those that producers add.
    pub const ADDED: [Self; 8] = [
        Self::Work,
        Self::Narrow,
        Self::Guarded,
        Self::Paced,
        Self::Once,
        Self::Publish,
        Self::Call,
        Self::Hand,
    ];

    /// Those of flows.
    pub const OF_FLOWS: [Self; 3] = [Self::Leaf, Self::Top, Self::Parent];

    /// The queue in which its jobs run.
    #[must_use]
    pub fn queue(self) -> &'static str {
        match self {
            Self::Work | Self::Narrow | Self::Guarded => "work",
            Self::Paced => "paced",
            Self::Once => "once",
            Self::Publish => "copies",
            Self::Call => "calls",
            Self::Hand => "hand",
            Self::Tick => "ticks",
            Self::Leaf => "leaves",
            Self::Top => "tops",
            Self::Parent => "parents",
        }
    }
}

impl Plan {
    /// How many jobs it has.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.orders.iter().map(|order| order.what.tokens.len()).sum()
    }

    /// The kinds of jobs that it has.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<Kind> {
        let ticks = (!self.schedules.is_empty()).then_some(Kind::Tick);
        let flows = if self.flows.is_empty() { &[][..] } else { &Kind::OF_FLOWS };
        let orders = self.orders.iter().map(|order| order.what.kind);
        orders.chain(ticks).chain(flows.iter().copied()).collect()
    }

    /// The queues whose jobs run.
    #[must_use]
    pub fn queues(&self) -> Vec<&'static str> {
        let queues: BTreeSet<_> = self.kinds().into_iter().map(Kind::queue).collect();
        queues.into_iter().collect()
    }

    /// Whether the server is started again from its log.
    #[must_use]
    pub fn needs_log(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.what, Fault::CutLog(..)))
    }

    /// Whether a connection says nothing any more.
    #[must_use]
    pub fn silences(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.what, Fault::Piece(_, _, Hit::Silence)))
    }

    /// Whether the server's clock jumps.
    #[must_use]
    pub fn jumps(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.what, Fault::JumpServer(_)))
    }

    /// When the last fault begins, in ms.
    #[must_use]
    pub fn last(&self) -> u64 {
        let faults = self.faults.iter().map(|it| it.at);
        let operations = self.operations.iter().map(|it| it.at);
        let flows = self.flows.iter().map(|it| it.at);
        let operations = operations.chain(self.flow_operations.iter().map(|it| it.at)).chain(flows);
        faults.chain(operations).chain(self.orders.iter().map(|it| it.at)).max().unwrap_or(0)
    }
}
