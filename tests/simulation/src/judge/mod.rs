//! Whether a run was as it should be. The rules are those of the accounts that the fault suite
//! keeps, on more kinds of jobs; and besides: rates, unique keys, and when jobs start.

mod cancels;
mod fates;
mod flows;
mod groups;
mod keys;
mod lifetimes;
mod once;
mod operations;
mod rates;
mod runs;
mod ticks;
mod tidy;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

pub(crate) use self::rates::RATE;
use crate::{
    book::Note,
    flows::FlowFound,
    ledger::Ledger,
    plan::{Kind, Plan},
};

/// Ways in which a run may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// An acknowledged job is nowhere, and never ended.
    Lost,
    /// A job stands twice, ended twice, or was added twice.
    Duplicated,
    /// Something of a job is left that is no more, or belongs to none.
    Leaked,
    /// A run settled a job that it no longer held.
    Unfenced,
    /// Something ran that nobody added.
    Invented,
    /// Numbers don't add up, or a job ended otherwise than it should.
    Unsound,
    /// More started than the rate allows, or than may run at once.
    TooFast,
    /// A job that could start didn't, or a lease ended though nothing was wrong.
    Late,
    /// Something waits for ever.
    Stuck,
}

/// What is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In which way.
    pub wrong: Wrong,
    /// What.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.wrong, self.what)
    }
}

/// The data to compare, and the findings.
pub(crate) struct Judge<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) notes: &'a [(Duration, Note)],
    pub(crate) ledgers: &'a BTreeMap<&'static str, Ledger>,
    /// How each flow stands.
    pub(crate) flows: &'a [FlowFound],
    /// The runs whose outcomes are kept, by queue and job.
    pub(crate) outcomes: &'a BTreeMap<(&'static str, String), u64>,
    /// From when to when writes were lost.
    pub(crate) lost: &'a [(Duration, Duration)],
    /// From when on nothing was wrong any more, by the server's clock.
    pub(crate) calm: u64,
    /// Jobs of which something happened while writes were lost: they aren't judged.
    excused: BTreeSet<String>,
    findings: Vec<Finding>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        notes: &'a [(Duration, Note)],
        (ledgers, flows): (&'a BTreeMap<&'static str, Ledger>, &'a [FlowFound]),
        outcomes: &'a BTreeMap<(&'static str, String), u64>,
        lost: &'a [(Duration, Duration)],
    ) -> Self {
        let mut judge = Self {
            plan,
            notes,
            ledgers,
            flows,
            outcomes,
            lost,
            calm: u64::MAX,
            excused: BTreeSet::new(),
            findings: Vec::new(),
        };
        judge.excused = judge.find_excused();
        judge
    }

    /// What is wrong.
    pub(crate) fn judge(mut self, calm: u64) -> Vec<Finding> {
        self.calm = calm;
        self.check_fates();
        self.check_histories();
        self.check_unique_keys();
        self.check_last_adds();
        self.check_cancels();
        self.check_lifetimes();
        self.check_ticks();
        self.check_effects_once();
        self.check_flows();
        self.check_groups();
        self.check_messages();
        self.check_runs();
        self.check_outcomes();
        self.check_columns();
        self.check_totals();
        self.check_effects();
        self.check_operations();
        self.check_rate();
        self.check_leases();
        self.findings
    }

    fn complain(&mut self, wrong: Wrong, what: String) {
        self.findings.push(Finding { wrong, what });
    }

    fn is_excused(&self, id: &str) -> bool {
        self.excused.contains(id)
    }

    /// From a little before the copy was made, since an answer may have been on its way, to a while
    /// after it took over: runs of before go on, and hear of it late.
    fn find_excused(&self) -> BTreeSet<String> {
        let (before, after) = (Duration::from_secs(13), Duration::from_secs(30));
        let within = |at: Duration| {
            self.lost.iter().any(|(from, to)| at + before >= *from && at <= *to + after)
        };
        let notes = self.notes.iter().filter(|(at, _)| within(*at));
        notes
            .filter_map(|(_, note)| match note {
                Note::Added { id, .. }
                | Note::Start { id, .. }
                | Note::Effect { id, .. }
                | Note::Cancelled { id, .. }
                | Note::Lost { id, .. } => Some(id.clone()),
                _ => None,
            })
            .collect()
    }

    fn kind_of(&self, token: u32) -> Option<(Kind, &'a crate::plan::Order)> {
        let order = self.plan.orders.iter().find(|order| order.what.tokens.contains(&token))?;
        Some((order.what.kind, &order.what))
    }
}
