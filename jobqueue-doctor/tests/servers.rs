//! Checks of servers.

use jobqueue::Client;
use jobqueue_doctor::{Check, Doctor, Finding, Severity, Subject, Thresholds, server_findings};
use jobqueue_tests::{clock::Clock, server::RedisServer};

use crate::{client_of, found, report, well};

fn set(server: &RedisServer, name: &str, value: &str) {
    let mut set = redis::cmd("CONFIG");
    let _: () = set.arg("SET").arg(name).arg(value).query(&mut server.connection()).expect("set");
}

/// Takes rights from all who connect.
fn forbid(server: &RedisServer, rights: &[&str]) {
    let mut forbid = redis::cmd("ACL");
    forbid.arg("SETUSER").arg("default").arg(rights);
    let _: () = forbid.query(&mut server.connection()).expect("set");
}

/// The one finding of a check.
async fn one(client: &Client, check: Check) -> Finding {
    let mut findings = found(client, check).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

#[tokio::test]
async fn a_server_that_is_well_has_no_finding_but_its_lack_of_replicas() {
    let (server, client) = well().await;
    let report = report(&client).await;
    let checks: Vec<Check> = report.findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, [Check::Replicas], "{report:?}");
    assert_eq!(report.worst(), Some(Severity::Note));
    assert_eq!((report.servers, report.queues), (1, 0));
    assert_eq!(report.passed().count(), Check::ALL.len() - 1);
    let Subject::Server(address) = &report.findings[0].subject else { panic!("{report:?}") };
    assert!(address.ends_with(&server.port().to_string()), "{address}");
    let json = serde_json::to_value(&report).expect("json");
    assert_eq!(
        (&json["findings"][0]["check"], &json["findings"][0]["severity"]),
        (&"replicas".into(), &"note".into())
    );
}

#[tokio::test]
async fn a_server_that_drops_jobs_is_an_error_and_one_that_drops_less_a_warning() {
    let (server, client) = well().await;
    set(&server, "maxmemory-policy", "allkeys-lru");
    let finding = one(&client, Check::Eviction).await;
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.what.contains("allkeys-lru"), "{finding:?}");
    assert_eq!(finding.mend, "CONFIG SET maxmemory-policy noeviction");
    set(&server, "maxmemory-policy", "volatile-ttl");
    assert_eq!(one(&client, Check::Eviction).await.severity, Severity::Warning);
    set(&server, "maxmemory-policy", "noeviction");
    assert!(found(&client, Check::Eviction).await.is_empty());
}

#[tokio::test]
async fn what_a_crash_loses_is_said() {
    let (server, client) = well().await;
    set(&server, "appendfsync", "no");
    assert_eq!(one(&client, Check::Persistence).await.severity, Severity::Warning);
    set(&server, "appendonly", "no");
    set(&server, "save", "3600 1");
    assert!(one(&client, Check::Persistence).await.means.contains("last snapshot"));
    set(&server, "save", "");
    let finding = one(&client, Check::Persistence).await;
    assert_eq!((finding.severity, &*finding.mend), (Severity::Error, "CONFIG SET appendonly yes"));
}

#[tokio::test]
async fn a_replica_is_an_error_and_one_more_server_mends_their_lack() {
    let (primary, client) = well().await;
    assert_eq!(one(&client, Check::Replicas).await.severity, Severity::Note);
    let (replica, of_replica) = well().await;
    let mut follow = redis::cmd("REPLICAOF");
    follow.arg("127.0.0.1").arg(primary.port());
    let _: () = follow.query(&mut replica.connection()).expect("it follows");
    jobqueue_tests::wait::eventually("it to have one", async || {
        found(&client, Check::Replicas).await.is_empty()
    })
    .await;
    assert_eq!(one(&of_replica, Check::Replicas).await.severity, Severity::Error);
}

#[tokio::test]
async fn a_full_server_is_found() {
    let (server, client) = well().await;
    set(&server, "maxmemory", "100mb");
    assert!(found(&client, Check::Memory).await.is_empty());
    let used = client.server_reports().await.expect("a report")[0].memory.clone();
    let used = used.expect("known").used;
    set(&server, "maxmemory", &(used + used / 20).to_string());
    let finding = one(&client, Check::Memory).await;
    assert!(finding.severity >= Severity::Warning && finding.what.contains("of maxmemory"));
}

#[tokio::test]
async fn air_in_the_memory_is_found() {
    let (_server, client) = well().await;
    let server = &client.server_reports().await.expect("a report")[0];
    let mut strict = Thresholds::default();
    (strict.fragmentation, strict.fragmented_from) = (0.0, 0);
    let found = server_findings(server, &strict);
    let finding = found.iter().find(|it| it.check == Check::Memory).expect("it is found");
    assert!(finding.what.contains("times what it uses"), "{finding:?}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_found() {
    let Some(clock) = Clock::find() else { return };
    let clock = std::sync::Arc::new(clock);
    let server = RedisServer::builder().append_only().clock(&clock).start();
    let client = client_of(&server.url()).await;
    assert!(found(&client, Check::Clock).await.is_empty());
    clock.jump("+3h");
    let finding = one(&client, Check::Clock).await;
    assert!(finding.what.contains("h ahead of"), "{finding:?}");
}

#[tokio::test]
async fn slow_calls_are_found() {
    let (server, client) = well().await;
    assert!(found(&client, Check::SlowLog).await.is_empty());
    set(&server, "slowlog-log-slower-than", "0");
    let ping = redis::cmd("PING");
    let _: String = ping.query(&mut server.connection()).expect("an answer");
    set(&server, "slowlog-log-slower-than", "1000000");
    let finding = one(&client, Check::SlowLog).await;
    assert!(finding.what.contains("slow call") && finding.since.is_some(), "{finding:?}");
}

#[tokio::test]
async fn what_a_user_may_not_ask_is_said_and_stops_nothing() {
    let (server, client) = well().await;
    assert!(report(&client).await.unseen.is_empty());
    client.queue("parcels").expect("a name").add("ship", &1).await.expect("added");
    client.queue("letters").expect("a name").add("ship", &1).await.expect("added");
    assert!(found(&client, Check::Scripts).await.is_empty());
    forbid(&server, &["-info", "-config", "-slowlog", "-memory"]);
    let told = report(&client).await;
    let asked: Vec<_> = told.unseen.iter().map(|unseen| unseen.asked).collect();
    assert_eq!(asked, ["INFO", "CONFIG GET", "SLOWLOG GET", "MEMORY USAGE"], "{told:?}");
    assert_eq!(told.unseen[1].mend, "ACL SETUSER … +config|get");
    let keys = told.unseen.last().expect("four");
    assert_eq!(keys.subjects.len(), 2, "one word for all queues: {keys}");
    assert!(keys.to_string().starts_with("big keys of letters and 1 more: MEMORY USAGE isn't"));
    let passed: Vec<Check> = told.passed().collect();
    let unseen = [Check::Eviction, Check::Persistence, Check::SlowLog, Check::BigKeys];
    assert!(unseen.iter().all(|check| !passed.contains(check)), "they weren't made: {passed:?}");
    forbid(&server, &["-eval", "-evalsha"]);
    let numbers = report(&client).await.unseen.pop().expect("some");
    assert_eq!((numbers.asked, numbers.subjects.len()), ("its numbers", 2), "{numbers}");
    let scripts = one(&client, Check::Scripts).await;
    assert_eq!(scripts.severity, Severity::Error);
    assert!(found(&client, Check::Eviction).await.is_empty(), "it isn't known");
}

#[tokio::test]
async fn the_server_in_the_process_can_be_asked_as_well() {
    let client = client_of("embedded:").await;
    client.queue("parcels").expect("a name").add("ship", &1).await.expect("added");
    let report = Doctor::new(&client).run().await.expect("a report");
    assert_eq!((report.servers, report.queues), (1, 1));
    let checks: Vec<Check> = report.findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, [Check::Persistence], "it can have no replica: {report:?}");
    assert!(report.findings[0].mend.contains("embedded:/"), "{report:?}");
    let asked: Vec<_> = report.unseen.iter().map(|unseen| unseen.asked).collect();
    assert_eq!(asked, ["MEMORY USAGE"], "{report:?}");
    assert!(!report.unseen[0].mend.contains("ACL"), "{report:?}");
}

#[tokio::test]
async fn a_version_that_is_too_old_is_an_error() {
    let (_server, client) = well().await;
    let mut server = client.server_reports().await.expect("a report").remove(0);
    assert_eq!(server.supported, Some(true));
    assert!(found(&client, Check::Version).await.is_empty());
    (server.supported, server.version) = (Some(false), Some("6.0.9".to_owned()));
    let findings = server_findings(&server, &Thresholds::default());
    let finding = findings.iter().find(|it| it.check == Check::Version).expect("it is found");
    assert!(finding.what.contains("6.0.9") && finding.severity == Severity::Error);
}
