//! The setters that adding one job, adding many, calling and scheduling have in common.

/// The setters of adds, calls and schedules.
macro_rules! request_setters {
    () => {
        /// -1024 (first) to 1023 (last); the handler's by default, which is 0.
        pub fn priority(self, priority: i16) -> Self {
            self.set(move |request| request.set_priority(priority))
        }

        /// How long the job may wait for its first run, counted by the server's clock from when it
        /// is due; by default the handler's, then the queue's, then for ever. A job that waits
        /// longer [expires](crate::error::FailureReason::Expired): it fails without a run, and goes
        /// to the dead-letter queue if there is one. Once a worker has fetched it, it can't expire.
        pub fn ttl(self, ttl: Duration) -> Self {
            self.set(move |request| request.set_ttl(ttl))
        }

        /// How long after it is due the job ends at the latest, whatever its attempts; by default
        /// the handler's, then never. If it waits at that time, it fails without a run; if it runs,
        /// it is aborted; and no retry is planned for later. It then fails as
        /// [`Deadline`](crate::error::FailureReason::Deadline).
        pub fn deadline_in(self, time: Duration) -> Self {
            self.set(move |request| request.set_deadline(Deadline::In(time)))
        }

        /// For how long after it is due the job is tried again, if it has attempts left; the
        /// handler's by default. It then fails as
        /// [`RetriesOver`](crate::error::FailureReason::RetriesOver).
        pub fn retry_for(self, time: Duration) -> Self {
            self.set(move |request| request.options.retry_for = Some(time))
        }

        /// How often the job may be [snoozed](crate::Failure::snooze); the handler's by default,
        /// which is 1,000. It then fails as
        /// [`SnoozesOver`](crate::error::FailureReason::SnoozesOver).
        pub fn snoozes(self, most: u32) -> Self {
            self.set(move |request| request.options.snoozes = Some(most))
        }

        /// How often the job may run before it fails for good; the handler's by default.
        pub fn attempts(self, attempts: u32) -> Self {
            self.set(move |request| request.options.attempts = Some(attempts))
        }

        /// The wait before the next attempt; the handler's by default. A job can't carry a custom
        /// one.
        pub fn backoff(self, backoff: Backoff) -> Self {
            self.set(move |request| request.options.backoff = Some(backoff))
        }

        /// What is kept when the job completes, among those that were added with the same
        /// [`Retain`]; by default as the handler, then the worker says.
        pub fn retain(self, retain: Retain) -> Self {
            self.set(move |request| request.options.retain = Some(retain))
        }

        /// What is kept when the job fails for good, among those that were added with the same
        /// [`Retain`]; by default as the handler, then the worker says.
        pub fn retain_failed(self, retain: Retain) -> Self {
            self.set(move |request| request.options.retain_failed = Some(retain))
        }

        /// The version of the payload, for adds by name; by default the payload type's, which is 1
        /// if the type declares none. See [`Payload`](crate::Payload).
        pub fn version(self, version: u32) -> Self {
            self.set(move |request| request.options.version = Some(version))
        }

        /// A value beside the payload, for [`Context::header`](crate::Context::header). A
        /// `traceparent` wins over the [trace](crate::trace::TraceContext) that the add would
        /// continue.
        pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
            let (name, value) = (name.into(), value.into());
            self.set(move |request| {
                request.headers().insert(name, value);
            })
        }

        /// A word by which the job is [found](crate::find::JobFilter::tag) without looking at all
        /// jobs of its queue, such as `customer:42`. At most 16 a job, of 128 bytes without spaces
        /// each, together with those of its handler; none by default.
        pub fn tag(self, tag: impl Into<String>) -> Self {
            let tag = tag.into();
            self.set(move |request| request.add_tag(tag))
        }

        /// The group among which its queue is shared fairly, such as a tenant or a user: of 1 to 255
        /// bytes without control characters; the handler's by default, which is none. Groups take
        /// turns, whatever number of jobs each has, and in proportion to their
        /// [weights](crate::manage::Groups::set_weight); all jobs without a group are one more. In a
        /// group, priorities count as in a queue.
        pub fn group(self, group: impl Into<String>) -> Self {
            let group = group.into();
            self.set(move |request| request.options.group = Some(group))
        }

        /// A key of which at most `per_key` jobs of the queue are active at once, over all workers, such
        /// as `user:7`. Call it again for another key; at most 4, and those of the handler come besides. If
        /// both name one key, this number holds. A job whose keys have no room isn't fetched; others go
        /// before it. A key has 1 to 255 bytes without control characters, and `per_key` is 1 to 1,000,000.
        /// See [concurrency by key](crate::docs::concurrency_keys).
        pub fn concurrency_key(self, key: impl Into<String>, per_key: u32) -> Self {
            let key = key.into();
            self.set(move |request| {
                request.options.concurrency_keys.insert(key, per_key);
            })
        }
    };
}
pub(crate) use request_setters;

/// The setter of adds and calls, which schedules don't have.
macro_rules! durability_setter {
    () => {
        /// The confirmation that the add waits for; the server's acknowledgement by default.
        pub fn durability(self, durability: Durability) -> Self {
            self.set(move |request| request.durability = durability)
        }
    };
}
pub(crate) use durability_setter;

/// The setters that adding one job and adding many have, and a call hasn't, since its caller waits.
macro_rules! add_setters {
    () => {
        /// Runs the job after this delay at the earliest. It waits in `delayed` until then.
        pub fn delay(self, delay: Duration) -> Self {
            self.set(move |request| request.set_due(Due::In(delay)))
        }

        /// Runs the job at this time at the earliest, by the server's clock; at once if it has
        /// passed.
        pub fn at(self, time: DateTime<Utc>) -> Self {
            self.set(move |request| request.set_due(Due::At(time.timestamp_millis())))
        }

        /// When the job ends at the latest, by the server's clock; see
        /// [`deadline_in`](Self::deadline_in).
        pub fn deadline(self, time: DateTime<Utc>) -> Self {
            self.set(move |request| request.set_deadline(Deadline::At(time)))
        }

        /// How long a run may take; the handler's by default.
        pub fn timeout(self, timeout: Duration) -> Self {
            self.set(move |request| request.options.timeout = Some(timeout))
        }
    };
}
pub(crate) use add_setters;
