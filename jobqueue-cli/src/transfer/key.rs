//! Which keys there are.

use std::{collections::BTreeMap, fmt};

use anyhow::{Result, bail};
use redis::{aio::MultiplexedConnection, cmd, pipe};

use super::Sites;

/// How many keys one answer names, about.
const COUNT: usize = 1000;

/// What stands at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Hash,
    List,
    Set,
    SortedSet,
    Stream,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "string",
            Self::Hash => "hash",
            Self::List => "list",
            Self::Set => "set",
            Self::SortedSet => "sorted set",
            Self::Stream => "stream",
        })
    }
}

/// All keys that begin so, in the order of their names.
pub(super) async fn all(
    redis: &mut MultiplexedConnection,
    prefix: &str,
) -> Result<BTreeMap<Vec<u8>, Kind>> {
    let (mut all, mut cursor) = (BTreeMap::new(), "0".to_owned());
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(&cursor).arg("MATCH").arg(pattern(prefix)).arg("COUNT").arg(COUNT);
        let (next, keys): (String, Vec<Vec<u8>>) = scan.query_async(redis).await?;
        let mut types = pipe();
        for key in &keys {
            types.cmd("TYPE").arg(key);
        }
        let types: Vec<String> =
            if keys.is_empty() { Vec::new() } else { types.query_async(redis).await? };
        for (key, name) in keys.into_iter().zip(types) {
            let kind = match name.as_str() {
                "string" => Kind::Text,
                "hash" => Kind::Hash,
                "list" => Kind::List,
                "set" => Kind::Set,
                "zset" => Kind::SortedSet,
                "stream" => Kind::Stream,
                // It has expired meanwhile.
                "none" => continue,
                other => bail!("{} is a {other}: no queue has such", String::from_utf8_lossy(&key)),
            };
            all.insert(key, kind);
        }
        cursor = next;
        if cursor == "0" {
            return Ok(all);
        }
    }
}

/// What all queues share, beside their own keys: which there are, and what operators did. A log that the
/// target has stays.
pub(super) async fn shared(sites: &mut Sites, prefix: &str) -> Result<BTreeMap<Vec<u8>, Kind>> {
    let mut all = BTreeMap::new();
    for (name, kind, stays) in [("registry", Kind::SortedSet, false), ("audit", Kind::Stream, true)]
    {
        let key = format!("{prefix}:{name}").into_bytes();
        let exists = async |redis: &mut MultiplexedConnection| {
            cmd("EXISTS").arg(&key).query_async::<bool>(redis).await
        };
        if exists(&mut sites.from.redis).await? && !(stays && exists(&mut sites.to.redis).await?) {
            all.insert(key.clone(), kind);
        }
    }
    Ok(all)
}

/// What begins so, whatever the prefix has in it.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::new();
    for letter in prefix.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "*"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_no_pattern() {
        assert_eq!(pattern("jq:"), "jq:*");
        assert_eq!(pattern("a*[b]"), "a\\*\\[b\\]*");
    }
}
