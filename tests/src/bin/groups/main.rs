//! `./dev prove groups`: who goes when, played end to end, each on a server of its own. A line and a
//! figure each, and a count at the end.
//!
//! `groups [NAME…]` plays those alone whose names contain one of these texts.

use jobqueue_tests::plays;

plays![cost, fairness, order, rates];
