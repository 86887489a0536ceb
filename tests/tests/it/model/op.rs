//! The operations on a queue, in any order: jobs and workers are named by number, so that whatever
//! is left of a sequence while it is shrunk still means something.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{
    hand,
    request::{Due, Keep, Mode, Rule},
};

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Time passes.
    Wait(u64),
    /// A producer adds. The first try may be held up, and a resend goes ahead.
    Add {
        producer: usize,
        first_is_late: bool,
        jobs: Vec<Added>,
    },
    /// A try of an earlier call arrives: the first one, or a resend.
    Late {
        call: usize,
        resend: bool,
    },
    /// A worker's turn; its reply may get lost on the way. A worker that isn't sure which jobs it
    /// holds joins.
    Turn {
        worker: usize,
        ends: Vec<(usize, Ending)>,
        want: usize,
        /// Lanes that the worker limits, and how many of their jobs it can start.
        rooms: Vec<(&'static str, usize)>,
        hold: u64,
        lease: u64,
        lost: bool,
    },
    /// A turn under a name that the worker has given up.
    LateTurn {
        worker: usize,
        want: usize,
    },
    /// A turn of a worker that has miscounted its jobs.
    WrongTurn {
        worker: usize,
        want: usize,
    },
    Join {
        worker: usize,
        lease: u64,
        rate: &'static str,
        active: &'static str,
        lost: bool,
    },
    Heartbeat {
        worker: usize,
        lease: u64,
    },
    Leave {
        worker: usize,
    },
    Hand(hand::Op),
    /// The process is killed, and another takes its place.
    Die {
        worker: usize,
    },
    Progress {
        worker: usize,
        job: usize,
    },
    Log {
        worker: usize,
        job: usize,
        keep: usize,
        lines: usize,
    },
    /// An idle worker takes the token, or finds none.
    TakeToken,
    /// A worker that can't take jobs puts the token back.
    HandOver {
        worker: usize,
    },
    Promote(usize),
    Remove(Vec<usize>),
    Priority(usize, i64),
    Delay(usize, Due),
    Retry(usize),
    Cancel {
        jobs: Vec<usize>,
        keep: usize,
    },
    RetryFailed {
        most: usize,
        skip: usize,
    },
    Clean {
        state: &'static str,
        age: u64,
        most: usize,
    },
    Drain {
        delayed: bool,
    },
    Pause,
    Resume,
    Obliterate {
        force: bool,
    },
    Limit(&'static str, &'static str),
    Holder(&'static str),
    ReleaseKey(&'static str),
    Counts,
    Stats,
    Page {
        state: &'static str,
        offset: usize,
        count: usize,
        reverse: bool,
    },
    Read(Vec<usize>),
}

/// A job to add.
#[derive(Clone, Debug)]
pub(super) struct Added {
    /// One that was added before, or that is new.
    pub(super) again: Option<usize>,
    pub(super) priority: i64,
    pub(super) due: Due,
    pub(super) unique: Option<(&'static str, Rule)>,
    /// A line each.
    pub(super) tags: &'static str,
}

/// How a run ends.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Completed(Keep),
    Failed(Keep),
    /// Failed, and a dead letter was written.
    DeadLettered(Keep),
    Retried {
        delay: u64,
    },
    Released {
        delay: u64,
        misses: Option<u32>,
    },
    /// It goes back before it has started, perhaps into a lane.
    Unstarted {
        lane: Option<&'static str>,
    },
}

/// Completed, and nothing kept.
pub(super) const DONE: Ending = Ending::Completed(Keep { count: 0, age: -1, pool: "" });

/// The number of producers.
const PRODUCERS: usize = 2;

/// The number of workers.
pub(super) const WORKERS: usize = 3;

/// How often each kind of operation happens: time, adds, turns, other calls of workers, operations
/// on jobs and on the queue, reads. With all kinds in one sequence, three rare operations in a row
/// would hardly ever happen.
const THEMES: [[u32; 7]; 4] = [
    [4, 10, 16, 4, 8, 6, 2],
    // Workers that come and go.
    [10, 8, 20, 14, 1, 1, 1],
    // Operators who change things all the time.
    [1, 6, 8, 1, 14, 14, 1],
    // Much is added, and much ends.
    [2, 12, 24, 0, 2, 1, 1],
];

/// Sequences of everything.
pub(super) fn sequences() -> impl Strategy<Value = Vec<Op>> {
    let [everything, crashes, operators, flow] = THEMES.map(|weights| vec(op(weights), 1..40));
    prop_oneof![everything, crashes, operators, flow]
}

fn op([time, adds, turns, works, jobs, queue, looks]: [u32; 7]) -> impl Strategy<Value = Op> {
    prop_oneof![
        time => wait().prop_map(Op::Wait),
        adds => (0..PRODUCERS, prop::bool::weighted(0.2), vec(added(), 1..5)).prop_map(
            |(producer, first_is_late, jobs)| Op::Add { producer, first_is_late, jobs }
        ),
        adds / 2 => (0_usize..8, any::<bool>())
            .prop_map(|(call, resend)| Op::Late { call, resend }),
        turns => turn(),
        works => work(),
        jobs => on_a_job(),
        queue => on_the_queue(),
        looks => look(),
    ]
}

fn wait() -> impl Strategy<Value = u64> {
    select(vec![1, 50, 400, 1_000, 1_001, 4_000, 12_000, 100_000])
}

fn lease() -> impl Strategy<Value = u64> {
    select(vec![500, 3_000, 10_000])
}

fn worker() -> impl Strategy<Value = usize> {
    0..WORKERS
}

/// From this number on a job may be gone; with lower ones, those that are there are counted
/// through.
pub(super) const GONE: usize = 16;

fn job() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 0_usize..2, 1 => 0..GONE, 1 => GONE..32]
}

fn priority() -> impl Strategy<Value = i64> {
    select(vec![0, 0, 0, -1024, -1, 1, 7, 1023])
}

fn delay() -> impl Strategy<Value = u64> {
    select(vec![0, 0, 1, 1_000, 5_000, 3_600_000])
}

fn due() -> impl Strategy<Value = Due> {
    prop_oneof![
        6 => Just(Due::Now),
        2 => delay().prop_map(Due::In),
        1 => (0_u64..20_000).prop_map(Due::In),
        1 => (-5_000_i64..20_000).prop_map(Due::At),
    ]
}

fn added() -> impl Strategy<Value = Added> {
    let tags = select(vec!["", "", "", "a", "b", "a\nb"]);
    let unique = option::weighted(0.3, unique());
    (option::weighted(0.1, job()), priority(), due(), unique, tags).prop_map(
        |(again, priority, due, unique, tags)| match unique {
            // A debounce has its delay.
            Some((key, rule @ Rule { mode: Mode::Debounce(_), .. })) => {
                let due = if let Due::In(ms) = due { Due::In(ms) } else { Due::In(1_000) };
                Added { again, priority, due, unique: Some((key, rule)), tags }
            }
            unique => Added { again, priority, due, unique, tags },
        },
    )
}

/// A key and its rule.
fn unique() -> impl Strategy<Value = (&'static str, Rule)> {
    // So long that none lapses by the real clock while a sequence runs on a busy machine.
    let lifetime = || option::weighted(0.4, select(vec![60_000, 600_000]));
    let keep = || (select(vec!["k", "l"]), lifetime());
    let last = prop_oneof![
        Just(Mode::KeepLast),
        option::of(select(vec![0, 2_000, 30_000])).prop_map(Mode::Debounce),
    ];
    prop_oneof![
        3 => keep().prop_map(|(key, lifetime)| (key, Rule { lifetime, ends: false, mode: Mode::Skip })),
        2 => keep()
            .prop_map(|(key, lifetime)| (key, Rule { lifetime, ends: false, mode: Mode::Replace })),
        // Of a key of its own, since such a job knows it even when it has lapsed.
        1 => prop_oneof![Just(Mode::Skip), Just(Mode::Replace)]
            .prop_map(|mode| (LAPSES, Rule { lifetime: Some(60_000), ends: true, mode })),
        5 => (select(vec!["k", "l"]), last)
            .prop_map(|(key, mode)| (key, Rule { lifetime: None, ends: false, mode })),
    ]
}

/// The key of jobs whose end frees it before its lifetime does.
pub(super) const LAPSES: &str = "u";

fn keep() -> impl Strategy<Value = Keep> {
    let count = select(vec![-1, 0, 0, 1, 2, 5]);
    let age = select(vec![-1, -1, 0, 1_000, 60_000]);
    let pool = select(vec!["", "", "sum", "make a sum"]);
    (count, age, pool).prop_map(|(count, age, pool)| Keep { count, age, pool })
}

pub(super) fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        3 => keep().prop_map(Ending::Completed),
        2 => keep().prop_map(Ending::Failed),
        1 => keep().prop_map(Ending::DeadLettered),
        2 => delay().prop_map(|delay| Ending::Retried { delay }),
        1 => (delay(), option::of(0_u32..4))
            .prop_map(|(delay, misses)| Ending::Released { delay, misses }),
        2 => option::weighted(0.8, lane()).prop_map(|lane| Ending::Unstarted { lane }),
    ]
}

fn lane() -> impl Strategy<Value = &'static str> {
    select(vec!["mail", "make a sum"])
}

fn turn() -> impl Strategy<Value = Op> {
    let ends = vec((job(), ending()), 0..4);
    let hold = select(vec![0, 0, 0, 0, 0, 0, 0, 800, 3_000]);
    let rooms = vec((lane(), 0_usize..3), 0..2);
    (worker(), ends, (0_usize..5, rooms), hold, lease(), prop::bool::weighted(0.08)).prop_map(
        |(worker, ends, (want, rooms), hold, lease, lost)| Op::Turn {
            worker,
            ends,
            want,
            rooms,
            hold,
            lease,
            lost,
        },
    )
}

fn work() -> impl Strategy<Value = Op> {
    let rate = select(vec!["", "", "100 3", "1000 1"]);
    let active = select(vec!["", "", "1", "4"]);
    prop_oneof![
        1 => (worker(), 0_usize..3).prop_map(|(worker, want)| Op::LateTurn { worker, want }),
        1 => (worker(), 0_usize..3).prop_map(|(worker, want)| Op::WrongTurn { worker, want }),
        1 => (worker(), lease(), rate, active, prop::bool::weighted(0.2)).prop_map(
            |(worker, lease, rate, active, lost)| Op::Join { worker, lease, rate, active, lost }
        ),
        2 => (worker(), lease()).prop_map(|(worker, lease)| Op::Heartbeat { worker, lease }),
        1 => worker().prop_map(|worker| Op::Leave { worker }),
        1 => worker().prop_map(|worker| Op::Die { worker }),
        1 => (worker(), job()).prop_map(|(worker, job)| Op::Progress { worker, job }),
        1 => (worker(), job(), 1_usize..4, 1_usize..4)
            .prop_map(|(worker, job, keep, lines)| Op::Log { worker, job, keep, lines }),
        6 => hand::op().prop_map(Op::Hand),
        1 => Just(Op::TakeToken),
        1 => worker().prop_map(|worker| Op::HandOver { worker }),
    ]
}

fn on_a_job() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => job().prop_map(Op::Promote),
        1 => vec(job(), 1..4).prop_map(Op::Remove),
        2 => (job(), priority()).prop_map(|(job, priority)| Op::Priority(job, priority)),
        1 => (job(), due()).prop_map(|(job, due)| Op::Delay(job, due)),
        1 => job().prop_map(Op::Retry),
        3 => (vec(job(), 1..4), select(vec![0, 2]))
            .prop_map(|(jobs, keep)| Op::Cancel { jobs, keep }),
    ]
}

fn on_the_queue() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (1_usize..4, select(vec![0, 0, 0, 1]))
            .prop_map(|(most, skip)| Op::RetryFailed { most, skip }),
        2 => (ended(), select(vec![0, 1_000, 60_000]), 1_usize..4)
            .prop_map(|(state, age, most)| Op::Clean { state, age, most }),
        1 => any::<bool>().prop_map(|delayed| Op::Drain { delayed }),
        2 => Just(Op::Pause),
        4 => Just(Op::Resume),
        1 => prop::bool::weighted(0.3).prop_map(|force| Op::Obliterate { force }),
        6 => limit(),
        1 => key().prop_map(Op::Holder),
        1 => key().prop_map(Op::ReleaseKey),
    ]
}

fn key() -> impl Strategy<Value = &'static str> {
    select(vec!["k", "l", LAPSES])
}

fn ended() -> impl Strategy<Value = &'static str> {
    select(vec!["completed", "failed", "cancelled"])
}

fn limit() -> impl Strategy<Value = Op> {
    let of = |field: &'static str, values: Vec<&'static str>| {
        select(values).prop_map(move |value| Op::Limit(field, value))
    };
    prop_oneof![
        1 => of("rate", vec!["", "-", "100 3", "33.25 1", "1000 2", "0.5 4"]),
        1 => of("active", vec!["", "-", "0", "1", "3"]),
        1 => of("max_length", vec!["", "0", "2", "6"]),
        2 => of("aging", vec!["", "", "1", "60000"]),
        1 => of("events", vec!["", "0", "1000"]),
        2 => of("ttl", vec!["", "1", "700", "5000"]),
    ]
}

fn look() -> impl Strategy<Value = Op> {
    let state = select(vec!["waiting", "delayed", "active", "completed", "failed", "cancelled"]);
    prop_oneof![
        Just(Op::Counts),
        Just(Op::Stats),
        (state, 0_usize..3, 1_usize..6, any::<bool>())
            .prop_map(|(state, offset, count, reverse)| Op::Page { state, offset, count, reverse }),
        vec(job(), 1..5).prop_map(Op::Read),
    ]
}
