//! What is shown.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use jobqueue::{JobId, JobInfo, JobState, QueueName};

use super::{
    act::Act,
    find::Search,
    poll::Wish,
    snapshot::Snapshot,
    sort::{Sort, is_quiet},
};
use crate::{
    command::queues::{self, QueueView},
    output::Paint,
};

/// How many snapshots a sparkline remembers: a minute, at one in two seconds.
const REMEMBERED: usize = 30;

/// Where one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    Queues,
    /// The jobs of a queue.
    Jobs(QueueName, JobState),
    /// One of them.
    Job(QueueName, JobState, JobId),
    Workers,
}

/// What comes before the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Nothing,
    /// The keys.
    Help,
    /// What is to be confirmed.
    Sure(Act),
}

/// What is shown, and what was typed.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(super) server: String,
    pub(super) every: Duration,
    pub(super) read_only: bool,
    pub(super) paint: Paint,
    pub(super) snapshot: Option<Snapshot>,
    /// Finished jobs a second, by queue, the newest last.
    pub(super) out: HashMap<QueueName, VecDeque<f64>>,
    /// Jobs that waited in all queues.
    pub(super) ready: VecDeque<f64>,
    /// Why the newest snapshot couldn't be read.
    pub(super) problem: Option<String>,
    pub(super) screen: Screen,
    /// The queue at the cursor; none before the first snapshot.
    pub(super) selected: Option<QueueName>,
    /// The row at the cursor, of other screens.
    pub(super) row: usize,
    pub(super) sort: Sort,
    pub(super) search: Search,
    pub(super) shows_quiet: bool,
    pub(super) frozen: bool,
    pub(super) over: Over,
    /// What became of the last action.
    pub(super) answer: Option<String>,
}

impl Model {
    pub(super) fn new(server: String, every: Duration, read_only: bool, paint: Paint) -> Self {
        Self {
            server,
            every,
            read_only,
            paint,
            snapshot: None,
            out: HashMap::new(),
            ready: VecDeque::new(),
            problem: None,
            screen: Screen::Queues,
            selected: None,
            row: 0,
            sort: Sort::default(),
            search: Search::default(),
            shows_quiet: false,
            frozen: false,
            over: Over::Nothing,
            answer: None,
        }
    }

    /// What is to be read beside all queues.
    pub(super) fn wish(&self) -> Wish {
        match &self.screen {
            Screen::Queues => Wish { pane: self.selected.clone(), ..Wish::default() },
            Screen::Jobs(queue, state) => {
                Wish { jobs: Some((queue.clone(), *state)), ..Wish::default() }
            }
            Screen::Job(queue, state, id) => Wish {
                jobs: Some((queue.clone(), *state)),
                job: Some((queue.clone(), id.clone())),
                ..Wish::default()
            },
            Screen::Workers => Wish::default(),
        }
    }

    /// Takes a snapshot in, with rates since the one before.
    pub(super) fn feed(&mut self, mut snapshot: Snapshot) {
        if let Some(before) = &self.snapshot {
            snapshot.queues = queues::since(&before.queues, snapshot.queues);
        }
        let ready: u64 = snapshot.queues.iter().map(QueueView::ready).sum();
        #[expect(clippy::cast_precision_loss, reason = "for a picture")]
        remember(&mut self.ready, ready as f64);
        self.out.retain(|name, _| snapshot.queues.iter().any(|view| view.entry.name == *name));
        for view in &snapshot.queues {
            let done = view.rates.map_or(0.0, |rates| rates.completed + rates.failed);
            remember(self.out.entry(view.entry.name.clone()).or_default(), done);
        }
        self.snapshot = Some(snapshot);
        let shown = self.shown();
        let is_shown = |name: &QueueName| shown.iter().any(|view| view.entry.name == *name);
        if !self.selected.as_ref().is_some_and(is_shown) {
            self.selected = shown.first().map(|view| view.entry.name.clone());
        }
    }

    /// All queues, by name.
    pub(super) fn queues(&self) -> impl Iterator<Item = &QueueView> {
        self.snapshot.iter().flat_map(|snapshot| &snapshot.queues)
    }

    /// One of them.
    pub(super) fn queue(&self, name: &QueueName) -> Option<&QueueView> {
        self.queues().find(|view| view.entry.name == *name)
    }

    /// The queues, in the order of the screen.
    pub(super) fn shown(&self) -> Vec<&QueueView> {
        let mut shown: Vec<&QueueView> = self
            .queues()
            .filter(|view| self.search.wants(view.entry.name.as_str()))
            .filter(|view| self.shows_quiet || !is_quiet(view) || !self.search.text.is_empty())
            .collect();
        self.sort.sort(&mut shown);
        shown
    }

    /// How many quiet ones are left out.
    pub(super) fn hidden(&self) -> usize {
        if self.shows_quiet || !self.search.text.is_empty() {
            return 0;
        }
        self.queues().filter(|view| is_quiet(view)).count()
    }

    /// The queue at the cursor.
    pub(super) fn at_cursor(&self) -> Option<&QueueView> {
        self.queue(self.selected.as_ref()?)
    }

    /// The jobs of the queue that is looked into, once they are read.
    pub(super) fn jobs(&self) -> Option<Vec<&JobInfo>> {
        let (Screen::Jobs(queue, state) | Screen::Job(queue, state, _)) = &self.screen else {
            return None;
        };
        let page = self.snapshot.as_ref()?.jobs.as_ref();
        let page = page.filter(|page| page.queue == *queue && page.state == *state)?;
        Some(page.jobs.iter().filter(|job| self.search.wants_job(job)).collect())
    }

    /// How many rows the screen has.
    pub(super) fn rows(&self) -> usize {
        match &self.screen {
            Screen::Queues => self.shown().len(),
            Screen::Jobs(..) => self.jobs().map_or(0, |jobs| jobs.len()),
            Screen::Job(..) => usize::MAX,
            Screen::Workers => self.snapshot.as_ref().map_or(0, |it| it.workers.len()),
        }
    }
}

fn remember(values: &mut VecDeque<f64>, value: f64) {
    if values.len() >= REMEMBERED {
        values.pop_front();
    }
    values.push_back(value);
}
