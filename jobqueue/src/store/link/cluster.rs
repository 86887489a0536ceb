//! A cluster: which node serves which slot.
//!
//! The map of slots may be out of date. A redirection or a broken connection marks it stale, and a
//! stale map is read again, from any node that answers, before the next request.
//!
//! The redis crate's own client (feature `cluster-async`) is not used. It has one number of retries
//! for redirections and for requests whose connection broke. With 0 it follows no redirection; with
//! more it sends a script again that may have run, and the caller doesn't learn of it. Here a
//! repeated add or settle must say that it is one. That client also shares one connection to a node
//! among all requests, with one time limit, while a blocking wait needs a connection and a limit of
//! its own. A second client for it would connect to every node. (Read in redis 1.8.)

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{ConnectionAddr, RedisError, Value, from_redis_value};
use tokio::time::timeout;

use super::{
    connection::{Endpoint, Link},
    dial::{Limits, at, overdue, unreachable},
    name::ConnectionName,
    url,
};
use crate::{
    error::Result,
    store::server_error::{self, About},
};

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: Arc<str>,
    port: u16,
}

impl Address {
    /// Reads `host:port`. Without a host it is `here`, the host of the node that answered.
    pub(crate) fn parse(text: &str, here: Option<&str>) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = if host.is_empty() { here? } else { host };
        Some(Self { host: host.into(), port: port.parse().ok()? })
    }
}

/// Links to a cluster's nodes, one for each.
pub(crate) struct Links {
    seed: redis::Client,
    limits: Limits,
    name: ConnectionName,
    links: Mutex<HashMap<Address, Link>>,
}

impl Links {
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn get(&self, address: &Address) -> Result<Link, RedisError> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(address) {
            return Ok(link.clone());
        }
        let endpoint = Endpoint::Server(Box::new(node(&self.seed, address)?));
        let link = Link::new(endpoint, self.limits, self.name.clone());
        links.insert(address.clone(), link.clone());
        Ok(link)
    }

    /// How many connections are gone, to whichever node.
    pub(crate) fn generation(&self) -> u64 {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.values().map(Link::generation).sum()
    }

    pub(crate) fn disconnect(&self) {
        self.links
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .for_each(Link::disconnect);
    }
}

fn node(seed: &redis::Client, address: &Address) -> Result<redis::Client, RedisError> {
    at(seed.get_connection_info(), &address.host, address.port)
}

/// A client's map of its cluster.
pub(crate) struct Cluster {
    /// The node that the URL names, with all settings for the others.
    seed: redis::Client,
    /// For all queues' ordinary requests.
    links: Arc<Links>,
    map: Mutex<Map>,
    stale: AtomicBool,
    /// Locked while asking, so that a hundred tasks ask once. `asked` counts the answers.
    asking: tokio::sync::Mutex<()>,
    asked: AtomicU64,
}

#[derive(Default)]
struct Map {
    /// First slot, last slot, master.
    masters: Vec<(u16, u16, Address)>,
    nodes: Vec<Address>,
}

/// The limit of one node's answer. There are others to ask.
const ONE: Duration = Duration::from_secs(1);

const ACTION: &str = "ask the cluster for its slots";

impl Cluster {
    /// Reads the map from the node of the URL.
    pub(crate) async fn connect(
        endpoint: &Endpoint,
        limits: Limits,
        name: ConnectionName,
    ) -> Result<Arc<Self>> {
        let address = endpoint.address();
        let about = About::server(ACTION, &address);
        let Endpoint::Server(seed) = endpoint else {
            let error = unreachable("sentinels name a node of a cluster as master");
            return Err(server_error::explain(error, about));
        };
        if url::database(seed) != 0 {
            return Err(url::one_database(seed));
        }
        let cluster = Arc::new(Self {
            seed: (**seed).clone(),
            links: new_links(seed, limits, name),
            map: Mutex::default(),
            stale: AtomicBool::new(true),
            asking: tokio::sync::Mutex::default(),
            asked: AtomicU64::default(),
        });
        cluster.learn().await.map_err(|error| server_error::explain(error, about))?;
        Ok(cluster)
    }

    pub(crate) fn limits(&self) -> Limits {
        self.links.limits
    }

    /// The links that all queues share.
    pub(super) fn links(&self) -> Arc<Links> {
        self.links.clone()
    }

    pub(crate) fn new_links(&self) -> Arc<Links> {
        new_links(&self.seed, self.links.limits, self.links.name.waiting())
    }

    /// The map may be wrong.
    pub(crate) fn mark_stale(&self) {
        self.stale.store(true, Ordering::Relaxed);
    }

    /// The master of a slot by the map, which is read again first if it is stale.
    pub(crate) async fn master(&self, slot: u16) -> Result<Address, RedisError> {
        if self.stale.load(Ordering::Relaxed) {
            self.learn().await?;
        }
        let map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(master) = map.master(slot) {
            return Ok(master.clone());
        }
        self.mark_stale();
        Err(unreachable("no node of the cluster serves the queue's slot"))
    }

    /// Links to all masters, by the map.
    pub(crate) async fn masters(&self) -> Result<Vec<Link>, RedisError> {
        if self.stale.load(Ordering::Relaxed) {
            self.learn().await?;
        }
        let map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        let mut masters: Vec<Address> = Vec::new();
        for (_, _, master) in &map.masters {
            if !masters.contains(master) {
                masters.push(master.clone());
            }
        }
        drop(map);
        masters.iter().map(|master| self.links.get(master)).collect()
    }

    /// Asks for the map, of one node after another until one answers.
    async fn learn(&self) -> Result<(), RedisError> {
        let asked = self.asked.load(Ordering::Relaxed);
        let limit = self.links.limits.connect;
        // The task that asks may stand still, with its runtime for instance.
        let _asking = timeout(limit, self.asking.lock()).await;
        if self.asked.load(Ordering::Relaxed) != asked {
            // Another task has asked meanwhile. If that failed, so would this.
            return Ok(());
        }
        // Cleared first: a mark that comes before the answer is about that answer.
        self.stale.store(false, Ordering::Relaxed);
        let learnt = timeout(limit, self.ask_around()).await;
        let learnt = learnt.unwrap_or_else(|_| Err(overdue(limit)));
        if learnt.is_err() {
            self.mark_stale();
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        learnt
    }

    async fn ask_around(&self) -> Result<(), RedisError> {
        let mut nodes = self.map.lock().unwrap_or_else(PoisonError::into_inner).nodes.clone();
        fastrand::shuffle(&mut nodes);
        let known = nodes.iter().map(|address| node(&self.seed, address));
        let mut last = unreachable("the cluster has no nodes");
        for client in known.chain([Ok(self.seed.clone())]) {
            match self.ask(client?).await {
                Ok(map) => {
                    *self.map.lock().unwrap_or_else(PoisonError::into_inner) = map;
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn ask(&self, client: redis::Client) -> Result<Map, RedisError> {
        let here = match client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.clone(),
            _ => "localhost".to_owned(),
        };
        let Limits { connect, response } = self.links.limits;
        let limits = Limits { connect: connect.min(ONE), response: response.min(ONE) };
        let link = Link::new(Endpoint::Server(Box::new(client)), limits, self.links.name.clone());
        let slots = link.request(redis::cmd("CLUSTER").arg("SLOTS")).await?;
        Map::read(slots, &here).ok_or_else(|| unreachable("CLUSTER SLOTS can't be understood"))
    }
}

fn new_links(seed: &redis::Client, limits: Limits, name: ConnectionName) -> Arc<Links> {
    Arc::new(Links { seed: seed.clone(), limits, name, links: Mutex::default() })
}

impl Map {
    fn master(&self, slot: u16) -> Option<&Address> {
        let serves = |(first, last, _): &&(u16, u16, Address)| (*first..=*last).contains(&slot);
        self.masters.iter().find(serves).map(|(_, _, master)| master)
    }

    /// Rows of first slot, last slot, master, replicas. A node without a host has the host of the
    /// node that answers.
    fn read(slots: Value, here: &str) -> Option<Self> {
        let mut map = Self::default();
        for row in array(slots)? {
            let mut row = array(row)?.into_iter();
            let first = from_redis_value(row.next()?).ok()?;
            let last = from_redis_value(row.next()?).ok()?;
            let nodes: Vec<Address> =
                row.map(|node| read_node(node, here)).collect::<Option<_>>()?;
            map.masters.push((first, last, nodes.first()?.clone()));
            map.nodes.extend(nodes);
        }
        map.nodes.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
        map.nodes.dedup();
        Some(map)
    }
}

fn read_node(node: Value, here: &str) -> Option<Address> {
    let mut node = array(node)?.into_iter();
    let host: Option<String> = from_redis_value(node.next()?).ok()?;
    let port = from_redis_value(node.next()?).ok()?;
    let host = host.filter(|host| !host.is_empty() && host != "?");
    Some(Address { host: host.as_deref().unwrap_or(here).into(), port })
}

fn array(value: Value) -> Option<Vec<Value>> {
    if let Value::Array(items) = value { Some(items) } else { None }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The seed holds a password.
        f.write_str("Cluster")
    }
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Links")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let read =
            |text| Address::parse(text, Some("here")).map(|it| (it.host.to_string(), it.port));
        assert_eq!(read("127.0.0.1:7001"), Some(("127.0.0.1".into(), 7001)));
        assert_eq!(read("::1:7001"), Some(("::1".into(), 7001)));
        assert_eq!(read(":7001"), Some(("here".into(), 7001)));
        assert_eq!(read("nonsense"), None);
    }

    #[test]
    fn maps() {
        let text = |text: &str| Value::BulkString(text.into());
        let node = |host: Value, port| Value::Array(vec![host, Value::Int(port), text("id")]);
        let row = |first, last, nodes: [Value; 2]| {
            Value::Array([Value::Int(first), Value::Int(last)].into_iter().chain(nodes).collect())
        };
        let rows = vec![
            row(0, 99, [node(text("a"), 1), node(text("b"), 2)]),
            row(200, 300, [node(Value::Nil, 2), node(text("a"), 1)]),
        ];
        let map = Map::read(Value::Array(rows), "here").expect("a map");
        let master = |slot| map.master(slot).map(|it| (it.host.to_string(), it.port));
        assert_eq!(master(99), Some(("a".into(), 1)));
        assert_eq!(master(100), None);
        assert_eq!(master(200), Some(("here".into(), 2)));
        assert_eq!(map.nodes.len(), 3);
        assert!(Map::read(Value::Int(1), "here").is_none());
    }
}
