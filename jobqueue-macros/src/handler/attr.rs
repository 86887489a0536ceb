//! Parse: what stands in the parentheses of `#[job(…)]`, as it stands there.

use syn::{
    Expr, Ident, LitStr, Path, Token,
    parse::{Parse, ParseStream},
};

use super::{
    batch::BatchArguments,
    concurrency_keys::{self, ConcurrencyKey},
    tags::Tags,
    unique::Unique,
};
use crate::arguments::{flag, once, read, value};

/// The arguments of `#[job(…)]`.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) implements: Option<Path>,
    pub(super) queue: Option<Expr>,
    pub(super) name: Option<Expr>,
    pub(super) codec: Option<Expr>,
    pub(super) attempts: Option<Expr>,
    pub(super) priority: Option<Expr>,
    pub(super) ttl: Option<Expr>,
    pub(super) deadline: Option<Expr>,
    pub(super) retry_for: Option<Expr>,
    pub(super) snoozes: Option<Expr>,
    pub(super) concurrency: Option<Expr>,
    pub(super) timeout: Option<Expr>,
    pub(super) cancel_grace: Option<Expr>,
    pub(super) retry: Option<Expr>,
    pub(super) classify: Option<Expr>,
    pub(super) backoff: Option<Expr>,
    pub(super) retain: Option<Expr>,
    pub(super) retain_failed: Option<Expr>,
    pub(super) rate: Option<Expr>,
    pub(super) breaker: Option<Expr>,
    pub(super) dead_letter: Option<Expr>,
    pub(super) at_most_once: Option<Ident>,
    pub(super) subscribe: Option<Expr>,
    pub(super) schedule: Option<Expr>,
    pub(super) tz: Option<Expr>,
    pub(super) every: Option<Expr>,
    pub(super) offset: Option<Expr>,
    pub(super) jitter: Option<Expr>,
    pub(super) catch_up: Option<Expr>,
    pub(super) overlap: Option<Expr>,
    pub(super) blocking: Option<Ident>,
    pub(super) steps: Option<Ident>,
    pub(super) idempotent: Option<Idempotent>,
    pub(super) unique: Option<Unique>,
    pub(super) tags: Option<Tags>,
    pub(super) group: Option<LitStr>,
    pub(super) keys: Vec<ConcurrencyKey>,
    pub(super) batch: Option<BatchArguments>,
}

/// `idempotent`, or `idempotent = "7d"`.
pub(super) struct Idempotent {
    pub(super) word: Ident,
    pub(super) lifetime: Option<Expr>,
}

/// All arguments there are.
const KNOWN: [&str; 39] = [
    "queue",
    "name",
    "implements",
    "attempts",
    "backoff",
    "retry",
    "classify",
    "timeout",
    "cancel_grace",
    "priority",
    "ttl",
    "deadline",
    "retry_for",
    "snoozes",
    "retain",
    "retain_failed",
    "concurrency",
    "rate",
    "breaker",
    "codec",
    "dead_letter",
    "idempotent",
    "at_most_once",
    "subscribe",
    "schedule",
    "tz",
    "every",
    "offset",
    "jitter",
    "catch_up",
    "overlap",
    "blocking",
    "steps",
    "unique",
    "tags",
    "group",
    "concurrency_key",
    "per_key",
    "batch",
];

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        read(input, &KNOWN, |word, input| arguments.argument(word, input))?;
        Ok(arguments)
    }
}

impl Arguments {
    fn argument(&mut self, word: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let text = word.to_string();
        match text.as_str() {
            "implements" => once(&mut self.implements, word, || value(input, word)),
            "at_most_once" => once(&mut self.at_most_once, word, || flag(input, word)),
            "blocking" => once(&mut self.blocking, word, || flag(input, word)),
            "steps" => once(&mut self.steps, word, || flag(input, word)),
            "idempotent" => once(&mut self.idempotent, word, || {
                let lifetime = input.peek(Token![=]).then(|| value(input, word)).transpose()?;
                Ok(Idempotent { word: word.clone(), lifetime })
            }),
            "unique" => once(&mut self.unique, word, || Unique::parse(word, input)),
            "tags" => once(&mut self.tags, word, || Tags::parse(word, input)),
            "group" => once(&mut self.group, word, || value(input, word)),
            "concurrency_key" | "per_key" => concurrency_keys::read(&mut self.keys, word, input),
            "batch" => once(&mut self.batch, word, || BatchArguments::parse(word, input)),
            text => match self.expression(text) {
                Some(slot) => once(slot, word, || value(input, word)),
                None => Ok(()),
            },
        }
    }

    /// Where the value of an argument of this name goes.
    fn expression(&mut self, word: &str) -> Option<&mut Option<Expr>> {
        Some(match word {
            "queue" => &mut self.queue,
            "name" => &mut self.name,
            "codec" => &mut self.codec,
            "attempts" => &mut self.attempts,
            "priority" => &mut self.priority,
            "ttl" => &mut self.ttl,
            "deadline" => &mut self.deadline,
            "retry_for" => &mut self.retry_for,
            "snoozes" => &mut self.snoozes,
            "concurrency" => &mut self.concurrency,
            "retry" => &mut self.retry,
            "classify" => &mut self.classify,
            "timeout" => &mut self.timeout,
            "cancel_grace" => &mut self.cancel_grace,
            "backoff" => &mut self.backoff,
            "retain" => &mut self.retain,
            "retain_failed" => &mut self.retain_failed,
            "rate" => &mut self.rate,
            "breaker" => &mut self.breaker,
            "dead_letter" => &mut self.dead_letter,
            "subscribe" => &mut self.subscribe,
            "schedule" => &mut self.schedule,
            "tz" => &mut self.tz,
            "every" => &mut self.every,
            "offset" => &mut self.offset,
            "jitter" => &mut self.jitter,
            "catch_up" => &mut self.catch_up,
            "overlap" => &mut self.overlap,
            _ => return None,
        })
    }
}
