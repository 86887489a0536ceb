//! Bindings: as values, as Redis stores them, and as publishers route by them.

use std::{borrow::Cow, collections::BTreeMap, error::Error as StdError};

use serde::Serialize;

use crate::{
    job::{JobName, QueueName},
    outbox::target,
    policy::{Filter, Pattern, RoutingKey},
    store::topic::{Bindings, RawBinding},
    value_error::{Corrupt, Invalid},
};

/// A binding of a queue to a topic, from [`Topic::bindings`](super::Topic::bindings).
///
/// Serialized: `{"queue": "mails", "pattern": "user.*", "job": null, "filter": [["region",
/// [{"prefix": "eu-"}]]]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Binding {
    /// The queue that gets the messages.
    pub queue: QueueName,
    /// The pattern that their routing keys match.
    pub pattern: String,
    /// The name of their jobs there; without one, a job's name is its message's routing key.
    pub job: Option<JobName>,
    /// The filter that their headers pass.
    pub filter: Option<Filter>,
}

/// A binding that a handler declares.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) topic: QueueName,
    pub(crate) pattern: &'static str,
    pub(crate) job: &'static str,
}

impl Subscription {
    pub(crate) fn new(
        (topic, pattern): (&'static str, &'static str),
        job: &'static str,
    ) -> Result<Self, Invalid> {
        pattern.parse::<Pattern>()?;
        Ok(Self { topic: topic.parse()?, pattern, job })
    }
}

impl Binding {
    /// Its key: `queue pattern name`. A queue has one binding for each pattern and name.
    pub(super) fn key(&self) -> String {
        let Self { queue, pattern, job, .. } = self;
        match job {
            Some(job) => format!("{queue} {pattern} {job}"),
            None => format!("{queue} {pattern}"),
        }
    }

    /// Its target, as outboxes have it.
    pub(super) fn target(&self) -> String {
        target::write(self.queue.as_str(), self.job.as_ref().map(JobName::as_str))
    }

    pub(super) fn read((key, filter): &RawBinding) -> Result<Self, Corrupt> {
        let corrupt = |problem: Box<dyn StdError + Send + Sync>| Corrupt::new("a binding", problem);
        let mut parts = key.splitn(3, ' ');
        let (Some(queue), Some(pattern)) = (parts.next(), parts.next()) else {
            return Err(corrupt("no queue or no pattern".into()));
        };
        let filter = match filter.is_empty() {
            true => None,
            false => Some(rmp_serde::from_slice(filter).map_err(|error| corrupt(error.into()))?),
        };
        let job = parts.next().map(str::parse).transpose();
        Ok(Self {
            queue: queue.parse().map_err(|error: Invalid| corrupt(error.into()))?,
            pattern: pattern.to_owned(),
            job: job.map_err(|error: Invalid| corrupt(error.into()))?,
            filter,
        })
    }
}

/// A topic's bindings, as a publisher routes by them.
#[derive(Debug)]
pub(super) struct Routes {
    pub(super) version: String,
    alternate: String,
    /// Sorted by target, so that those of one target are neighbours.
    routes: Vec<Route>,
}

/// One binding, parsed.
#[derive(Debug)]
pub(super) struct Route {
    pattern: Pattern,
    filter: Option<Filter>,
    target: String,
}

/// The targets of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Routed<'a> {
    /// As an outbox has them; empty if there are none.
    pub(super) targets: Cow<'a, str>,
    /// The number of targets without the alternate queue.
    pub(super) count: usize,
}

/// About how many bytes a target takes in a call.
const TARGET: usize = 24;

impl Routes {
    /// The routes of a publisher that doesn't know the bindings yet.
    pub(super) fn unknown() -> Self {
        Self { version: "0".to_owned(), alternate: String::new(), routes: Vec::new() }
    }

    pub(super) fn read(bindings: Bindings) -> Result<Self, Corrupt> {
        let routes = bindings.all.iter().map(|raw| Route::of(&Binding::read(raw)?));
        let mut routes = routes.collect::<Result<Vec<Route>, _>>()?;
        routes.sort_unstable_by(|a, b| a.target.cmp(&b.target));
        let Bindings { version, alternate, .. } = bindings;
        Ok(Self { version, alternate, routes })
    }

    /// About how many bytes the targets of a message take in a call at most.
    pub(super) fn size(&self) -> usize {
        self.routes.len() * TARGET
    }

    /// The targets of a message: each once, even if several of its bindings match.
    pub(super) fn route(&self, key: &RoutingKey, headers: &BTreeMap<String, String>) -> Routed<'_> {
        let (mut targets, mut last, mut count) = (Cow::Borrowed(""), "", 0);
        for route in &self.routes {
            if route.target == last || !route.matches(key, headers) {
                continue;
            }
            last = &route.target;
            count += 1;
            match count {
                1 => targets = Cow::Borrowed(last),
                _ => {
                    let targets = targets.to_mut();
                    targets.push('\n');
                    targets.push_str(last);
                }
            }
        }
        if count == 0 {
            targets = Cow::Borrowed(&self.alternate);
        }
        Routed { targets, count }
    }
}

impl Route {
    pub(super) fn of(binding: &Binding) -> Result<Self, Corrupt> {
        let pattern = binding.pattern.parse();
        Ok(Self {
            pattern: pattern.map_err(|error| Corrupt::new("a binding", error))?,
            filter: binding.filter.clone(),
            target: binding.target(),
        })
    }

    pub(super) fn matches(&self, key: &RoutingKey, headers: &BTreeMap<String, String>) -> bool {
        self.pattern.matches(key)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(headers))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn binding(key: &str) -> RawBinding {
        (key.to_owned(), Bytes::new())
    }

    fn routes(keys: &[&str], alternate: &str) -> Routes {
        let all = keys.iter().map(|key| binding(key)).collect();
        let (version, alternate) = ("7".to_owned(), alternate.to_owned());
        Routes::read(Bindings { version, alternate, all }).expect("sound bindings")
    }

    #[test]
    fn bindings_survive_the_wire() {
        let filter =
            Filter::header("store").equals("a").and_header("n").number(1.0..=f64::INFINITY);
        for (job, filter) in [(None, None), (Some("send a welcome mail"), Some(filter))] {
            let job = job.map(|job| job.parse().expect("a good name"));
            let queue = "mails".parse().expect("a good name");
            let binding = Binding { queue, pattern: "user.*".to_owned(), job, filter };
            let filter = binding.filter.as_ref();
            let bytes = filter.map(|filter| rmp_serde::to_vec_named(filter).expect("written"));
            let raw = (binding.key(), Bytes::from(bytes.unwrap_or_default()));
            assert_eq!(Binding::read(&raw), Ok(binding));
        }
        for bad in ["", "mails", "{mails} #", "mails # "] {
            assert!(Binding::read(&binding(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_target_once_whatever_the_bindings() {
        let bound = ["mails user.*", "audit #", "mails # welcome", "mails user.created", "x other"];
        let routes = routes(&bound, "lost");
        let to = |key: &str| {
            let key = key.parse().expect("a good key");
            let routed = routes.route(&key, &BTreeMap::new());
            (routed.targets.into_owned(), routed.count)
        };
        assert_eq!(to("user.created"), ("audit\nmails\nmails welcome".to_owned(), 3));
        assert_eq!(to("user"), ("audit\nmails welcome".to_owned(), 2));
        let none = self::routes(&["x other"], "lost");
        let key = "user".parse().expect("a good key");
        assert_eq!(none.route(&key, &BTreeMap::new()), Routed { targets: "lost".into(), count: 0 });
    }
}
