//! Both daylight-saving changes of 2027 in four zones, against a table from a second source.

use jobqueue::{Client, schedule::Cron};
use jobqueue_tests::{
    report::{Played, Report},
    server::RedisServer,
};

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let schedules = Client::connect(&server.url()).await?.queue("nights")?.schedules();
    let table = include_str!("../../../tests/it/schedules/daylight.txt");
    let (mut rows, mut ticks, mut wrong) = (0, 0, 0);
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = row.split(" | ").collect();
        let [zone, pattern, from, to, expected] = columns[..] else { return Err(row.into()) };
        let time = |text: &str| format!("2027-{text}:00Z").parse();
        let cron = Cron::parse(pattern)?.in_zone(zone.parse()?);
        let made = schedules.add(format!("row-{rows}"), cron, "x", &()).start(time(from)?);
        let found = made.end(time(to)?).await?.next_ticks(1_000);
        let found: Vec<String> =
            found.iter().map(|tick| tick.format("%m-%dT%H:%M").to_string()).collect();
        rows += 1;
        ticks += found.len();
        wrong += usize::from(found.join(" ") != expected);
    }
    let figure = format!("{ticks} ticks in {rows} rows, {wrong} rows wrong");
    report.check("four zones, two changes, three patterns", figure, "none wrong", wrong == 0);
    Ok(())
}
