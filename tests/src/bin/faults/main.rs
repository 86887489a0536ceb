//! `./dev prove faults`: situations that once went wrong, played end to end, each on a server of
//! its own. A line and a figure each, and a count at the end.
//!
//! `faults [NAME…]` plays those alone whose names contain one of these texts.

use std::{env, process::ExitCode};

use jobqueue_tests::report::{self, Played, Report};

/// What is played: a name, and the play. Each is a module of that name.
macro_rules! plays {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        async fn play(name: &str, report: &mut Report) -> Played {
            match name {
                $(stringify!($name) => $name::play(report).await,)*
                _ => Err(format!("there is no play {name}").into()),
            }
        }

        const PLAYS: &[&str] = &[$(stringify!($name)),*];
    };
}

plays![
    calls_that_leave,
    cleared_limits,
    deliveries_out,
    dropped_futures,
    ids_that_meet,
    kept_orders,
    late_calls,
    lost_answers,
    many_waiters,
    numbers_at_edges,
    places_kept,
    polite_stop,
    ranks,
    rates,
    sequence,
    struggling_server,
    stuck_target,
    surface,
    testing_kit,
    thin_line,
    waiting_for_a_handler,
];

#[tokio::main]
async fn main() -> ExitCode {
    let asked: Vec<String> = env::args().skip(1).collect();
    let chosen = |name: &&&str| asked.is_empty() || asked.iter().any(|text| name.contains(text));
    let mut report = Report::default();
    for name in PLAYS.iter().filter(chosen) {
        report.begin(name);
        if let Err(error) = play(name, &mut report).await {
            report.check("it plays to its end", error, "no error", false);
        }
    }
    report.close()
}
