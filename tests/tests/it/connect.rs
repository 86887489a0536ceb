//! Connecting: addresses, users, TLS, and servers that won't do.

use std::time::Duration;

use jobqueue::{Client, Error, TlsOptions, error::Refused, job};
use jobqueue_tests::server::{ClientCertificates, RedisServer};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use crate::support::{Running, whole, worker};

#[job(queue = "hello")]
async fn hello(name: String) -> String {
    format!("hello {name}")
}

/// A job goes there and back.
async fn works(client: &Client) {
    let running = Running::start(worker(client).handler(hello));
    let job = client.add(hello, "you".into()).await.expect("added");
    assert_eq!(job.result().await.expect("run"), "hello you");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_and_a_database() {
    let server = RedisServer::builder().password("s3cret").start();
    let url = format!("redis://:s3cret@{}/5", server.address());
    works(&Client::connect(&url).await.expect("connected")).await;
    let bad = format!("redis://:wr0ng@{}", server.address());
    let error = Client::connect(&bad).await.expect_err("a wrong password");
    assert!(!error.to_string().contains("wr0ng"), "{error}");
    assert!(matches!(error, Error::Refused(Refused::Permission { .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_rights_on_its_keys_alone() {
    let users = "user default off\n\
                 user jobs on >pw ~jq:* &* +@all -@admin -@dangerous +info\n\
                 user weak on >pw ~* +@read\n";
    let server = RedisServer::builder().acl(users).start();
    works(&Client::connect(&server.url_as("jobs", "pw")).await.expect("connected")).await;
    let error = Client::connect(&server.url_as("weak", "pw")).await.expect_err("no scripts");
    assert!(matches!(error, Error::Refused(Refused::Permission { .. })), "{error:?}");
    assert!(format!("{error:?}").to_lowercase().contains("eval"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket() {
    let server = RedisServer::builder().unix_socket().start();
    works(&Client::connect(&server.url()).await.expect("connected")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_an_authority_and_an_identity_of_its_own() {
    let server = RedisServer::builder().tls(ClientCertificates::Ignored).start();
    let certificates = server.certificates().expect("made for it");
    let tls = TlsOptions::new().root_certificate(certificates.authority.clone());
    let connect = async |tls| Client::builder(&server.url()).tls(tls).connect().await;
    works(&connect(tls.clone()).await.expect("connected")).await;
    assert!(connect(TlsOptions::new()).await.is_err(), "nobody vouches for it");

    let mut raw = server.connection();
    let mut set = redis::cmd("CONFIG");
    let () = set.arg("SET").arg("tls-auth-clients").arg("yes").query(&mut raw).expect("set");
    assert!(connect(tls.clone()).await.is_err(), "the server asks who we are");
    let client = &certificates.client;
    let tls = tls.client_identity(client.certificate.clone(), client.key.clone());
    works(&connect(tls).await.expect("connected")).await;
}

#[tokio::test]
async fn nobody_is_there() {
    let error = Client::connect("redis://127.0.0.1:1").await.expect_err("nobody listens");
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    for bad in ["", "nonsense", "http://127.0.0.1", "redis://host:notaport"] {
        assert!(matches!(Client::connect(bad).await, Err(Error::Invalid(_))), "{bad:?}");
    }
}

/// Answers `INFO` as a server of a version that is too old does, and anything else with a word.
async fn old_server(mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(head) = lines.next_line().await? {
        let Some(words) = head.strip_prefix('*').and_then(|count| count.parse().ok()) else {
            continue;
        };
        let mut command = Vec::new();
        for _ in 0..words {
            lines.next_line().await?;
            command.extend(lines.next_line().await?);
        }
        let answer = match command.first().map(|word| word.to_uppercase()).as_deref() {
            Some("INFO") => {
                let text = "# Server\r\nredis_version:6.0.16\r\nredis_mode:standalone\r\n";
                format!("${}\r\n{text}\r\n", text.len())
            }
            Some("EVAL") => ":1\r\n".to_owned(),
            _ => "+OK\r\n".to_owned(),
        };
        writer.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_too_old() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    let serve = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(old_server(stream));
        }
    });
    let error = Client::connect(&url).await.expect_err("too old");
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("6.0.16") && text.contains("6.2 or newer"), "{text}");
    serve.abort();
}

#[tokio::test]
async fn a_bad_prefix_is_refused() {
    let url = jobqueue_tests::shared::url();
    let client = Client::builder(url).prefix("{bad}").connect().await;
    assert!(matches!(client, Err(Error::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_type_is_a_clear_error() {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await.expect("connected");
    let mut connection = crate::support::raw(&server.url()).await;
    let () = redis::cmd("SET")
        .arg("jq:{hello}:waiting")
        .arg("x")
        .query_async(&mut connection)
        .await
        .expect("set");
    let error = client.add(hello, "you".into()).await.expect_err("a string is no queue");
    assert!(whole(&error).contains("WRONGTYPE"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_waits_for_its_server_if_it_is_told_to() {
    let mut server = RedisServer::start();
    let url = server.url();
    server.kill();
    let error = Client::connect(&url).await.expect_err("nobody is there");
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let short = Client::builder(&url).wait_for_server(Duration::from_millis(50)).connect().await;
    assert!(matches!(short, Err(Error::Unavailable { .. })), "{short:?}");
    let patient =
        tokio::spawn(Client::builder(&url).wait_for_server(Duration::from_secs(60)).connect());
    let restarted = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let _server = restarted.await.expect("it is there");
    patient.await.expect("no panic").expect("it waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_more_connections_is_quoted() {
    let server = RedisServer::builder().option("maxclients", &["1"]).start();
    let _only = server.connection();
    let error = Client::connect(&server.url()).await.expect_err("it is full");
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(whole(&error).contains("max number of clients"), "{}", whole(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_info() {
    let server = RedisServer::builder().option("rename-command", &["INFO", ""]).start();
    works(&Client::connect(&server.url()).await.expect("connected")).await;
}
