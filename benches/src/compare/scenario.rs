//! What is measured.

use jobqueue_bench_peer::{Add, How, Kind, Latency, Process};

use super::Role;

/// One thing to measure: what is done before, and what is measured.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, in tables and in JSON.
    pub name: String,
    /// Jobs that are added before anything is measured.
    pub before: Option<Add>,
    /// What is measured.
    pub step: Step,
    /// How many processes take part.
    pub processes: usize,
    /// What a peer must not lack to take part.
    pub needs: &'static [&'static str],
    /// Whether it is one of the central ones.
    pub quick: bool,
    /// Whether only our rivals take part, since it takes long.
    pub long: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Jobs are added.
    Add(Add),
    /// Jobs that were added before are run; so many of them, if not all.
    Process(Process, usize),
    /// Jobs are added and then run, all of it measured.
    Both(Add, Process),
    /// How long jobs wait.
    Latency(Latency),
}

/// How long a payload is, where it isn't memory that is measured.
const BYTES: usize = 100;

fn add(how: How, jobs: usize, kind: Kind) -> Add {
    Add { how, jobs, bytes: BYTES, kind }
}

fn process(slots: usize, keep: i64, jobs: usize, kind: Kind) -> Process {
    Process { slots, keep, jobs, kind }
}

impl Scenario {
    fn new(name: impl Into<String>, step: Step) -> Self {
        let (name, needs) = (name.into(), &[][..]);
        Self { name, before: None, step, processes: 1, needs, quick: false, long: false }
    }

    /// Adds so many jobs beforehand, in the way that is fastest for all.
    fn with(mut self, jobs: usize, kind: Kind) -> Self {
        self.before = Some(add(How::Bulk, jobs, kind));
        self
    }

    fn quick(mut self) -> Self {
        self.quick = true;
        self
    }

    fn long(mut self) -> Self {
        self.long = true;
        self
    }

    fn needing(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }

    /// Whether a contestant of this role takes part, in a full or in a quick comparison. A quick
    /// one has the central scenarios with our rivals, and one scenario each with the others.
    #[must_use]
    pub fn admits(&self, role: Role, quick: bool) -> bool {
        match role {
            Role::Ours | Role::Rival => self.quick || !quick,
            Role::Other if quick => self.name == "process-100-kept-0",
            Role::Floor if quick => self.name == "batches-of-100",
            Role::Other | Role::Floor => !self.long,
        }
    }

    /// The same with no more than so many jobs.
    #[must_use]
    pub fn with_at_most(&self, most: usize) -> Self {
        let mut less = self.clone();
        if let Some(add) = &mut less.before {
            add.jobs = add.jobs.min(most);
        }
        match &mut less.step {
            Step::Add(add) => add.jobs = add.jobs.min(most),
            Step::Process(process, jobs) => {
                process.jobs = process.jobs.min(most);
                *jobs = (*jobs).min(most);
            }
            Step::Both(add, process) => {
                add.jobs = add.jobs.min(most);
                process.jobs = process.jobs.min(most);
            }
            // They don't wait together.
            Step::Latency(_) => {}
        }
        less
    }

    /// How often each job is to run.
    #[must_use]
    pub fn runs_each(&self) -> usize {
        match self.step {
            Step::Process(Process { kind: Kind::FailOnce, .. }, _) => 2,
            _ => 1,
        }
    }
}

/// All scenarios; `scale` is a share of the full number of jobs.
#[must_use]
pub fn scenarios(scale: f64) -> Vec<Scenario> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of jobs")]
    let scaled = |jobs: usize| ((jobs as f64 * scale) as usize).max(100);
    let mut all = adding(scaled);
    all.extend(processing(scaled));
    all.extend(waiting(scaled));
    all
}

fn adding(scaled: impl Fn(usize) -> usize) -> Vec<Scenario> {
    // Three quarters of a power of two, as full as hash tables are on the average; and never few,
    // since of those what a server has beside the jobs is a part that counts.
    let weighed = scaled(50_000).max(25_000);
    let weighed = Add { bytes: 117, ..add(How::Bulk, weighed, Kind::Plain) };
    // Fewer are over before what an empty server has of its own, like memory that is still warm,
    // has had its say.
    let one_by_one = scaled(25_000).max(20_000);
    vec![
        Scenario::new("add-one", Step::Add(add(How::One, one_by_one, Kind::Plain))).quick(),
        Scenario::new("add-1000-tasks", Step::Add(add(How::Tasks, scaled(50_000), Kind::Plain)))
            .quick(),
        Scenario::new("add-bulk", Step::Add(add(How::Bulk, scaled(50_000), Kind::Plain)))
            .quick()
            .needing(&["bulk"]),
        Scenario::new("memory-waiting", Step::Add(weighed)).quick(),
    ]
}

fn processing(scaled: impl Fn(usize) -> usize) -> Vec<Scenario> {
    let mut all = Vec::new();
    for (slots, jobs) in [(1, 5_000), (10, 20_000), (100, 40_000), (500, 40_000)] {
        for (keep, needs) in [(0, &[][..]), (1_000, &["keep"][..])] {
            // Fewer are over before they can be measured: we need a tenth of a second for so many.
            let least = if slots == 1 { 5_000 } else { 12_000 };
            let jobs = scaled(jobs).max(least);
            let step = Step::Process(process(slots, keep, jobs, Kind::Plain), jobs);
            let mut scenario = Scenario::new(format!("process-{slots}-kept-{keep}"), step)
                .with(jobs, Kind::Plain)
                .needing(needs);
            scenario.quick = slots == 100 || (slots, keep) == (1, 0);
            all.push(scenario);
        }
    }
    let jobs = scaled(20_000);
    let plain = |keep| Step::Process(process(100, keep, jobs, Kind::Plain), jobs);
    let mut fleet = Scenario::new("four-processes", plain(0)).with(jobs, Kind::Plain);
    fleet.processes = 4;
    all.push(fleet);
    all.push(
        Scenario::new("memory-completed", plain(-1)).with(jobs, Kind::Plain).needing(&["keep"]),
    );
    for (name, kind, needs) in [
        ("retries", Kind::FailOnce, &["fail_once"][..]),
        ("priorities", Kind::Priorities, &["priorities"][..]),
    ] {
        let step = Step::Process(process(100, 0, jobs, kind), jobs);
        all.push(Scenario::new(name, step).with(jobs, kind).needing(needs));
    }
    let jobs = scaled(20_000);
    let step = Step::Both(add(How::Bulk100, jobs, Kind::Plain), process(100, 0, jobs, Kind::Plain));
    all.push(Scenario::new("batches-of-100", step).quick().needing(&["bulk"]));
    all
}

fn waiting(scaled: impl Fn(usize) -> usize) -> Vec<Scenario> {
    // Of fewer, the p99 is the one that came when all was cold.
    let idle = Latency { slots: 100, jobs: scaled(500).max(250), bytes: BYTES, per_second: 0 };
    let steady = Latency { slots: 100, jobs: scaled(50_000), bytes: BYTES, per_second: 5_000 };
    let jobs = scaled(100_000);
    // Times are set when it is played.
    let due = Kind::Due { from_ms: 0.0, within_ms: jobs as f64 / 10.0 };
    let late = Step::Process(process(100, 0, jobs, due), jobs);
    let deep = |waiting: usize| {
        let taken = 10_000.min(waiting);
        Scenario::new(
            format!("process-100-waiting-{waiting}"),
            Step::Process(process(100, 0, waiting, Kind::Plain), taken),
        )
        .with(waiting, Kind::Plain)
        .long()
    };
    vec![
        Scenario::new("latency-idle", Step::Latency(idle)).quick().needing(&["latency"]),
        Scenario::new("latency-5000-per-s", Step::Latency(steady)).needing(&["latency"]),
        Scenario::new("delayed", late).with(jobs, due).needing(&["due"]).long(),
        deep(10_000),
        deep(scaled(1_000_000)),
    ]
}
