//! The daylight-saving changes of 2027 against a table from a second source, `daylight.txt`, which
//! says how it was made.

use jobqueue::{
    schedule::Cron,
    types::{DateTime, Utc},
};

use crate::support::client;

fn time(text: &str) -> DateTime<Utc> {
    format!("2027-{text}:00Z").parse().expect("a time")
}

#[tokio::test]
async fn both_changes_of_2027_in_four_zones() {
    let client = client().await;
    let schedules = client.queue("nights").expect("a good name").schedules();
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in include_str!("daylight.txt").lines().filter(|line| !line.starts_with('#')) {
        let [zone, pattern, from, to, ticks] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let cron = Cron::parse(pattern).expect(pattern).in_zone(zone.parse().expect("a zone"));
        let made = schedules.add(format!("row-{rows}"), cron, "x", &()).start(time(from));
        let found = made.end(time(to)).await.expect("made").next_ticks(1_000);
        let expected: Vec<DateTime<Utc>> = ticks.split(' ').map(time).collect();
        if found != expected {
            wrong.push(format!("{zone} {pattern}: {found:?} instead of {expected:?}"));
        }
        rows += 1;
    }
    assert_eq!((rows, wrong), (24, Vec::new()));
}
