//! What exists: the registry's names, each asked whether it still does, and a look at all keys for
//! names that the registry lacks.

use futures_util::future::try_join_all;
use redis::Value;

use super::{
    keys::Key,
    link::Link,
    registry::{Entry, Listed},
    reply,
    server_error::{self, About},
    servers::{Store, Topology},
};
use crate::{
    error::{Error, Result},
    job::QueueName,
};

/// A queue that exists.
#[derive(Clone, Debug)]
pub(crate) struct Existing {
    pub(crate) name: QueueName,
    pub(crate) paused: bool,
    /// Its dead-letter queue, if one is set for the queue itself.
    pub(crate) dead_letter: Option<QueueName>,
}

/// What a look at all keys has found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rescanned {
    pub(crate) looked: u64,
    pub(crate) added: u64,
    pub(crate) removed: u64,
}

/// How many keys one step looks at.
const STEP: usize = 1_000;

const SCANNING: &str = "look at all keys";

impl Store {
    /// Names of the registry after this one, whether or not what they name exists.
    pub(crate) async fn listed(
        &self,
        kind: Listed,
        after: Option<&QueueName>,
        count: usize,
    ) -> Result<Vec<QueueName>> {
        self.registry.page(kind, after, count).await
    }

    /// Which queues' dead letters go to those from this name to that, as pairs of where they go and
    /// where they come from; 1,000 at most.
    pub(crate) async fn letters_of(
        &self,
        from: &QueueName,
        to: &QueueName,
    ) -> Result<Vec<(QueueName, QueueName)>> {
        self.registry.letters(from.as_str(), to.as_str(), STEP).await
    }

    /// The queues among these that exist. One command each, all at once.
    pub(crate) async fn existing(&self, names: &[QueueName]) -> Result<Vec<Existing>> {
        let found = try_join_all(names.iter().map(|name| self.look(name))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn look(&self, name: &QueueName) -> Result<Option<Existing>> {
        const ACTION: &str = "look whether a queue exists";
        let mut command = redis::cmd("HMGET");
        let store = self.queue(name);
        command.arg(store.shared(Key::Meta)).arg(&["layout", "paused", "dead_letter"]);
        let [layout, paused, dead_letter] =
            reply::tuple(store.request_retrying(&command, ACTION).await?, ACTION)?;
        if reply::optional(&layout).is_none() {
            return Ok(None);
        }
        let dead_letter = match reply::optional(&dead_letter) {
            Some(to) => Some(QueueName::from_store(reply::text(to, ACTION)?)),
            None => None,
        };
        let paused = reply::optional(&paused).is_some();
        Ok(Some(Existing { name: name.clone(), paused, dead_letter }))
    }

    /// Those of these names that have what the registry says.
    pub(crate) async fn having(
        &self,
        kind: Listed,
        names: Vec<QueueName>,
    ) -> Result<Vec<QueueName>> {
        const ACTION: &str = "look whether something exists";
        let has = |name: QueueName| async move {
            let store = self.queue(&name);
            let mut command = redis::cmd("EXISTS");
            command.arg(format!("{}{}", store.keys.base(), kind.key()));
            let has = reply::int(&store.request_retrying(&command, ACTION).await?, ACTION)? == 1;
            Ok::<_, Error>(has.then_some(name))
        };
        Ok(try_join_all(names.into_iter().map(has)).await?.into_iter().flatten().collect())
    }

    /// Looks at all keys of all masters, in steps, and writes to the registry what it lacks. Then
    /// removes from it what doesn't exist.
    pub(crate) async fn rescan(&self) -> Result<Rescanned> {
        let mut report = Rescanned::default();
        for link in self.masters().await? {
            self.rescan_server(&link, &mut report).await?;
        }
        for kind in Listed::ALL {
            let mut after = None;
            loop {
                let names = self.registry.page(kind, after.as_ref(), STEP / 10).await?;
                let Some(last) = names.last().cloned() else { break };
                let there = self.having(kind, names.clone()).await?;
                let gone = names.into_iter().filter(|it| !there.contains(it));
                let gone: Vec<Entry> = gone.map(|name| (kind, name, None)).collect();
                if !gone.is_empty() {
                    self.registry.remove(&gone).await?;
                    report.removed += gone.len() as u64;
                }
                after = Some(last);
            }
        }
        Ok(report)
    }

    /// The entry, unless it is of a queue that is none: topics have a `meta` as well.
    async fn is_one(&self, entry: Entry) -> Result<Option<Entry>> {
        if entry.0 != Listed::Queue {
            return Ok(Some(entry));
        }
        let store = self.queue(&entry.1);
        let count = async |command: &str, key| {
            let mut command = redis::cmd(command);
            command.arg(store.shared(key));
            Ok::<_, Error>(reply::int(
                &store.request_retrying(&command, SCANNING).await?,
                SCANNING,
            )?)
        };
        let used = count("HLEN", Key::Meta).await? > 1 || count("EXISTS", Key::Workers).await? == 1;
        Ok(used.then_some(entry))
    }

    pub(super) async fn masters(&self) -> Result<Vec<Link>> {
        match &self.topology {
            Topology::Server(link) => Ok(vec![link.clone()]),
            Topology::Cluster(cluster) => {
                let masters = cluster.masters().await;
                masters.map_err(|error| server_error::explain(error, About::action(SCANNING)))
            }
        }
    }

    async fn rescan_server(&self, link: &Link, report: &mut Rescanned) -> Result<()> {
        let (mut cursor, begin) = ("0".to_owned(), format!("{}:{{", self.prefix));
        // `meta`, `topic`, `schedules` and `flows`, and few others.
        let pattern = format!("{}*}}:[mtsf][eocl][tpho]*", escaped(&begin));
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(STEP);
            let page = link.request(&scan).await;
            let page =
                page.map_err(|error| server_error::explain(error, About::action(SCANNING)))?;
            let [next, keys] = reply::tuple(page, SCANNING)?;
            let keys = reply::array(keys, SCANNING)?;
            report.looked += STEP as u64;
            let found = keys.iter().filter_map(|key| named(key, &begin));
            let found = try_join_all(found.map(|entry| self.is_one(entry))).await?;
            let found: Vec<Entry> = found.into_iter().flatten().collect();
            if !found.is_empty() {
                report.added += self.registry.add(&found).await?;
            }
            let next = reply::text(&next, SCANNING)?;
            if next == "0" {
                return Ok(());
            }
            next.clone_into(&mut cursor);
        }
    }
}

/// What a key is the key of.
fn named(key: &Value, begin: &str) -> Option<Entry> {
    let Value::BulkString(key) = key else { return None };
    let (name, rest) = std::str::from_utf8(key).ok()?.strip_prefix(begin)?.split_once("}:")?;
    let kind = Listed::ALL.into_iter().find(|kind| kind.key() == rest)?;
    Some((kind, name.parse().ok()?, None))
}

/// A text in which a pattern sees no sign.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '*' | '?' | '[' | ']' | '\\' | '^') {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_what_exists() {
        let read = |key: &str| {
            named(&Value::BulkString(key.into()), "jq:{")
                .map(|(kind, name, _)| (kind, name.to_string()))
        };
        assert_eq!(read("jq:{orders}:meta"), Some((Listed::Queue, "orders".to_owned())));
        assert_eq!(read("jq:{a:b}:topic"), Some((Listed::Topic, "a:b".to_owned())));
        assert_eq!(read("jq:{orders}:flow:01"), None);
        assert_eq!(read("other:{orders}:meta"), None);
        assert_eq!(escaped("a*[b"), "a\\*\\[b");
    }
}
