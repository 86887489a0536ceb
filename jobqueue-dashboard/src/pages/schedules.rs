//! `/schedules`: jobs that come again and again.

use axum::{Router, extract::State, routing::get};
use jobqueue::{Client, Error, QueueName, schedule::ScheduleInfo};
use maud::{Markup, html};
use serde::Serialize;

use super::of_queues::of_queues;
use crate::{
    payload::payload,
    state::App,
    verb::Verb,
    view::{Button, Look, Page, ago, chip, number, show, until},
    web::{Params, Reply, Visit, encode, queue_name},
};

/// How many ticks ahead are shown.
const NEXT: usize = 3;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/schedules", get(page))
}

/// A schedule and its queue.
#[derive(Serialize)]
struct Row {
    queue: QueueName,
    #[serde(flatten)]
    schedule: ScheduleInfo,
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let only = params.text("queue")?.map(queue_name).transpose()?;
    let queues = app.client.queues().with_schedules().all().await?;
    let rows = of_queues(&visit, queues, only.as_ref(), of_queue).await?;
    let body = html! {
        h1 { "Schedules" }
        @if rows.is_empty() {
            p.empty {
                "No schedule. Declare one with "
                code { "#[job(every = \"5m\")]" }
                " or add one with "
                code { "client.schedule(…)" }
                "."
            }
        }
        @else {
            table.rows {
                thead {
                    tr {
                        @for title in
                            ["Schedule", "Queue", "Job", "When", "Next", "Last", "Jobs", "Actions"] {
                            th scope="col" { (title) }
                        }
                    }
                }
                tbody { @for row in &rows { (row_part(&visit, row)) } }
            }
        }
    };
    show(&visit, Page::new("Schedules", "/schedules", body), &rows)
}

async fn of_queue(client: Client, queue: QueueName) -> Result<Vec<Row>, Error> {
    let schedules = client.queue(queue.as_str())?.schedules().list().await?;
    let rows = schedules.into_iter().map(|schedule| Row { queue: queue.clone(), schedule });
    Ok(rows.collect())
}

fn row_part(visit: &Visit, Row { queue, schedule }: &Row) -> Markup {
    let id = &schedule.id;
    let button = |verb| Button::new(verb, queue.as_str()).with("id", id).show(visit);
    let queue_path = format!("/q/{}", encode(queue.as_str()));
    html! {
        tr data-row class=[schedule.paused.then_some("hatched")] {
            td {
                a data-open href=(visit.at(&format!("/schedules/{}/{}", encode(queue.as_str()), encode(id.as_str())))) {
                    b { (id) }
                }
                @if let Some(owner) = &schedule.owner { " " span.quiet { "of " (owner) } }
                @if schedule.moved { " " span.quiet { "timing set by hand" } }
                @if let Some(problem) = &schedule.problem { p.problem { (problem) } }
            }
            td { a href=(visit.at(&queue_path)) { (queue) } }
            td { @if let Some(job) = &schedule.job {
                (job.name)
                " "
                code.preview { (payload(job, &visit.app.redaction, false).preview(60)) }
            } }
            td { (schedule.timing.as_deref().map(in_words).unwrap_or_default()) }
            td {
                @if schedule.paused { (chip(Look::PAUSED)) }
                @else {
                    ul.plain { @for tick in schedule.next_ticks(NEXT) { li { (until(tick)) } } }
                }
            }
            td {
                @if let Some(job) = &schedule.last_job {
                    a
                        href=(visit.at(&format!("{queue_path}/job/{}", encode(job.as_str())))) {
                        @match schedule.last_tick { Some(at) => (ago(at)), None => "run by hand" }
                    }
                } @else { span.quiet { "never" } }
            }
            td.num {
                (number(schedule.fired))
                @if schedule.left_out > 0 {
                    span.quiet { " (" (number(schedule.left_out)) " left out)" }
                }
            }
            td {
                @if schedule.paused { (button(Verb::ResumeSchedule)) }
                @else { (button(Verb::PauseSchedule)) }
                (button(Verb::RunSchedule))
            }
        }
    }
}

/// The usual patterns in words; all else as it is written.
pub(super) fn in_words(timing: &str) -> String {
    let Some((pattern, zone)) = timing.split_once(" (") else { return timing.to_owned() };
    let zone = zone.trim_end_matches(')');
    let fields: Vec<&str> = pattern.split(' ').collect();
    let &[minute, hour, day, month, weekday] = &fields[..] else { return timing.to_owned() };
    let number = |text: &str| text.parse::<u8>().ok();
    let (Some(minute), "*") = (number(minute), month) else { return timing.to_owned() };
    match (number(hour), day, weekday) {
        (Some(hour), "*", "*") => format!("every day at {hour:02}:{minute:02} {zone}"),
        (Some(hour), "*", "1-5" | "MON-FRI") => format!("weekdays at {hour:02}:{minute:02} {zone}"),
        (Some(hour), "1", "*") => {
            format!("on the 1st of each month at {hour:02}:{minute:02} {zone}")
        }
        (None, "*", "*") if hour == "*" => format!("every hour at minute {minute} ({zone})"),
        _ => timing.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn usual_patterns_are_words_and_others_stay() {
        for (timing, words) in [
            ("0 9 * * 1-5 (Europe/Berlin)", "weekdays at 09:00 Europe/Berlin"),
            ("30 3 * * * (UTC)", "every day at 03:30 UTC"),
            ("5 * * * * (UTC)", "every hour at minute 5 (UTC)"),
            ("0 0 1 * * (UTC)", "on the 1st of each month at 00:00 UTC"),
            ("every 5m", "every 5m"),
            ("*/5 * * * * (UTC)", "*/5 * * * * (UTC)"),
            ("0 9 L * * (UTC)", "0 9 L * * (UTC)"),
        ] {
            assert_eq!(in_words(timing), words);
        }
    }
}
