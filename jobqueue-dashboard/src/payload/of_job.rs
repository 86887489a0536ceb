//! A job's payload and result as trees, with secrets hidden.

use jobqueue::{Codec, JobInfo, Outcome, dead_letter::DeadLetter, payload::Record};

use super::{redaction::Redaction, tree::Tree};
use crate::web::Problem;

/// Above this, a payload is taken apart only if that is asked for, in bytes.
const LARGE: usize = 64 * 1024;

/// What can be shown of a payload or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Tree(Tree),
    /// Its bytes, if it is large and wasn't asked for.
    Large(usize),
    /// It isn't what its codec reads.
    Unreadable(String),
}

impl Body {
    /// In a line of at most so many characters.
    pub(crate) fn preview(&self, most: usize) -> String {
        let text = match self {
            Self::Tree(tree) => tree.to_json(),
            Self::Large(bytes) => format!("({bytes} bytes)"),
            Self::Unreadable(_) => "(unreadable)".to_owned(),
        };
        match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    pub(crate) fn tree(&self) -> Tree {
        match self {
            Self::Tree(tree) => tree.clone(),
            Self::Large(_) | Self::Unreadable(_) => Tree::Text(self.preview(200)),
        }
    }
}

/// A job's payload.
pub(crate) fn payload(record: &Record, redaction: &Redaction, all: bool) -> Body {
    if let Some(Ok(letter)) = DeadLetter::of(record)
        && let Ok(tree) = letter_tree(&letter, redaction)
    {
        return Body::Tree(tree);
    }
    read(record.codec, &record.payload, redaction, all)
}

/// A dead letter as data, without the bytes of its record: what is hidden could be read from them.
pub(crate) fn letter_tree(letter: &DeadLetter, redaction: &Redaction) -> Result<Tree, Problem> {
    let mut tree = Tree::of(letter)?;
    if let Tree::Map(fields) = &mut tree {
        fields.retain(|(name, _)| name != "raw" && name != "steps");
    }
    redaction.hide(&mut tree);
    let record = letter.record().map_err(jobqueue::Error::from)?;
    if let Some(place) = tree.field_mut("record").and_then(|record| record.field_mut("payload")) {
        *place = payload(&record, redaction, true).tree();
    }
    Ok(tree)
}

/// A job's result, if it is kept.
pub(crate) fn result(job: &JobInfo, redaction: &Redaction, all: bool) -> Option<Body> {
    let Some(Outcome::Completed { codec, result }) = &job.outcome else { return None };
    Some(read(*codec, result, redaction, all))
}

/// A job's progress, if it reported any.
pub(crate) fn progress(job: &JobInfo, redaction: &Redaction) -> Option<Body> {
    let bytes = job.progress.as_ref()?;
    Some(read(Codec::MessagePack, bytes, redaction, false))
}

/// Puts jobs behind the other fields of a page.
pub(crate) fn push_jobs(
    page: &mut Tree,
    jobs: &[JobInfo],
    redaction: &Redaction,
) -> Result<(), Problem> {
    if let Tree::Map(fields) = page {
        let jobs = jobs.iter().map(|job| job_tree(job, redaction));
        fields.push(("jobs".to_owned(), Tree::List(jobs.collect::<Result<_, _>>()?)));
    }
    Ok(())
}

/// A job as data: as it serializes, with payload and result as they are written.
pub(crate) fn job_tree(job: &JobInfo, redaction: &Redaction) -> Result<Tree, Problem> {
    let mut tree = Tree::of(job)?;
    redaction.hide(&mut tree);
    if let Some(place) = tree.field_mut("record").and_then(|record| record.field_mut("payload")) {
        *place = payload(&job.record, redaction, true).tree();
    }
    if let (Some(place), Some(result)) = (
        tree.field_mut("outcome").and_then(|outcome| outcome.field_mut("result")),
        result(job, redaction, true),
    ) {
        *place = result.tree();
    }
    Ok(tree)
}

fn read(codec: Codec, bytes: &[u8], redaction: &Redaction, all: bool) -> Body {
    if bytes.len() > LARGE && !all {
        return Body::Large(bytes.len());
    }
    let read = match codec {
        Codec::Json => std::str::from_utf8(bytes)
            .map_err(|error| error.to_string())
            .and_then(|text| Tree::read(text).map_err(|error| error.to_string())),
        codec => codec
            .decode::<serde_json::Value>(bytes)
            .map_err(|error| error.to_string())
            .and_then(|value| Tree::of(&value).map_err(|problem| problem.words)),
    };
    match read {
        Ok(mut tree) => {
            redaction.hide(&mut tree);
            Body::Tree(tree)
        }
        Err(error) => Body::Unreadable(error),
    }
}
