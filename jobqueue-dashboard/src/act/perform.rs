//! The way of one change: who may, what it is, where to go then.

use axum::{Router, extract::State, http::header, routing::post};
use jobqueue::{Queue, QueueName};

use super::{
    edit,
    noted::needs,
    replay,
    run::{self, Work},
    single,
    subject::{Subject, typed},
    tasks::{NewTask, too_many},
};
use crate::{
    access::Role,
    state::App,
    verb::Verb,
    web::{
        Params, Path, Posted, Problem, Reply, THEME_COOKIE, Theme, Visit, encode, go, queue_name,
    },
};

/// The fastest rate that can be asked for, in jobs a second.
const FASTEST: u64 = 100_000;

/// The routes of all changes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/do/{verb}", post(perform)).route("/theme", post(theme))
}

async fn perform(
    State(app): State<App>,
    visit: Visit,
    Path(verb): Path<String>,
    Posted(params): Posted,
) -> Reply {
    let Some(verb) = Verb::of(&verb) else {
        return Err(Problem::not_found(format!("There is no action `{verb}`.")));
    };
    let name = match verb {
        // A task knows its queue itself: what the form says doesn't count.
        Verb::Stop => task(&app, &params)?.queue().clone(),
        _ => queue_name(params.required("queue")?)?,
    };
    // Whoever cancels a dead letter has as good as removed it.
    let may_remove = visit.person.can(Role::Admin, name.as_str());
    let is_removal = verb == Verb::Cancel && !may_remove && is_dead_letter(&app, &name).await?;
    let role = if is_removal { Role::Admin } else { verb.role() };
    needs(&visit, (verb, role), &name).await?;
    if verb == Verb::Stop {
        let task = task(&app, &params)?;
        task.stop();
        return Ok(go(&visit, &format!("/actions/{}", task.id())));
    }
    let reply = carry_out(&app, &visit, (verb, &name), &params).await;
    app.readings.changed(&name).await;
    reply
}

/// Whether dead letters lie in the queue.
async fn is_dead_letter(app: &App, name: &QueueName) -> Result<bool, Problem> {
    let entries = app.client.queues().all().await?;
    Ok(entries.iter().any(|entry| entry.name == *name && entry.is_dead_letter()))
}

/// By somebody who may.
async fn carry_out(
    app: &App,
    visit: &Visit,
    (verb, name): (Verb, &QueueName),
    params: &Params,
) -> Reply {
    let queue = visit.queue(name).await?;
    match verb {
        Verb::Pause => queue.pause().await.map(|_| ())?,
        Verb::Resume => queue.resume().await.map(|_| ())?,
        Verb::Lift => queue.lift_throttle().await.map(|_| ())?,
        Verb::PauseSchedule | Verb::ResumeSchedule => {
            return schedule(visit, &queue, verb, params).await;
        }
        Verb::RunSchedule => {
            let job = queue.schedules().run_now(params.required("id")?).await?;
            return Ok(go(visit, &job_path(&queue, job.id().as_str())));
        }
        Verb::RetryFlow | Verb::CancelFlow => {
            return single::flow(visit, &queue, verb, params).await;
        }
        Verb::Edit | Verb::EditRetry => return edit::job(visit, &queue, verb, params).await,
        Verb::EditLetter => return edit::letter(visit, &queue, params).await,
        Verb::Clone => return single::clone(visit, &queue, params).await,
        Verb::Replay => return replay::begin(app, visit, &queue, params).await,
        _ => return jobs(app, visit, &queue, (verb, params)).await,
    }
    Ok(go(visit, &format!("/q/{}", encode(name.as_str()))))
}

/// Holds a schedule, or lets it go on.
async fn schedule(visit: &Visit, queue: &Queue, verb: Verb, params: &Params) -> Reply {
    let (id, schedules) = (params.required("id")?, queue.schedules());
    match verb {
        Verb::PauseSchedule => schedules.pause(id).await.map(|_| ())?,
        _ => schedules.resume(id).await.map(|_| ())?,
    }
    // From its own page back to that.
    match params.has("own_page") {
        true => {
            Ok(go(visit, &format!("/schedules/{}/{}", encode(queue.name().as_str()), encode(id))))
        }
        false => Ok(go(visit, "/schedules")),
    }
}

fn task(app: &App, params: &Params) -> Result<super::Task, Problem> {
    let id = params.number("task", 1..=u64::MAX, 0)?;
    let gone =
        || Problem::not_found(format!("There is no work {id}. It is forgotten, or never was."));
    app.tasks.get(id).ok_or_else(|| gone().link("/actions", "What runs and ran"))
}

pub(super) fn job_path(queue: &Queue, id: &str) -> String {
    format!("/q/{}/job/{}", encode(queue.name().as_str()), encode(id))
}

/// One job at once, many in the background.
async fn jobs(app: &App, visit: &Visit, queue: &Queue, (verb, params): (Verb, &Params)) -> Reply {
    let subject = Subject::of(params, &app.redaction)?;
    if let Subject::Ids(ids) = &subject
        && let [id] = &ids[..]
        && verb != Verb::Redrive
    {
        return single::job(visit, queue, (verb, id), params).await;
    }
    if !verb.is_for_many() || (verb == Verb::Promote && matches!(subject, Subject::All { .. })) {
        let words = format!("`{}` is for single jobs.", verb.as_str());
        return Err(Problem::bad_request(words));
    }
    if let Subject::All { state, .. } = &subject
        && verb != Verb::Redrive
        && !verb.fits(*state)
    {
        let words = format!("`{}` isn't for jobs that are {state}.", verb.as_str());
        return Err(Problem::bad_request(words));
    }
    let count = subject.count(queue, verb, &app.client).await?;
    if params.has("expect") {
        let expected = params.number("expect", 0..=u64::MAX, 0)?;
        if expected != count.jobs {
            return Err(Problem::changed(format!(
                "{expected} jobs were to be changed, and it would be {} now. Look again. Nothing was \
                 changed.",
                count.jobs
            )));
        }
    }
    if Subject::needs_name(count, verb) {
        typed(params, queue.name())?;
    }
    let rate = match params.number("rate", 1..=FASTEST, 0)? {
        0 => None,
        rate => u32::try_from(rate).ok(),
    };
    let new = NewTask {
        verb,
        queue: queue.name().clone(),
        who: visit.person.name().to_owned(),
        subject: subject.words(),
        total: count.jobs,
    };
    let task = app.tasks.begin(new).ok_or_else(too_many)?;
    let (client, person) = (visit.client(), visit.person.clone());
    let work = Work { client, person, queue: queue.clone(), verb, subject, rate };
    tokio::spawn(run::run(work, task.clone()));
    Ok(go(visit, &format!("/actions/{}", task.id())))
}

/// The theme is kept by the browser, so that the server can send it without a flash.
async fn theme(visit: Visit, Posted(params): Posted) -> Reply {
    let Some(theme) = Theme::of(params.required("theme")?) else {
        return Err(Problem::bad_request("`theme` is `system`, `light` or `dark`."));
    };
    // Only to pages of ours: `//host` and `/\host` would be those of others.
    let back = params.long_text("back", 4_096)?.unwrap_or("/");
    let ours = back.starts_with('/')
        && !back.starts_with("//")
        && !back.contains(|c: char| c == '\\' || c.is_control());
    let root = if visit.prefix.is_empty() { "/" } else { &*visit.prefix };
    let cookie = format!(
        "{THEME_COOKIE}={}; Path={root}; Max-Age=31536000; SameSite=Lax; HttpOnly",
        theme.as_str()
    );
    let mut response = go(&visit, if ours { back } else { "/" });
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
