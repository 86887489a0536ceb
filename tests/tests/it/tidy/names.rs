//! Names that were retired, each with the one that took its place. None of them comes back.

use super::{assert_none, code, files};

/// Types, traits and constants of the library.
const TYPES: &[(&str, &str)] = &[
    ("Ear", "WaitConnections, ListenerEntry or WakeListener"),
    ("Ears", "WaitConnections or Listeners"),
    ("Heard", "Woken"),
    ("Hearing", "ListenerEntry"),
    ("Radio", "Subscriber"),
    ("Announcement", "SendBroadcast"),
    ("Channel", "BroadcastDefinition"),
    ("Free", "SettledRun"),
    ("Mood", "FetchState"),
    ("Appetite", "Demand"),
    ("Ended", "RunOutcome"),
    ("Held", "Slots"),
    ("Finished", "RunReport"),
    ("Ruling", "Decision"),
    ("Terms", "RunPolicy"),
    ("Chances", "Attempt"),
    ("NextStep", "RetryDecision"),
    ("Fate", "Intake"),
    ("Past", "History"),
    ("Line", "RunShared"),
    ("Parts", "PumpConfig"),
    ("Care", "JobDefaults"),
    ("Announcer", "EventSender"),
    ("Bell", "HookSender"),
    ("Porter", "HookTask"),
    ("Notice", "HookCall"),
    ("Tally", "PendingStats"),
    ("Fuse", "HandlerBreaker"),
    ("Trial", "BreakerGuard"),
    ("Sign", "ProbeResult"),
    ("Parcel", "AddRequest or OutboxEntry"),
    ("Courier", "Flusher"),
    ("COURTESY", "OWN_CALL_WAIT"),
    ("Spillway", "OverflowHandler"),
    ("Plan", "SplitPlan"),
    ("Twins", "Duplicates"),
    ("Copy", "TargetCopy"),
    ("Send", "Enqueue"),
    ("Head", "TakenEntries"),
    ("Place", "EntryId"),
    ("Shift", "RelayTask"),
    ("Ahead", "EarlyReplies"),
    ("LETTING_GO", "RELEASE_TIMEOUT"),
    ("ALONE", "LOCK_TTL"),
    ("BREATH", "PASS_PAUSE"),
    ("Census", "TopicSnapshot or QueueSnapshot"),
    ("Home", "Endpoint"),
    ("Site", "Topology"),
    ("Trip", "Redirects"),
    ("GoBack", "Snooze"),
    ("Column", "Key"),
    ("DOING", "ACTION"),
];

/// Functions. Words that stay in use for something else aren't here.
const FUNCTIONS: &[(&str, &str)] = &[
    ("broadcast_to", "broadcast_by_name"),
    ("promise", "await_settlement"),
    ("strays", "lost_runs"),
    ("enclose", "attach"),
    ("stir", "wait_for_change"),
    ("reach", "wait_for"),
    ("introduce", "register_source"),
    ("dissolve", "delete"),
    ("survey", "stats"),
    ("kick", "start"),
    ("doubt", "mark_stale"),
    ("apart", "with_own_connection"),
    ("hang_up", "disconnect"),
    ("quiet", "nothing_due"),
    ("patience", "retry_timeout"),
];

/// Files and modules, by their names without the ending.
const FILES: &[(&str, &str)] = &[
    ("flaw", "value_error"),
    ("matrix", "retry_policy"),
    ("radio", "subscriber"),
    ("listen", "listener"),
    ("meter", "metrics"),
    ("ear", "connections"),
    ("judge", "intake"),
    ("member", "session"),
    ("letter", "dead_letter"),
    ("letters", "dead_letters"),
    ("ahead", "early_reply"),
    ("place", "entry_id"),
    ("introduce", "register_source"),
    ("dissolve", "delete"),
    ("survey", "stats"),
    ("leash", "kill_on_exit"),
    ("crew", "workers"),
    ("books", "account"),
    ("life", "end_to_end"),
];

const TYPE_WORDS: [&str; 6] = ["struct", "enum", "type", "trait", "const", "static"];

/// The retired names that a line of code declares, each with what to write instead.
fn declared(line: &str) -> Vec<String> {
    let words: Vec<&str> = line
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    for pair in words.windows(2) {
        let table = match pair[0] {
            word if TYPE_WORDS.contains(&word) => TYPES,
            "fn" | "function" => FUNCTIONS,
            "mod" => FILES,
            _ => continue,
        };
        if let Some((old, new)) = table.iter().find(|(old, _)| *old == pair[1]) {
            found.push(format!("{} {old} is retired: {new}", pair[0]));
        }
    }
    found
}

#[test]
fn no_retired_name_is_declared_in_the_library_or_the_scripts() {
    let mut complaints = Vec::new();
    for (path, text) in files("jobqueue/src", "rs").into_iter().chain(files("lua", "lua")) {
        for line in code(&text) {
            complaints.extend(declared(line).into_iter().map(|found| format!("{path}: {found}")));
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_file_has_a_retired_name() {
    let mut complaints = Vec::new();
    for (folder, ending) in [("jobqueue/src", "rs"), ("lua", "lua"), ("tests", "rs")] {
        for (path, _) in files(folder, ending) {
            let name = path.rsplit(['/', '.']).nth(1).unwrap_or_default();
            if let Some((_, new)) = FILES.iter().find(|(old, _)| *old == name) {
                complaints.push(format!("{path} is retired: {new}"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn retired_names_are_found_as_declarations_alone() {
    assert_eq!(declared("pub(crate) struct Radio<'a> {").len(), 1);
    assert_eq!(declared("    async fn kick(&self) { enum Mood {} }").len(), 2);
    assert_eq!(declared("local function survey(keys, args)").len(), 1);
    assert_eq!(declared("pub mod matrix;").len(), 1);
    assert!(declared("let radio = reach(Line); fn radio() {}").is_empty());
    assert!(declared("struct Ready; fn start() {} mod session;").is_empty());
}
