//! A plan of a seed. Each leaves some kinds of things out: what is rare beside much else is common
//! in another.

use std::time::Duration;

use fastrand::Rng;
use jobqueue::schedule::{CatchUp, Overlap};

use crate::{
    flows,
    plan::{
        Acknowledge, Act, Fault, Hit, Key, KeyRule, Kind, Operation, Order, Plan, Schedule, Timed,
        Way, WorkerPlan,
    },
};

/// When the last thing begins, in ms: all at once meets in other ways than one by one.
const LENGTHS: [u64; 3] = [4_000, 8_000, 12_000];

impl Plan {
    /// The plan of a seed, with about so many jobs.
    #[must_use]
    pub fn of(seed: u64, jobs: usize) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        let mut kinds = some(&mut rng, &Kind::ADDED, 3);
        let orders = orders(&mut rng, &kinds, jobs);
        let schedules = schedules(&mut rng);
        if !schedules.is_empty() {
            kinds.push(Kind::Tick);
        }
        let tokens = orders.iter().flat_map(|order| &order.tokens).copied().max().unwrap_or(1);
        let length = LENGTHS[rng.usize(..LENGTHS.len())];
        let (operations, faults) = (operations(&mut rng, &kinds, tokens), faults(&mut rng));
        let (flows, flow_operations) = flows::draw(seed, length);
        Self {
            seed,
            workers: (0..rng.usize(1..=3)).map(|_| worker(&mut rng)).collect(),
            schedules,
            orders: timed(&mut rng, length, orders),
            operations: timed(&mut rng, length, operations),
            flows,
            flow_operations,
            faults: timed(&mut rng, length, faults),
        }
    }
}

/// Some of them, at least so many.
fn some<T: Copy>(rng: &mut Rng, all: &[T], least: usize) -> Vec<T> {
    let mut all = all.to_vec();
    rng.shuffle(&mut all);
    all.truncate(rng.usize(least..=all.len()));
    all
}

fn worker(rng: &mut Rng) -> WorkerPlan {
    WorkerPlan {
        slots: [1, 2, 5, 20][rng.usize(..4)],
        prefetch: [0, 0, 3][rng.usize(..3)],
        lease: [2_000, 5_000, 10_000][rng.usize(..3)],
    }
}

/// A third of the runs has some.
fn schedules(rng: &mut Rng) -> Vec<Schedule> {
    let count = [0, 0, 1, 3][rng.usize(..4)];
    (0..count).map(|_| schedule(rng)).collect()
}

fn schedule(rng: &mut Rng) -> Schedule {
    Schedule {
        every: [400, 1_000, 1_000, 3_000][rng.usize(..4)],
        catch_up: [CatchUp::Skip, CatchUp::Once, CatchUp::Within(Duration::from_secs(3_600))]
            [rng.usize(..3)],
        overlap: [Overlap::Allow, Overlap::Skip, Overlap::Queue][rng.usize(..3)],
        act: [Act::Succeed, Act::Succeed, Act::FailOnce, Act::FailForGood][rng.usize(..4)],
        takes: [0, 5, 300, 1_500][rng.usize(..4)],
    }
}

/// What the keys of a run do.
fn keys(rng: &mut Rng) -> [KeyRule; 6] {
    [(); 6].map(|()| match rng.usize(..10) {
        0..=3 => KeyRule::UntilEnd,
        4 => KeyRule::Lasting(rng.u64(1..4_000)),
        5 => KeyRule::WhileUnfinished(rng.u64(1..4_000)),
        6 => KeyRule::Replace,
        7..=8 => KeyRule::KeepLast,
        _ => KeyRule::Debounce(rng.u64(1..1_500), rng.u64(500..3_000)),
    })
}

/// How the orders of a run are.
struct Style {
    /// What is rare is rarer by this.
    special: usize,
    /// Whether keys are common.
    keyed: bool,
    keys: [KeyRule; 6],
}

/// Each at some time within so many ms.
fn timed<T>(rng: &mut Rng, length: u64, all: Vec<T>) -> Vec<Timed<T>> {
    let mut all: Vec<_> =
        all.into_iter().map(|what| Timed { at: rng.u64(..length), what }).collect();
    all.sort_by_key(|it| it.at);
    all
}

fn orders(rng: &mut Rng, kinds: &[Kind], jobs: usize) -> Vec<Order> {
    let (mut orders, mut token) = (Vec::new(), 0);
    let keyed = rng.usize(..4) == 0;
    let style = Style { special: rng.usize(1..6), keyed, keys: keys(rng) };
    while (token as usize) < jobs {
        let kind = kinds[rng.usize(..kinds.len())];
        let mut order = order(rng, kind, &style);
        let many = matches!(order.kind, Kind::Work | Kind::Narrow | Kind::Paced | Kind::Once)
            && order.unique.is_none()
            && !order.chosen
            && rng.usize(..8) == 0;
        let count = if many { rng.u32(2..12) } else { 1 };
        order.tokens = (token..token + count).collect();
        token += count;
        orders.push(order);
    }
    orders
}

fn order(rng: &mut Rng, kind: Kind, style: &Style) -> Order {
    let rare = |rng: &mut Rng| rng.usize(..style.special * 3) == 0;
    let has_key = kind == Kind::Work && if style.keyed { rng.bool() } else { rare(rng) };
    let unique = has_key.then(|| {
        let number = rng.u8(..6);
        Key { number, rule: style.keys[usize::from(number)] }
    });
    let debounced = matches!(unique, Some(Key { rule: KeyRule::Debounce(..), .. }));
    let plain = matches!(kind, Kind::Work | Kind::Narrow | Kind::Guarded | Kind::Paced);
    Order {
        producer: rng.usize(..2),
        kind,
        tokens: Vec::new(),
        act: match rng.usize(..16) {
            0..=1 => Act::FailOnce,
            2 => Act::FailForGood,
            3 => Act::FailAlways,
            4 => Act::Panic,
            _ => Act::Succeed,
        },
        takes: [0, 0, 5, 40, 300, 2_500][rng.usize(..6)],
        delay: if plain && !debounced && rare(rng) { rng.u64(1..6_000) } else { 0 },
        priority: if plain && rare(rng) { rng.i16(-5..6) } else { 0 },
        unique,
        chosen: plain && rare(rng),
        ttl: (plain && rare(rng)).then(|| rng.u64(100..5_000)),
        timeout: (plain && rare(rng)).then(|| rng.u64(50..2_000)),
        deadline: (plain && rare(rng)).then(|| rng.u64(100..6_000)),
        retry_for: (plain && rare(rng)).then(|| rng.u64(50..4_000)),
        kept: !rare(rng),
    }
}

fn operations(rng: &mut Rng, kinds: &[Kind], tokens: u32) -> Vec<Operation> {
    let mut operations = Vec::new();
    let count = [0, 4, 12, 30][rng.usize(..4)];
    for _ in 0..count {
        let (kind, token) = (kinds[rng.usize(..kinds.len())], rng.u32(..=tokens));
        operations.push(match rng.usize(..15) {
            0 => Operation::Pause(kind),
            1 => Operation::Resume(kind),
            2 | 3 => Operation::Remove(token),
            4 | 5 => Operation::Retry(token),
            6 => Operation::RetryFailed(kind),
            7 => Operation::Delay(token, rng.u64(..4_000)),
            8 => Operation::Promote(token),
            9 => Operation::Prioritise(token, rng.i16(-5..6)),
            11..=13 => Operation::Cancel(token, [0, 200, 2_000][rng.usize(..3)]),
            10 => Operation::MaxActive(kind, rng.bool().then(|| rng.u64(1..6))),
            _ => Operation::Redrive,
        });
    }
    if kinds.contains(&Kind::Hand) {
        for _ in 0..12 {
            let how = [
                Acknowledge::Complete,
                Acknowledge::Complete,
                Acknowledge::Fail,
                Acknowledge::Release,
                Acknowledge::Later,
                Acknowledge::Extend,
                Acknowledge::Forget,
            ];
            let how = how[rng.usize(..how.len())];
            operations.push(Operation::Receive(rng.usize(1..6), how));
        }
    }
    operations
}

fn faults(rng: &mut Rng) -> Vec<Fault> {
    // A quarter of the runs has none: then nothing may be late either.
    let count = [0, 5, 15, 40][rng.usize(..4)];
    let makers: [fn(&mut Rng) -> Fault; 6] = [piece, piece, process, process, server, clock];
    let makers = some(rng, &makers, 1);
    let mut faults: Vec<_> = (0..count).map(|_| makers[rng.usize(..makers.len())](rng)).collect();
    // One of the two: no replica takes over a log.
    match rng.usize(..16) {
        0 | 1 if count > 0 => faults.push(Fault::Failover(rng.u64(1..500))),
        2 | 3 if count > 0 => {
            let left = if rng.bool() { 1_000 } else { rng.u64(..1_000) };
            faults.push(Fault::CutLog(rng.u64(1..500), left));
        }
        _ => {}
    }
    faults
}

fn piece(rng: &mut Rng) -> Fault {
    let way = if rng.bool() { Way::There } else { Way::Back };
    let hit = match rng.usize(..10) {
        0..=2 => Hit::Lost,
        3 => Hit::Torn,
        4..=5 => Hit::Last,
        6 => Hit::Late(rng.u64(1..200)),
        7..=8 => Hit::Late(rng.u64(200..12_000)),
        _ => Hit::Silence,
    };
    Fault::Piece(way, rng.u32(..8), hit)
}

fn process(rng: &mut Rng) -> Fault {
    let (worker, producer) = (rng.usize(..3), rng.usize(..2));
    match rng.usize(..8) {
        0..=2 => Fault::KillWorker(worker, rng.u64(..3_000)),
        3..=4 => Fault::FreezeWorker(worker, rng.u64(..8_000)),
        5..=6 => Fault::StopWorker(worker, rng.u64(..3_000)),
        _ => Fault::KillProducer(producer),
    }
}

fn server(rng: &mut Rng) -> Fault {
    match rng.usize(..4) {
        0 => Fault::CutAll,
        1 => Fault::Unreachable(rng.u64(..7_000)),
        2 => Fault::ForgetScripts,
        _ => Fault::Restart,
    }
}

fn clock(rng: &mut Rng) -> Fault {
    let hours = |rng: &mut Rng| rng.i64(-5_000..5_000) * 3_600_000;
    match rng.usize(..5) {
        0 => Fault::JumpServer(rng.i64(-2_000..2_000)),
        1 | 2 => Fault::JumpWorker(rng.usize(..3), hours(rng)),
        _ => Fault::JumpProducer(rng.usize(..2), hours(rng)),
    }
}
