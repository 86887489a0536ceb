//! What is looked for: a filter as it stands in boxes and addresses, without what is hidden.

use jobqueue::{
    dead_letter::DeadLetter,
    find::{FilterError, FilterField, JobFilter},
};

use crate::{payload::Redaction, web::Problem};

/// A filter, and its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Where {
    text: String,
    filter: Box<JobFilter>,
}

impl Where {
    /// Reads a filter. What is hidden can't be looked for: answers would tell what it is.
    pub(crate) fn read(text: &str, redaction: &Redaction) -> Result<Self, Problem> {
        let filter: JobFilter = text.parse().map_err(|error| unreadable(&error))?;
        for field in filter.fields() {
            if let Some(rule) = hidden(&field, redaction) {
                let words = format!(
                    "`{}` is hidden by the rule `{rule}`, so it can't be looked for.",
                    written(&field)
                );
                return Err(Problem::forbidden(words));
            }
        }
        // Of a map, `[*]` would ask for fields that nobody has named.
        Ok(Self { text: text.trim().to_owned(), filter: Box::new(filter.lists_only()) })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// For jobs. A dead letter's payload has the whole record of the job that failed, what is hidden
    /// of that included, under names that no rule knows: it is looked for [as such](Self::of_letters).
    pub(crate) fn of_jobs(&self) -> JobFilter {
        let filter = (*self.filter).clone();
        let looks_inside = |field: &FilterField| !matches!(field, FilterField::OfHeader(_));
        match filter.fields().iter().any(looks_inside) {
            true => filter.without(JobFilter::new().name(DeadLetter::NAME)),
            false => filter,
        }
    }

    /// For dead letters, by the jobs that failed.
    pub(crate) fn of_letters(&self) -> JobFilter {
        (*self.filter).clone()
    }
}

fn hidden<'a>(field: &FilterField, redaction: &'a Redaction) -> Option<&'a str> {
    match field {
        FilterField::OfPayload(names) => redaction.rule_on_the_way("payload", names),
        FilterField::OfResult(names) => redaction.rule_on_the_way("result", names),
        FilterField::OfHeader(name) => {
            redaction.rule_on_the_way("headers", std::slice::from_ref(name))
        }
        // Of a later version of the library: it is safer not to ask.
        _ => Some("unknown field"),
    }
}

fn written(field: &FilterField) -> String {
    match field {
        FilterField::OfPayload(names) => format!("payload.{}", names.join(".")),
        FilterField::OfResult(names) => format!("result.{}", names.join(".")),
        FilterField::OfHeader(name) => format!("header.{name}"),
        _ => "a field".to_owned(),
    }
}

fn unreadable(error: &FilterError) -> Problem {
    let words = format!(
        "The filter can't be read at column {}: expected {}.",
        error.column(),
        error.expected()
    );
    Problem::bad_request(words).pointed(error.pointed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, redaction: &Redaction) -> Option<u16> {
        Where::read(text, redaction).err().map(|problem| problem.status.as_u16())
    }

    #[test]
    fn what_is_hidden_is_not_looked_for_however_it_is_asked() {
        let hook = |path: &[&str]| path == ["card"];
        let redaction = Redaction::default().hook(hook);
        for text in [
            "payload.password=x",
            "-payload.user[0].PassWord:exists",
            "payload[\"pass.word\"]~x",
            "payload.password<m",
            "payload={\"a\":{\"password\":\"x\"}}",
            "payload.user={\"id\":1,\"api-key\":\"x\"}",
            "payload.list=[{\"token\":1}]",
            "payload.card.holder:ann",
            "payload.a:1 result.token=x",
            "result.card.n=1",
            "header.authorization:x",
            "header[\"x-api-key\"]~x",
        ] {
            assert_eq!(refused(text, &redaction), Some(403), "{text}");
        }
        for text in ["payload.user:ann", "payload.items[*].sku=1", "header.tenant:a", "payload={}"]
        {
            assert_eq!(refused(text, &redaction), None, "{text}");
        }
        assert_eq!(refused("payload.password=x", &Redaction::none()), None);
    }

    #[test]
    fn what_can_not_be_read_is_pointed_at() {
        let problem = Where::read("name:send state:stuck", &Redaction::none()).expect_err("wrong");
        assert_eq!(problem.status, 400);
        assert!(problem.words.contains("at column 17: expected waiting"), "{}", problem.words);
        let below = format!("\n{}^^^^^ expected", " ".repeat(16));
        assert!(problem.pointed.expect("a place").contains(&below));
    }

    #[test]
    fn payloads_of_dead_letters_are_not_looked_into() {
        let read = |text| Where::read(text, &Redaction::default()).expect("sound");
        assert_eq!(
            read("payload.raw:95~").of_jobs().to_string(),
            "payload.raw:95~ -name:dead-letter"
        );
        assert_eq!(read("payload.a=1").of_letters().to_string(), "payload.a=1");
        assert_eq!(read("error:x").of_jobs().to_string(), "error:x");
    }
}
