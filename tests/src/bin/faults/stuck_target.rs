//! A queue that takes nothing, with 200,000 effects on it in an outbox: what the others of that
//! outbox wait, and what the workers of a queue send whose dead letters can't arrive.

use std::time::{Duration, Instant};

use jobqueue::{Client, DurationExt as _, Worker, job};
use jobqueue_tests::{
    cluster::RedisCluster,
    commands::{count_from_now, counted},
    server::RedisServer,
};
use redis::{Connection, cmd};
use tokio::time::sleep;

use super::report::{Played, Report};

const STUCK: usize = 200_000;
const WORKERS: usize = 20;

#[job(queue = "bills", attempts = 1, dead_letter = "refused")]
async fn fails(_n: u32) -> Result<(), std::io::Error> {
    Err(std::io::Error::other("the card was declined"))
}

pub(crate) async fn play(report: &mut Report) -> Played {
    others(report).await?;
    for why in [Why::Refuses, Why::Full] {
        let server = RedisServer::start();
        let client = Client::connect(&server.url()).await?;
        match why {
            Why::Refuses => refuse("refused", &mut server.connection())?,
            _ => client.queue("refused")?.set_limits().max_length(10).await.map(drop)?,
        }
        idle(report, why, &[&server]).await?;
    }
    away(report).await
}

/// Why a queue takes nothing.
#[derive(Clone, Copy, Debug)]
enum Why {
    Refuses,
    Full,
    Away,
}

/// A queue of another version refuses all.
fn refuse(queue: &str, raw: &mut Connection) -> redis::RedisResult<()> {
    cmd("HSET").arg(format!("jq:{{{queue}}}:meta")).arg("layout").arg(9).query(raw)
}

async fn others(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let (client, mut raw) = (Client::connect(&server.url()).await?, server.connection());
    let topic = client.topic("news")?;
    topic.bind("refused", "refused").await?;
    topic.bind("taken", "taken").await?;
    refuse("refused", &mut raw)?;
    for first in (0..STUCK).step_by(1_000) {
        let mut pipe = redis::pipe();
        for n in first..first + 1_000 {
            let put = pipe.cmd("XADD").arg("jq:{news}:outbox").arg("*").arg("to").arg("refused");
            let put = put.arg("id").arg(format!("Z{n}")).arg("priority").arg(0);
            put.arg("record").arg(vec![b'x'; 300]).ignore();
        }
        pipe.query::<()>(&mut raw)?;
    }
    let far = Client::connect(&server.url()).await?;
    let (mut first, mut longest, mut elsewhere) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for n in 1..=12_u64 {
        let (from, began) = (if n > 6 { &far } else { &client }, Instant::now());
        from.publish("news", "taken", n).await?;
        let taken = client.queue("taken")?;
        while taken.counts().await?.waiting < n && began.elapsed() < 20.seconds() {
            sleep(2.millis()).await;
        }
        let took = match n {
            1 => &mut first,
            2..=6 => &mut longest,
            _ => &mut elsewhere,
        };
        *took = began.elapsed().max(*took);
        sleep(600.millis()).await;
    }
    let what = "200,000 effects on a queue that refuses them: those on another arrive";
    report.check(
        what,
        format!("in {} ms at most (the first in {})", longest.as_millis(), first.as_millis()),
        "200 ms",
        longest < 200.millis(),
    );
    report.check(
        "the same of another process",
        format!("in {} ms at most", elsewhere.as_millis()),
        "500 ms",
        elsewhere < 500.millis(),
    );
    count_from_now(&mut raw);
    sleep(5.seconds()).await;
    let commands = counted(&mut raw) / 5;
    report.check("and meanwhile", format!("{commands} commands a second"), "100 at most", {
        commands <= 100
    });
    Ok(())
}

/// The queue is on nodes of a cluster that are killed.
async fn away(report: &mut Report) -> Played {
    let mut cluster = RedisCluster::start();
    let master = |cluster: &RedisCluster, queue| {
        cluster.master(cluster.slot(queue), 0).ok_or("a slot without a master")
    };
    let (bills, refused) = (master(&cluster, "bills")?, master(&cluster, "refused")?);
    if bills == refused {
        return Err("the two queues are on one node".into());
    }
    for at in [refused, refused + 3] {
        cluster.kill(at);
    }
    let left: Vec<_> = (0..3).filter(|at| *at != refused).map(|at| cluster.node(at)).collect();
    idle(report, Why::Away, &left).await
}

async fn idle(report: &mut Report, why: Why, servers: &[&RedisServer]) -> Played {
    let mut running = Vec::new();
    for _ in 0..WORKERS {
        let client = Client::connect(&servers[0].url()).await?;
        let worker = Worker::builder(&client).handler(fails).build()?;
        running.push((worker.handle(), tokio::spawn(worker.run())));
    }
    let client = Client::connect(&servers[0].url()).await?;
    client.add_all(fails, 0..100).await?;
    sleep(15.seconds()).await;
    servers.iter().for_each(|server| count_from_now(&mut server.connection()));
    sleep(10.seconds()).await;
    let commands: u64 = servers.iter().map(|server| counted(&mut server.connection())).sum();
    let calls: u64 = servers.iter().map(|server| server.script_calls()).sum();
    let figure = format!("{} calls and {} commands a second", calls / 10, commands / 10);
    let what = match why {
        Why::Refuses => "20 idle workers whose dead letters are refused",
        Why::Full => "20 idle workers whose dead letters find a full queue",
        Why::Away => "20 idle workers whose dead letters belong to a node that is away",
    };
    report.check(what, figure, "20 calls at most", calls / 10 <= 20);
    for (handle, running) in running {
        handle.stop(1.seconds());
        running.await??;
    }
    Ok(())
}
