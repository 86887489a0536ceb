//! `./dev prove faults`: situations that once went wrong, played end to end, each on a server of
//! its own. A line and a figure each, and a count at the end.
//!
//! `faults [NAME…]` plays those alone whose names contain one of these texts.

use jobqueue_tests::{plays, report};

plays![
    calls_that_leave,
    cleared_limits,
    clock_set_back,
    deliveries_out,
    dropped_futures,
    ids_that_meet,
    ids_used_again,
    kept_orders,
    late_calls,
    lost_answers,
    many_waiters,
    narrow_servers,
    numbers_at_edges,
    places_kept,
    polite_stop,
    quiet_outage,
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
