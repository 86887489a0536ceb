//! What a search asks a filter.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::{
    build::{FilterProblem, JobFilter},
    facts::Facts,
    term::{Source, Term, Test, TextKey, TextMatch},
};
use crate::{
    job::{id::JobId, name::QueueName, state::JobState},
    value_error::PayloadError,
};

impl JobFilter {
    /// What is wrong with it.
    pub(crate) fn checked(self) -> Result<Self, FilterProblem> {
        match self.problem {
            None => Ok(self),
            Some(problem) => Err(problem),
        }
    }

    /// Whether it says something of the jobs' states.
    pub(crate) fn names_state(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::State(_)))
    }

    /// Whether it says in which states jobs are, and not only in which they aren't.
    ///
    /// ```
    /// use jobqueue::find::JobFilter;
    ///
    /// let filter: JobFilter = "state:failed -queue:mails".parse()?;
    /// assert!(filter.selects_states() && !filter.selects_queues());
    /// # Ok::<(), jobqueue::find::FilterError>(())
    /// ```
    #[must_use]
    pub fn selects_states(&self) -> bool {
        self.selects(|test| matches!(test, Test::State(_)))
    }

    /// Whether it says in which queues jobs are, and not only in which they aren't.
    #[must_use]
    pub fn selects_queues(&self) -> bool {
        self.selects(|test| matches!(test, Test::Text(TextKey::Queue, _)))
    }

    fn selects(&self, by: impl Fn(&Test) -> bool) -> bool {
        self.terms.iter().any(|term| !term.negated && by(&term.test))
    }

    /// The states that it names, or all of these; without those that no job can be in that it means.
    pub(crate) fn states_or(&self, all: &[JobState]) -> Vec<JobState> {
        let mut named = self.terms.iter().filter_map(|term| match &term.test {
            Test::State(states) if !term.negated => Some(states),
            _ => None,
        });
        let mut states = match named.next() {
            None => all.to_vec(),
            Some(named) => {
                let mut states: Vec<_> =
                    all.iter().filter(|state| named.contains(state)).copied().collect();
                states.extend(named.iter().filter(|state| !all.contains(state)));
                states
            }
        };
        states.dedup();
        states.retain(|state| self.terms.iter().all(|term| term.allows(*state)));
        states
    }

    /// Whether it means jobs of this queue at all.
    pub(crate) fn wants_queue(&self, queue: &QueueName) -> bool {
        self.terms.iter().all(|term| match &term.test {
            Test::Text(TextKey::Queue, any) => {
                any.iter().any(|each| each.fits(queue.as_str())) != term.negated
            }
            _ => true,
        })
    }

    /// The queues that it names: no job of another is meant.
    pub(crate) fn queues(&self) -> Option<Vec<QueueName>> {
        self.named(TextKey::Queue)
    }

    /// The ids that it names: no other job is meant.
    pub(crate) fn ids(&self) -> Option<Vec<JobId>> {
        self.named(TextKey::Id)
    }

    fn named<T: FromStr + PartialEq>(&self, key: TextKey) -> Option<Vec<T>> {
        self.terms.iter().find_map(|term| {
            let Test::Text(of, any) = &term.test else { return None };
            if *of != key || term.negated {
                return None;
            }
            let mut names = Vec::new();
            for each in any {
                let TextMatch::Is(name) = each else { return None };
                // What is no name is that of nothing.
                names.extend(name.parse().ok().filter(|name| !names.contains(name)));
            }
            Some(names)
        })
    }

    /// The word that it has, if it has nothing else but queues, and may be an id.
    pub(crate) fn lone_word(&self) -> Option<JobId> {
        let mut words =
            self.terms.iter().filter(|term| !matches!(term.test, Test::Text(TextKey::Queue, _)));
        match (words.next(), words.next()) {
            (Some(Term { negated: false, test: Test::Word(word) }), None) => word.parse().ok(),
            _ => None,
        }
    }

    /// A tag that all of them have.
    pub(crate) fn one_tag(&self) -> Option<&str> {
        self.terms.iter().find_map(|term| match &term.test {
            Test::Text(TextKey::Tag, any) if !term.negated => match &any[..] {
                [TextMatch::Is(tag)] => Some(tag.as_str()),
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether it asks for what stands in records.
    pub(crate) fn asks_records(&self) -> bool {
        let asks = |term: &Term| matches!(term.test.source(), Source::Record | Source::Payload);
        self.terms.iter().any(asks)
    }

    /// Whether it asks for who runs a job.
    pub(crate) fn asks_workers(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Text(TextKey::Worker, _)))
    }

    /// Whether a job has all that it asks for, as far as that is known; but for its state.
    ///
    /// # Errors
    /// The payload or the result can't be read.
    pub(crate) fn wants(
        &self,
        facts: &Facts<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, PayloadError> {
        // What costs most comes last.
        let dear = |term: &&Term| matches!(term.test, Test::Field(..));
        let cheap = self.terms.iter().filter(|term| !dear(term));
        for term in cheap.chain(self.terms.iter().filter(dear)) {
            if !term.may_hold(facts, now)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::job::FailureReason;

    fn parsed(text: &str) -> JobFilter {
        text.parse().expect(text)
    }

    #[test]
    fn what_is_built_is_what_is_read() {
        let id: JobId = "order-7".parse().expect("an id");
        let built = JobFilter::new()
            .state(JobState::Failed)
            .state(JobState::Delayed)
            .name("send mail")
            .name("remind")
            .id(&id)
            .header("tenant", "a")
            .tag("spring-sale")
            .group("tenant 42")
            .worker("api-3:812")
            .error_contains("timed out")
            .error_reason(FailureReason::BadPayload)
            .payload("order.user", 42)
            .result("total", "1.50")
            .priority(..0)
            .attempts(3..=5)
            .older_than(Duration::from_secs(5_400))
            .ran_for(Duration::from_millis(1_500));
        let text = "state:failed,delayed name:\"send mail\",remind id:order-7 header.tenant=a \
                    tag:spring-sale group:\"tenant 42\" worker:api-3:812 error:\"timed out\" kind:bad_payload \
                    payload.order.user=42 result.total=\"1.50\" priority<0 attempts>=3 \
                    attempts<=5 added>=1h30m ran>=1s500ms";
        assert_eq!(built.to_string(), text);
        assert_eq!(parsed(text), built);
    }

    #[test]
    fn states_are_named_left_out_and_follow_from_what_is_asked() {
        const ALL: [JobState; 3] = [JobState::Delayed, JobState::Waiting, JobState::Failed];
        let states = |text| parsed(text).states_or(&ALL);
        assert_eq!(states(""), ALL);
        assert_eq!(states("state:failed,delayed"), [JobState::Delayed, JobState::Failed]);
        assert_eq!(states("state:active,failed"), [JobState::Failed, JobState::Active]);
        assert_eq!(states("-state:failed"), [JobState::Delayed, JobState::Waiting]);
        assert_eq!(states("state:failed,waiting -state:failed"), [JobState::Waiting]);
        assert_eq!(states("state:failed state:waiting"), []);
        assert_eq!(states("ended<1h"), [JobState::Failed]);
        assert_eq!(states("-ended<1h"), ALL);
        assert_eq!(states("due>1h"), [JobState::Delayed]);
        assert_eq!(states("result.a:1"), []);
    }

    #[test]
    fn queues_ids_tags_and_words_are_seen() {
        let orders = "orders".parse().expect("a name");
        for (text, wants) in [
            ("", true),
            ("queue:orders", true),
            ("queue:ord~,x", true),
            ("queue~bill", false),
            ("-queue:orders", false),
            ("queue:ord~ -queue:orders", false),
        ] {
            assert_eq!(parsed(text).wants_queue(&orders), wants, "{text}");
        }
        for (text, states, queues) in [
            ("state:failed", true, false),
            ("-state:failed queue~bill", false, true),
            ("name:\"a state:failed\" -queue:b", false, false),
        ] {
            let filter = parsed(text);
            assert_eq!(
                (filter.selects_states(), filter.selects_queues()),
                (states, queues),
                "{text}"
            );
        }
        let ids = |text| parsed(text).ids().map(|ids| ids.len());
        assert_eq!(ids("id:a,b,a state:failed"), Some(2));
        assert_eq!([ids("id:a~"), ids("-id:a"), ids("a")], [None; 3]);
        let word = |text| parsed(text).lone_word().map(|id| id.to_string());
        assert_eq!(word("01JF queue:a"), Some("01JF".to_owned()));
        assert_eq!([word("a b"), word("-a"), word("\"a b\""), word("id:a")], [const { None }; 4]);
        assert_eq!(parsed("-tag:a tag:b,c tag:d").one_tag(), Some("d"));
        assert!(
            parsed("payload.a:exists").asks_records() && !parsed("state:failed").asks_records()
        );
    }
}
