//! What a key, a snapshot or an answer changes.

use std::mem;

use jobqueue::{JobState, QueueName};

use super::{
    act::Act,
    find::Search,
    keyboard::Key,
    model::{Model, Over, Screen},
    snapshot::Snapshot,
};
use crate::command::queues::dead_letter_queues;

/// How many rows a page has, about.
const PAGE: usize = 8;

/// What follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Draw,
    Do(Act),
    Quit,
}

/// A snapshot was read, or couldn't be.
pub(super) fn seen(model: &mut Model, snapshot: jobqueue::Result<Snapshot>) -> Next {
    match snapshot {
        Err(error) => model.problem = Some(error.to_string()),
        Ok(snapshot) => {
            model.problem = None;
            if !model.frozen {
                model.feed(snapshot);
            }
        }
    }
    Next::Draw
}

/// An action has ended.
pub(super) fn answered(model: &mut Model, answer: String) -> Next {
    model.answer = Some(answer);
    Next::Draw
}

/// A key was typed.
pub(super) fn typed(model: &mut Model, key: Key) -> Next {
    if key == Key::Quit {
        return Next::Quit;
    }
    match (mem::replace(&mut model.over, Over::Nothing), key) {
        (Over::Nothing, _) => {}
        (Over::Sure(act), Key::Letter('y' | 'Y')) => return Next::Do(act),
        (Over::Sure(_) | Over::Help, _) => return Next::Draw,
    }
    if model.search.typing {
        search(model, key);
        return Next::Draw;
    }
    match key {
        Key::Up | Key::Letter('k') => step(model, |row| row.saturating_sub(1)),
        Key::Down | Key::Letter('j') => step(model, |row| row.saturating_add(1)),
        Key::PageUp => step(model, |row| row.saturating_sub(PAGE)),
        Key::PageDown => step(model, |row| row.saturating_add(PAGE)),
        Key::Enter => enter(model),
        Key::Back => back(model),
        Key::Letter(letter) => return command(model, letter),
        _ => {}
    }
    Next::Draw
}

fn search(model: &mut Model, key: Key) {
    match key {
        Key::Letter(letter) => model.search.text.push(letter),
        Key::Erase => drop(model.search.text.pop()),
        Key::Enter => model.search.typing = false,
        Key::Back => model.search = Search::default(),
        _ => {}
    }
    model.row = 0;
    if model.screen == Screen::Queues {
        model.selected = model.shown().first().map(|view| view.entry.name.clone());
    }
}

/// Moves the cursor.
fn step(model: &mut Model, to: impl Fn(usize) -> usize) {
    let last = model.rows().saturating_sub(1);
    if model.screen != Screen::Queues {
        model.row = to(model.row).min(last);
        return;
    }
    let shown = model.shown();
    let at = shown.iter().position(|view| Some(&view.entry.name) == model.selected.as_ref());
    let to = to(at.unwrap_or(0)).min(last);
    model.selected = shown.get(to).map(|view| view.entry.name.clone());
}

fn enter(model: &mut Model) {
    model.answer = None;
    let next = match &model.screen {
        Screen::Queues => model.at_cursor().map(|view| {
            let glance = &view.glance;
            let first = [
                (JobState::Failed, glance.failed),
                (JobState::Active, glance.active),
                (JobState::Waiting, glance.waiting),
                (JobState::Delayed, glance.delayed),
            ];
            let state = first.into_iter().find(|(_, count)| *count > 0).map(|(state, _)| state);
            Screen::Jobs(view.entry.name.clone(), state.unwrap_or(JobState::Completed))
        }),
        Screen::Jobs(queue, state) => {
            let job = model.jobs().and_then(|jobs| jobs.get(model.row).map(|job| job.id.clone()));
            job.map(|id| Screen::Job(queue.clone(), *state, id))
        }
        Screen::Job(..) | Screen::Workers => None,
    };
    if let Some(next) = next {
        go(model, next);
    }
}

fn go(model: &mut Model, screen: Screen) {
    model.screen = screen;
    model.row = 0;
    model.search = Search::default();
}

fn back(model: &mut Model) {
    model.answer = None;
    if !model.search.text.is_empty() {
        model.search = Search::default();
        return;
    }
    let next = match &model.screen {
        Screen::Job(queue, state, _) => Screen::Jobs(queue.clone(), *state),
        _ => Screen::Queues,
    };
    go(model, next);
}

fn command(model: &mut Model, letter: char) -> Next {
    match letter {
        'q' => return Next::Quit,
        '?' => model.over = Over::Help,
        '/' => model.search = Search { text: String::new(), typing: true },
        ' ' => model.frozen = !model.frozen,
        's' => model.sort = model.sort.next(),
        'a' => model.shows_quiet = !model.shows_quiet,
        'w' => go(model, Screen::Workers),
        'd' => dead_letters(model),
        '1'..='6' => state_tab(model, letter),
        'p' | 'r' | 'C' => return change(model, letter),
        _ => {}
    }
    Next::Draw
}

fn dead_letters(model: &mut Model) {
    let Some(view) = model.at_cursor() else { return };
    let own = view.entry.is_dead_letter().then(|| view.entry.name.clone());
    let entries = model.queues().map(|it| &it.entry);
    let to = || dead_letter_queues(entries).remove(&view.entry.name)?.pop_first();
    match own.or_else(to) {
        Some(queue) => go(model, Screen::Jobs(queue, JobState::Waiting)),
        None => model.answer = Some(format!("{} has no dead-letter queue", view.entry.name)),
    }
}

fn state_tab(model: &mut Model, digit: char) {
    let Screen::Jobs(queue, _) = &model.screen else { return };
    let at = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1);
    if let Some(state) = JobState::ALL.get(at.saturating_sub(1)) {
        let next = Screen::Jobs(queue.clone(), *state);
        go(model, next);
    }
}

/// The queue that is looked at or into.
fn queue_in_view(model: &Model) -> Option<QueueName> {
    match &model.screen {
        Screen::Queues => model.selected.clone(),
        Screen::Jobs(queue, _) | Screen::Job(queue, ..) => Some(queue.clone()),
        Screen::Workers => None,
    }
}

fn change(model: &mut Model, letter: char) -> Next {
    if model.read_only {
        model.answer = Some("read-only: nothing is changed".to_owned());
        return Next::Draw;
    }
    let Some(queue) = queue_in_view(model) else { return Next::Draw };
    let view = model.queue(&queue);
    let is_paused = view.is_some_and(|view| view.entry.paused);
    let failed = view.map_or(0, |view| view.glance.failed);
    match (letter, &model.screen) {
        ('p', _) if is_paused => return Next::Do(Act::Resume(queue)),
        ('p', _) => return Next::Do(Act::Pause(queue)),
        ('r', Screen::Job(_, _, id)) => return Next::Do(Act::RetryJob(queue, id.clone())),
        ('C', Screen::Job(_, _, id)) => model.over = Over::Sure(Act::CancelJob(queue, id.clone())),
        ('r', _) if failed == 0 => model.answer = Some(format!("{queue} has no failed job")),
        ('r', _) => model.over = Over::Sure(Act::RetryFailed(queue)),
        _ => {}
    }
    Next::Draw
}
