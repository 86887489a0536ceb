//! Clients of `embedded:/path`, whose server keeps its data in a folder.

use std::{fs, path::Path, time::Duration};

use bytes::Bytes;
use jobqueue::{Client, Durability, Error, job};
use jobqueue_engine::{Folder, Options, Reply};
use jobqueue_tests::{
    folder::{SharedFolder, four_processes, server_killed, server_of},
    wait::eventually,
};

use crate::support::{Running, worker};

#[job(queue = "sums")]
async fn double(number: u64) -> u64 {
    2 * number
}

async fn waiting(client: &Client) -> u64 {
    client.queue("sums").expect("a good name").counts().await.expect("counted").waiting
}

#[tokio::test]
async fn jobs_stay_when_the_last_client_has_gone() {
    for sync in ["", "?sync=always", "?sync=everysec", "?sync=no"] {
        let folder = SharedFolder::new();
        let url = format!("embedded:{}{sync}", folder.path().display());
        for round in 0..3 {
            let client = Client::connect(&url).await.expect("connected");
            assert_eq!(waiting(&client).await, round * 10, "{sync}");
            client.add_all(double, 0..10).await.expect("added");
        }
        let client = Client::connect(&url).await.expect("connected");
        let running = Running::start(worker(&client).handler(double));
        let last = client.add(double, 21).await.expect("added");
        assert_eq!(last.result().await.expect("a result"), 42);
        running.stop().await;
        let mode = fs::metadata(folder.path()).expect("a folder").permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o700);
    }
}

#[tokio::test]
async fn clients_of_one_process_share_the_server_of_a_folder() {
    let folder = SharedFolder::new();
    let path = folder.path();
    let one = Client::connect(&format!("embedded:{}", path.display())).await.expect("connected");
    let detour = path.join("..").join("jobs");
    let same = Client::connect(&format!("embedded:{}", detour.display())).await.expect("connected");
    one.add(double, 1).await.expect("added");
    assert_eq!(waiting(&same).await, 1);
    assert_eq!(server_of(&path), Some(std::process::id()));
    let other = Client::connect(&format!("embedded:{}?sync=always", path.display())).await;
    assert!(other.expect_err("refused").to_string().contains("is open with another sync"));
    drop(one);
    assert!(Folder::at(&path).expect("a folder").hold(&Options::new()).is_err(), "still served");
    drop(same);
    // Tasks that the clients began end soon.
    let hold = async || Folder::at(&path).expect("a folder").hold(&Options::new()).ok();
    let held = eventually("the folder to be free", hold).await;
    let commands: Vec<_> = held.engine().dump().collect();
    assert!(commands.iter().any(|words| words[0] == "HSET" && words[1] == "jq:{sums}:jobs"));
}

/// One holder after the other; the client stays, and is in this process or not.
#[tokio::test]
async fn a_client_follows_the_folder_from_one_server_to_the_next() {
    let folder = SharedFolder::new();
    let place = Folder::at(folder.path()).expect("a folder");
    let held = place.hold(&Options::new()).expect("held");
    let client = Client::connect(&folder.url()).await.expect("connected over the socket");
    client.add(double, 1).await.expect("added");
    assert_ne!(held.engine().call(&["DBSIZE"].map(Bytes::from)), Reply::Integer(0));
    drop(held);
    client.add(double, 2).await.expect("added");
    assert!(place.hold(&Options::new()).is_err_and(|error| error.is_busy()), "the client serves");
    assert_eq!(waiting(&client).await, 2);
}

#[tokio::test]
async fn what_is_acknowledged_as_synced_is_synced() {
    let folder = SharedFolder::new();
    let url = format!("embedded:{}?sync=no", folder.path().display());
    let client = Client::connect(&url).await.expect("connected");
    let synced = Durability::Synced { replicas: 0, within: Duration::from_secs(2) };
    client.add(double, 1).durability(synced).await.expect("synced");
    let replica = Durability::Synced { replicas: 1, within: Duration::from_millis(10) };
    client.add(double, 2).durability(replica).await.expect_err("there is none");
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_works_all_the_same() {
    let folder = SharedFolder::new();
    let long = folder.path().join("a".repeat(100)).join("b".repeat(100));
    let held = Folder::at(&long).expect("a folder").hold(&Options::new()).expect("held");
    let url = format!("embedded:{}", long.display());
    let client = Client::connect(&url).await.expect("connected over the socket");
    client.add(double, 1).await.expect("added");
    drop((held, client));
}

/// Why a folder can't be opened, as the client says it.
async fn refusal(path: &Path) -> String {
    let error =
        Client::connect(&format!("embedded:{}", path.display())).await.expect_err("refused");
    assert!(matches!(error, Error::Invalid(_)));
    format!("{error:?}")
}

#[tokio::test]
async fn what_is_wrong_with_a_folder_is_said() {
    let folder = SharedFolder::new();
    drop(Folder::at(folder.path()).expect("a folder").hold(&Options::new()).expect("held"));
    let log = folder.path().join("log-000001");
    let mut bytes = fs::read(&log).expect("a log");
    bytes[20] ^= 1;
    fs::write(&log, bytes).expect("written");
    let text = refusal(&folder.path()).await;
    assert!(text.contains("log-000001 is damaged at byte 8"), "{text}");
    assert!(text.contains("restore the folder from a copy"), "{text}");

    let file = folder.path().join("lock");
    let text = refusal(&file).await;
    assert!(text.contains("can't make"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_serves_is_killed_in_a_row_under_load() {
    let proof = server_killed(5).await;
    proof.assert();
    assert_eq!((proof.repeated, proof.told), (0, 0), "every outcome was kept: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_four_processes_is_killed_whenever_it_serves() {
    let (proof, kills) = four_processes(Duration::from_secs(6), Duration::from_millis(1_500)).await;
    proof.assert();
    assert!(kills >= 3, "{kills}");
}

#[tokio::test]
async fn a_server_whose_folder_is_not_its_own_any_more_refuses_writes() {
    type Change = fn(&Path);
    let changes: [Change; 4] = [
        |path| fs::remove_file(path.join("lock")).expect("removed"),
        |path| fs::remove_file(path.join("manifest")).expect("removed"),
        |path| fs::rename(path, path.with_extension("moved")).expect("moved"),
        |path| fs::remove_dir_all(path).expect("removed"),
    ];
    for change in changes {
        let place = SharedFolder::new();
        let folder = Folder::at(place.path()).expect("a folder");
        let held = folder.hold(&Options::new()).expect("free");
        let call = |line: &str| {
            let words: Vec<_> = line.split(' ').map(|it| Bytes::from(it.to_owned())).collect();
            held.engine().call(&words)
        };
        assert_eq!(call("SET k x"), Reply::status("OK"));
        change(&place.path());
        if place.path().join("socket").exists() {
            // Also without its lock it is served.
            let busy = folder.hold(&Options::new()).expect_err("it is served");
            assert!(busy.is_busy(), "{busy}");
        }
        let refused = async || match call("SET k y") {
            Reply::Refused(refusal) => Some(refusal.text().to_owned()),
            _ => None,
        };
        let refusal = eventually("writes to be refused", refused).await;
        assert!(refusal.contains("moved or removed"), "{refusal}");
    }
}
