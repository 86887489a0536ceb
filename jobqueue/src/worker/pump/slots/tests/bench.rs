//! Slots, and what a test knows of them.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use chrono::DateTime;
use proptest::prelude::*;
use tokio::sync::Semaphore;

use super::super::*;
use crate::{
    job::{Codec, Definition, Delivery, Failure, Job, JobOptions, Record, RunRules, Transition},
    policy::Batching,
    settle::{JobDefaults, RunPolicy},
    worker::{
        batch::{BatchContext, BatchHandler},
        extract::State,
        handler::Handler,
        registry::{Entry, Registry},
        run::{AttemptNumbers, Context, ContextParts, RunParts},
        states::States,
    },
};

/// Runs until the test lets it end.
#[derive(Clone, Copy)]
struct Noop;

type Gate = State<Arc<Semaphore>>;

impl Job for Noop {
    type Payload = ();
    type Output = ();
    const DEFINITION: Definition = Definition::new("orders", "held");
}

impl Handler for Noop {
    async fn call(_: (), ctx: Context) -> Result<(), Failure> {
        use crate::worker::extract::FromContext as _;
        let gate = Gate::from_context(&ctx).await?;
        gate.acquire().await.map_err(Failure::permanent)?.forget();
        Ok(())
    }
}

/// The same for three jobs at once.
#[derive(Clone, Copy)]
struct Threes;

impl Job for Threes {
    type Payload = ();
    type Output = ();
    const DEFINITION: Definition = Definition::new("orders", "threes");
}

impl BatchHandler for Threes {
    const BATCHING: Batching = Batching::new(3).by_group();

    async fn call(jobs: Vec<()>, ctx: BatchContext) -> Result<Vec<Result<(), Failure>>, Failure> {
        use crate::worker::batch::FromBatch as _;
        let gate = Gate::from_batch(&ctx).await?;
        let all = u32::try_from(jobs.len()).map_err(Failure::permanent)?;
        gate.acquire_many(all).await.map_err(Failure::permanent)?.forget();
        Ok(vec![Ok(()); jobs.len()])
    }
}

/// Slots with two runs at once and two jobs ahead, and what the test knows of them.
pub(super) struct Bench {
    pub(super) slots: Slots,
    pub(super) pending: Pending,
    pub(super) entry: Arc<Entry>,
    pub(super) threes: Arc<Entry>,
    pub(super) states: Arc<States>,
    pub(super) gate: Arc<Semaphore>,
    /// The jobs that are held, as Redis would know them.
    pub(super) held: BTreeSet<JobId>,
    /// Jobs whose run may never start, or never again.
    pub(super) gone: BTreeSet<JobId>,
}

pub(super) const CAPACITY: Capacity = Capacity { concurrency: 2, prefetch: 2 };

#[derive(Clone, Debug)]
pub(super) enum Step {
    Admit {
        at_most_once: bool,
    },
    /// A job comes that runs with others, of one of two groups or of none.
    Gather {
        group: u8,
    },
    /// Batches start whose time has come.
    Start,
    /// A job is to end as cancelled.
    Cancel(prop::sample::Index),
    /// A job is held that is not run.
    Reject,
    EndRun,
    /// A call tells what is pending, and is answered.
    Settle,
    /// The lease on one of the held jobs is lost.
    Lose(prop::sample::Index),
    /// What has not started goes back.
    Release,
    Abort,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<bool>().prop_map(|at_most_once| Step::Admit { at_most_once }),
        6 => (0..3_u8).prop_map(|group| Step::Gather { group }),
        3 => Just(Step::Start),
        1 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        1 => Just(Step::Reject),
        4 => Just(Step::EndRun),
        4 => Just(Step::Settle),
        2 => any::<prop::sample::Index>().prop_map(Step::Lose),
        1 => Just(Step::Release),
        1 => Just(Step::Abort),
    ];
    prop::collection::vec(step, 1..60)
}

impl Bench {
    pub(super) fn new() -> Self {
        let (mut registry, mut states) = (Registry::default(), States::default());
        registry.insert::<Noop>().expect("a good handler");
        registry.insert::<Threes>().expect("a good handler");
        let gate = Arc::new(Semaphore::new(0));
        states.insert(gate.clone());
        Self {
            slots: Slots::new(CAPACITY, 3),
            pending: Pending::default(),
            entry: registry.get("held").expect("it was inserted"),
            threes: registry.get("threes").expect("it was inserted"),
            states: Arc::new(states),
            gate,
            held: BTreeSet::new(),
            gone: BTreeSet::new(),
        }
    }

    pub(super) fn run(&mut self, at_most_once: bool) -> Run {
        let entry = self.entry.clone();
        self.run_of(entry, at_most_once, 0)
    }

    pub(super) fn run_of(&mut self, entry: Arc<Entry>, at_most_once: bool, group: u8) -> Run {
        let id = JobId::generate();
        self.held.insert(id.clone());
        let (number, cancellation) = self.slots.hold(&id);
        let delivery = if at_most_once { Delivery::AtMostOnce } else { Delivery::AtLeastOnce };
        let rules = RunRules { delivery, ..RunRules::DEFAULT };
        let record = Record {
            name: "held".parse().expect("a good name"),
            codec: Codec::Json,
            payload: bytes::Bytes::from_static(b"null"),
            created_at: DateTime::UNIX_EPOCH,
            options: JobOptions {
                group: (group > 0).then(|| group.to_string()),
                ..JobOptions::default()
            },
        };
        let ctx = Context::new(ContextParts {
            id,
            record,
            numbers: AttemptNumbers::ONE,
            states: self.states.clone(),
            deadline: OnceLock::new(),
            cancellation,
            trace: None,
            delivery,
            parts: RunParts::new(false),
            shared: None,
        });
        let policy = RunPolicy::new(0, &JobOptions::default(), &rules, &JobDefaults::DEFAULT);
        Run { ready_at: None, number, ctx, policy, entry, pass: None, seat: None }
    }

    pub(super) async fn step(&mut self, step: &Step) {
        match step {
            Step::Admit { at_most_once } => {
                if self.slots.room() > 0 {
                    let run = self.run(*at_most_once);
                    assert!(self.slots.admit(run, &mut self.pending).is_none());
                }
            }
            Step::Gather { group } => {
                let (entry, now) = (self.threes.clone(), Instant::now());
                if self.slots.batch_room(&entry, Threes::BATCHING, now) > 0 {
                    let run = self.run_of(entry, false, *group);
                    assert!(self.slots.admit(run, &mut self.pending).is_none());
                }
            }
            Step::Start => self.start_batches(),
            Step::Cancel(index) => self.cancel(index),
            Step::Reject => {
                if self.slots.room() > 0 {
                    let id = JobId::generate();
                    self.held.insert(id.clone());
                    self.slots.hold(&id);
                    self.pending.release(id);
                }
            }
            Step::EndRun => {
                if self.slots.running() > 0 {
                    // Enough for a batch, of whose jobs the first is waited for.
                    self.gate.add_permits(3);
                    self.note().await;
                }
            }
            Step::Settle => self.settle(),
            Step::Lose(index) => self.lose(index),
            Step::Release => self.slots.release_waiting(&mut self.pending),
            Step::Abort => self.abort().await,
        }
    }

    /// Waits for a report, and does what the pump does with it.
    pub(super) async fn note(&mut self) {
        let report = self.slots.next_report().await.expect("a report");
        let standing = self.slots.ended(&report.id, report.run);
        match standing {
            Standing::Counts => {
                assert!(self.held.contains(&report.id), "it settles a job that is held");
                self.pending.release(report.id);
            }
            Standing::Settled => assert!(self.gone.remove(&report.id)),
            Standing::Lost => {}
        }
        self.start_queued();
    }

    fn start_batches(&mut self) {
        assert!(self.slots.start_batches(&mut self.pending).is_empty(), "none ends at once");
    }

    fn cancel(&mut self, index: &prop::sample::Index) {
        let held: Vec<JobId> = self.held.iter().cloned().collect();
        if !held.is_empty() {
            self.slots.cancel(index.get(&held), &CancelReason::default(), &mut self.pending);
            self.start_queued();
        }
    }

    fn start_queued(&mut self) {
        self.start_batches();
        while let Some(run) = self.slots.next_queued() {
            assert!(self.slots.start(run, &mut self.pending).is_none());
        }
    }

    pub(super) fn settle(&mut self) {
        let batch = self.pending.take_batch();
        for settlement in &batch.settlements {
            assert!(self.held.remove(&settlement.id), "no job is settled twice, or after its loss");
            let before = self.slots.running();
            self.slots.settled(&settlement.id);
            if self.slots.running() > before {
                let completed = matches!(settlement.end, Transition::Completed { .. });
                assert!(completed, "a released job does not run");
                self.gone.insert(settlement.id.clone());
            }
        }
    }

    fn lose(&mut self, index: &prop::sample::Index) {
        let held: Vec<JobId> = self.held.iter().cloned().collect();
        if held.is_empty() {
            return;
        }
        let id = index.get(&held);
        self.held.remove(id);
        self.slots.lose(id);
        self.pending.keep(&self.held.iter().cloned().collect());
        self.slots.prune();
        self.start_queued();
    }

    pub(super) async fn abort(&mut self) {
        for id in self.slots.abort_all() {
            self.pending.release(id);
        }
        self.slots.abort_settled();
        self.gone.clear();
        // Runs of lost jobs are not aborted: they end by themselves.
        self.gate.add_permits(3 * self.slots.running());
        while self.slots.running() > 0 {
            let report = self.slots.next_report().await.expect("a report");
            self.slots.ended(&report.id, report.run);
        }
        self.slots.release_waiting(&mut self.pending);
        self.gate = self.fresh_gate();
    }

    /// Takes back permits that aborted runs have left over.
    fn fresh_gate(&self) -> Arc<Semaphore> {
        self.gate.forget_permits(usize::MAX >> 3);
        self.gate.clone()
    }

    pub(super) fn check(&self) {
        let slots = &self.slots;
        assert_eq!(slots.holds(), self.held.len());
        assert!(slots.taken() <= CAPACITY.concurrency);
        let gathered = slots.gathering.of_handler(&self.threes.name);
        let singles = slots.queued.len() + slots.taken();
        assert!(singles <= CAPACITY.total() && gathered <= 3 * 10 * 2 + CAPACITY.prefetch);
        assert_eq!(
            slots.is_empty(),
            self.held.is_empty() && slots.held.slots() == slots.held.lost_runs()
        );
        let waits = !slots.queued.is_empty() && slots.has_free_slot();
        assert!(!waits, "a queued run waits though a slot is free");
        let pending: BTreeSet<JobId> = self.pending.ids().into_iter().collect();
        assert!(pending.is_subset(&self.held), "only held jobs are settled");
    }
}
