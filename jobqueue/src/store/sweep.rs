//! All keys under a prefix are removed. For a test that had it for itself.

use redis::Value;

use super::{
    reply,
    servers::{Store, Topology},
};

/// How many keys are looked at in one call.
const PAGE: usize = 1_000;

impl Store {
    /// Removes all keys under the client's prefix, as far as the server can be reached. Not on a
    /// cluster, whose nodes each have their own.
    pub(crate) async fn remove_all_keys(&self) {
        let Topology::Server(link) = &self.topology else { return };
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("SCAN");
            let pattern = format!("{}:*", self.prefix);
            scan.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(PAGE);
            let Ok(page) = link.request(&scan).await else { return };
            let Some((next, keys)) = read(page) else { return };
            if !keys.is_empty() {
                let mut remove = redis::cmd("UNLINK");
                remove.arg(keys);
                let _ = link.request(&remove).await;
            }
            if next == "0" {
                return;
            }
            cursor = next;
        }
    }
}

fn read(page: Value) -> Option<(String, Vec<Vec<u8>>)> {
    const ACTION: &str = "remove a test's keys";
    let [next, keys] = reply::tuple(page, ACTION).ok()?;
    let keys = reply::array(keys, ACTION).ok()?.into_iter().filter_map(|key| match key {
        Value::BulkString(key) => Some(key),
        _ => None,
    });
    Some((reply::text(&next, ACTION).ok()?.to_owned(), keys.collect()))
}
