//! Whether notes and ledger agree.

mod fates;
mod runs;
mod tidy;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use super::{ledger::Ledger, note::Note};

/// The findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Adds that were acknowledged.
    pub acknowledged: u64,
    /// Jobs that were added, acknowledged or not.
    pub jobs: u64,
    /// Jobs that completed, and that failed for good.
    pub ended: u64,
    /// Jobs that wait, are delayed or active.
    pub standing: u64,
    /// Runs that began.
    pub runs: u64,
    /// Runs beyond one for each attempt of a job: the price of at-least-once.
    pub repeated: u64,
    /// Runs that were told that their lease is lost.
    pub told: u64,
    /// Dead letters in their queue.
    pub dead_letters: u64,
    /// Violations, by kind.
    pub wrong: BTreeMap<Wrong, Vec<String>>,
}

/// Ways in which it may be wrong.
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
}

/// The data to compare, and the findings.
struct Audit<'a> {
    notes: Index<'a>,
    ledger: &'a Ledger,
    proof: Proof,
}

/// Notes, to be looked up.
#[derive(Default)]
struct Index<'a> {
    intents: HashSet<&'a str>,
    added: Vec<(&'a str, &'a str)>,
    /// id, run, attempt, token
    starts: Vec<(&'a str, &'a str, u32, &'a str)>,
    effects: HashSet<(&'a str, &'a str)>,
    lost: HashSet<(&'a str, &'a str)>,
    /// The tokens of jobs, from any note that has them.
    tokens: HashMap<&'a str, &'a str>,
}

impl Proof {
    /// Compares.
    #[must_use]
    pub fn of(notes: &[Note], ledger: &Ledger) -> Self {
        let notes = Index::of(notes, ledger);
        let mut audit = Audit { notes, ledger, proof: Self::default() };
        audit.count();
        audit.check_fates();
        audit.check_histories();
        audit.check_runs();
        audit.check_dead_letters();
        audit.check_columns();
        audit.check_totals();
        audit.proof
    }

    /// How much is wrong in one way.
    #[must_use]
    pub fn number(&self, kind: Wrong) -> usize {
        self.wrong.get(&kind).map_or(0, Vec::len)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Demands that nothing is wrong, and that every job has ended.
    ///
    /// # Panics
    /// It isn't so; the message has the findings.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.holds() && self.standing == 0, "{self}");
    }

    /// Adds the findings of another account.
    pub fn absorb(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.jobs += other.jobs;
        self.ended += other.ended;
        self.standing += other.standing;
        self.runs += other.runs;
        self.repeated += other.repeated;
        self.told += other.told;
        self.dead_letters += other.dead_letters;
        for (kind, found) in other.wrong {
            self.wrong.entry(kind).or_default().extend(found);
        }
    }
}

impl<'a> Index<'a> {
    fn of(notes: &'a [Note], ledger: &'a Ledger) -> Self {
        let mut index = Self::default();
        for note in notes {
            match note {
                Note::Intent { token } => index.intents.extend([token.as_str()]),
                Note::Added { token, id } => {
                    index.added.push((token, id));
                    index.tokens.insert(id, token);
                }
                Note::Start { id, run, attempt, token } => {
                    index.starts.push((id, run, *attempt, token));
                    index.tokens.insert(id, token);
                }
                Note::Effect { id, run } => index.effects.extend([(id.as_str(), run.as_str())]),
                Note::Lost { id, run } => index.lost.extend([(id.as_str(), run.as_str())]),
            }
        }
        for (id, task) in &ledger.tasks {
            index.tokens.insert(id, &task.token);
        }
        index
    }
}

impl Audit<'_> {
    fn complain(&mut self, kind: Wrong, what: String) {
        self.proof.wrong.entry(kind).or_default().push(what);
    }

    fn count(&mut self) {
        let (notes, ledger) = (&self.notes, self.ledger);
        let number = |count: usize| count as u64;
        let runs: Vec<_> = notes.starts.iter().map(|(id, _, attempt, _)| (id, attempt)).collect();
        let attempts: HashSet<_> = runs.iter().collect();
        let standing = |places: &&Vec<&str>| {
            places.iter().any(|place| ["waiting", "delayed", "active"].contains(place))
        };
        let kinds = |history: &Vec<String>, wanted: &[&str]| {
            history.iter().any(|kind| wanted.contains(&kind.as_str()))
        };
        let with = |wanted: &[&str]| {
            number(ledger.history.values().filter(|history| kinds(history, wanted)).count())
        };
        self.proof.acknowledged = number(notes.added.len());
        self.proof.jobs = with(&["added"]);
        self.proof.ended = with(&["completed", "failed"]);
        self.proof.standing = number(ledger.places.values().filter(standing).count());
        self.proof.runs = number(notes.starts.len());
        self.proof.repeated = number(runs.len() - attempts.len());
        self.proof.told = number(notes.lost.len());
        self.proof.dead_letters = number(ledger.dead_letters.values().sum());
    }
}

/// How many findings of a kind are shown.
const SHOWN: usize = 10;

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, jobs, ended, standing, runs, repeated, told, .. } = self;
        let Self { dead_letters, wrong, .. } = self;
        let [lost, duplicated, leaked] =
            [Wrong::Lost, Wrong::Duplicated, Wrong::Leaked].map(|kind| self.number(kind));
        writeln!(f, "lost {lost}, duplicated {duplicated}, leaked {leaked}")?;
        write!(
            f,
            "{jobs} jobs added, {acknowledged} of them acknowledged; {ended} ended, \
             {standing} standing; {runs} runs, {repeated} of them repeated, \
             {told} told that their lease was lost; {dead_letters} dead letters"
        )?;
        for (kind, found) in wrong {
            write!(f, "\n{kind:?}: {}", found.len())?;
            found.iter().take(SHOWN).try_for_each(|what| write!(f, "\n  {what}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
