//! `jobqueue dead-letters`: queues of jobs that failed for good.

use anyhow::Result;
use clap::{Args, value_parser};
use jobqueue::{JobId, dead_letter, types::Value};
use serde::Serialize;
use serde_json::json;

use crate::{
    exit::{Exit, Told},
    output::{Cell, Column, Hue, Table, clean, grouped, one_line},
    session::Session,
    value::json as json_value,
};

/// Lists the dead-letter queues; or the dead letters of one, or shows or corrects one of them.
///
/// `jobqueue redrive` sends them back.
#[derive(Args, Debug)]
pub(crate) struct DeadLetters {
    /// The dead-letter queue.
    queue: Option<String>,
    /// Shows this dead letter, by its id there.
    #[arg(long, value_name = "ID", requires = "queue")]
    id: Option<String>,
    /// Gives its job this payload, as JSON.
    #[arg(long, value_name = "JSON", requires = "id", value_parser = json_value)]
    payload: Option<Value>,
    /// At most so many.
    #[arg(long, short = 'n', value_name = "LETTERS", default_value_t = 20,
          value_parser = value_parser!(u64).range(1..))]
    limit: u64,
    /// Leaves out the first ones.
    #[arg(long, value_name = "LETTERS", default_value_t = 0)]
    skip: u64,
}

#[derive(Serialize)]
struct LetterQueue {
    queue: jobqueue::QueueName,
    dead_letters_of: Vec<jobqueue::QueueName>,
    waiting: u64,
}

#[derive(Serialize)]
struct Letter {
    letter: JobId,
    #[serde(flatten)]
    job: dead_letter::DeadLetter,
}

impl DeadLetters {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let Some(queue) = &self.queue else { return list(session).await };
        session.known_queue(queue).await?;
        let dead = session.client().await?.dead_letters(queue)?;
        match &self.id {
            Some(id) => self.one(session, &dead, id).await,
            None => self.page(session, &dead).await,
        }
    }

    async fn page(&self, session: &Session, dead: &dead_letter::DeadLetters) -> Result<Exit> {
        let page = dead.page(self.skip, self.limit).await?;
        let out = &session.out;
        if out.json {
            let letters: Vec<_> =
                page.into_iter().map(|(letter, job)| Letter { letter, job }).collect();
            out.json(&letters)?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new([
            Column::id("LETTER"),
            Column::text("FROM"),
            Column::text("NAME"),
            Column::text("FAILED"),
            Column::long("ERROR"),
        ]);
        for (id, letter) in &page {
            let name = letter.record().map(|record| record.name.to_string());
            table.row([
                Cell::new(id),
                Cell::new(&letter.queue),
                name.unwrap_or_else(|_| "can't be read".to_owned()).into(),
                out.time(letter.failed_at).into(),
                format!("{}: {}", letter.failure.reason, letter.failure.message).into(),
            ]);
        }
        if table.is_empty() {
            out.remark("No dead letter waits here.");
        } else {
            out.table(&table)?;
            let total = dead.count().await?;
            out.remark(format_args!("{} of {}", page.len(), grouped(total)));
        }
        Ok(Exit::Done)
    }

    async fn one(
        &self,
        session: &Session,
        dead: &dead_letter::DeadLetters,
        id: &str,
    ) -> Result<Exit> {
        let (out, id) = (&session.out, id.parse::<JobId>().map_err(jobqueue::Error::from)?);
        if let Some(payload) = &self.payload {
            dead.edit(&id, payload).await?;
            let value = json!({"letter": id, "changed": true});
            out.answer(&value, format_args!("the job of dead letter {id} has this payload now"))?;
            return Ok(Exit::Done);
        }
        let Some(job) = dead.get(&id).await? else {
            let text = format!("{} has no dead letter {id}", dead.queue().name());
            return Err(Told::error(Exit::Refused, text));
        };
        if out.json {
            out.json(&Letter { letter: id, job })?;
            return Ok(Exit::Done);
        }
        let name = job.record()?.name;
        let failed = out.paint.hue(Hue::Bad, "⊠ failed");
        out.say(format_args!("{} · {name} · {failed} {}", job.queue, out.time(job.failed_at)))?;
        out.say(format_args!("job       {}", job.id))?;
        for failure in std::iter::once(&job.failure).chain(&job.errors) {
            let text =
                format!("{}, attempt {}: {}", failure.reason, failure.attempt, failure.message);
            out.say(format_args!("error     {}", one_line(&text)))?;
        }
        let payload = job.payload::<Value>().map(|payload| payload.to_string());
        out.say(format_args!("payload   {}", clean(&payload?)))?;
        Ok(Exit::Done)
    }
}

async fn list(session: &Session) -> Result<Exit> {
    let (client, out) = (session.client().await?, &session.out);
    let mut queues = Vec::new();
    for entry in client.queues().all().await? {
        if entry.is_dead_letter() {
            let waiting = client.dead_letters(&entry.name)?.count().await?;
            let (queue, dead_letters_of) = (entry.name, entry.dead_letters_of);
            queues.push(LetterQueue { queue, dead_letters_of, waiting });
        }
    }
    if out.json {
        out.json(&queues)?;
        return Ok(Exit::Done);
    }
    if queues.is_empty() {
        out.remark(
            "No dead-letter queue yet: `jobqueue limits set QUEUE --dead-letter OTHER` makes one.",
        );
        return Ok(Exit::Done);
    }
    let mut table =
        Table::new([Column::text("QUEUE"), Column::number("LETTERS"), Column::long("OF")]);
    for LetterQueue { queue, dead_letters_of, waiting } in &queues {
        let of: Vec<&str> = dead_letters_of.iter().map(jobqueue::QueueName::as_str).collect();
        let count = Cell::new(grouped(*waiting));
        let count = if *waiting > 0 { count.hue(Hue::Bad) } else { count };
        table.row([Cell::new(queue), count, of.join(", ").into()]);
    }
    out.table(&table)?;
    Ok(Exit::Done)
}
