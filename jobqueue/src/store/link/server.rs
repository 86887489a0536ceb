//! The check of the server when a client connects: its version, and one log line on its durability.

use std::collections::HashMap;

use redis::Value;
use tracing::{info, warn};

use super::connection::Link;
use crate::{
    error::{Error, Refused, Result},
    error_chain::{chain, source},
    store::{
        reply,
        server_error::{self, About},
    },
    value_error::Invalid,
};

const ACTION: &str = "connect";

/// The oldest versions that have all the commands the scripts use.
const MIN_REDIS: (u32, u32) = (6, 2);
const MIN_VALKEY: (u32, u32) = (7, 2);

/// Refuses a server that can't work, and warns of one that may lose jobs. Returns whether it is a
/// node of a cluster.
pub(crate) async fn check(link: &Link) -> Result<bool> {
    let address = link.address();
    let about = About::server(ACTION, &address);
    check_scripting(link, about).await?;
    match link.request(&redis::cmd("INFO")).await {
        Ok(value) => {
            let info = parse(reply::text(&value, ACTION)?);
            for concern in judge(&info)? {
                warn!("{concern}");
            }
            tell(&info);
            Ok(info.get("cluster_enabled") == Some(&"1"))
        }
        Err(error) => match server_error::explain(error, about) {
            // By its ACL, or because the command was renamed.
            error @ Error::Refused(Refused::Permission { .. } | Refused::Server { .. }) => {
                warn!(error = %chain(&error), "INFO can't be read, so version and eviction policy go unchecked");
                // A server outside a cluster refuses this.
                Ok(link.request(redis::cmd("CLUSTER").arg("SLOTS")).await.is_ok())
            }
            error => Err(error),
        },
    }
}

async fn check_scripting(link: &Link, about: About<'_>) -> Result<()> {
    let answer = link.request(redis::cmd("EVAL").arg("return 1").arg(0)).await;
    match answer {
        Ok(Value::Int(1)) => Ok(()),
        Ok(_) => {
            let source = source("EVAL \"return 1\" did not answer 1");
            Err(Refused::Server { operation: about.operation(), source }.into())
        }
        Err(error) => Err(server_error::explain(error, about)),
    }
}

/// The lines of INFO.
pub(crate) fn parse(info: &str) -> HashMap<&str, &str> {
    info.lines().filter_map(|line| line.trim_end().split_once(':')).collect()
}

/// The warnings about a server; an error if it can't work.
pub(crate) fn judge(info: &HashMap<&str, &str>) -> Result<Vec<String>> {
    let get = |name: &str| info.get(name).copied().unwrap_or_default();
    let (name, version) = name_and_version(info);
    let least = if name == "valkey" { MIN_VALKEY } else { MIN_REDIS };
    if numbers(version).is_some_and(|version| version < least) {
        return Err(Invalid::new(
            "server version",
            format!("{name} {version}"),
            format!("use {name} {}.{} or newer", least.0, least.1),
        )
        .into());
    }
    let mut concerns = Vec::new();
    let policy = get("maxmemory_policy");
    if !policy.is_empty() && policy != "noeviction" {
        concerns.push(format!(
            "maxmemory-policy is {policy}: a full server deletes jobs without a word; set it to \
             noeviction, so that adds are refused instead"
        ));
    }
    // Any node of a cluster leads to all of them.
    if get("role") == "slave" && get("cluster_enabled") != "1" {
        concerns.push(
            "this server is a replica: writes will be refused; connect to the primary".to_owned(),
        );
    }
    Ok(concerns)
}

/// Logs once what a crash of the server may lose.
fn tell(info: &HashMap<&str, &str>) {
    let get = |name: &str| info.get(name).copied().unwrap_or_default();
    let (server, version) = name_and_version(info);
    info!(
        server,
        version,
        append_only_file = get("aof_enabled") == "1",
        replicas = get("connected_slaves"),
        "connected; the server's persistence decides what a crash may lose: with appendfsync \
         everysec about a second, with snapshots alone all since the last one"
    );
}

pub(crate) fn name_and_version<'a>(info: &HashMap<&str, &'a str>) -> (&'static str, &'a str) {
    match info.get("valkey_version") {
        Some(version) => ("valkey", version),
        None => ("redis", info.get("redis_version").copied().unwrap_or_default()),
    }
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(info: &str) -> Result<Vec<String>, String> {
        judge(&parse(info)).map_err(|error| error.to_string())
    }

    #[test]
    fn old_servers_are_refused() {
        assert!(verdict("redis_version:6.2.0\r\n").is_ok());
        assert!(verdict("redis_version:7.0.15\r\nvalkey_version:7.2.4\r\n").is_ok());
        assert!(verdict("redis_version:6.0.9\r\n").expect_err("too old").contains("6.2"));
        assert!(verdict("redis_version:7.2.4\r\nvalkey_version:7.1.0\r\n").is_err());
        // A server that doesn't tell its version is accepted.
        assert_eq!(verdict(""), Ok(Vec::new()));
    }

    #[test]
    fn what_may_lose_jobs_is_said() {
        let info = "redis_version:7.0.15\r\nmaxmemory_policy:allkeys-lru\r\nrole:slave\r\n";
        let concerns = verdict(info).expect("it will do");
        assert_eq!(concerns.len(), 2);
        assert!(concerns[0].contains("noeviction") && concerns[1].contains("primary"));
        assert_eq!(verdict("maxmemory_policy:noeviction\r\nrole:master\r\n"), Ok(Vec::new()));
    }
}
