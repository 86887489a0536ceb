//! `./dev prove flows`: flows, and jobs that are several steps, played end to end, each on a server
//! of its own. A line and a figure each, and a count at the end.
//!
//! `flows [NAME…]` plays those alone whose names contain one of these texts.

use jobqueue_tests::{plays, report};

plays![accounting, contest, costs, steps_killed, steps_sleeping];
