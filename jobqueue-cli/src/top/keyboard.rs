//! Keys, read by a thread of their own: reading blocks.

use std::{thread, time::Duration};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

use super::BUFFER;

/// How soon the thread sees that nobody listens any more.
const LOOK: Duration = Duration::from_millis(100);

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Enter,
    Back,
    Erase,
    Quit,
    Letter(char),
    /// The terminal has another size.
    Resized,
}

pub(super) fn listen() -> mpsc::Receiver<Key> {
    let (keys, heard) = mpsc::channel(BUFFER);
    thread::spawn(move || {
        while !keys.is_closed() {
            let key = match event::poll(LOOK) {
                Ok(false) => continue,
                Ok(true) => event::read().ok().as_ref().and_then(meant),
                Err(_) => return,
            };
            if let Some(key) = key
                && keys.blocking_send(key).is_err()
            {
                return;
            }
        }
    });
    heard
}

fn meant(event: &Event) -> Option<Key> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => of(*key),
        Event::Resize(..) => Some(Key::Resized),
        _ => None,
    }
}

fn of(KeyEvent { code, modifiers, .. }: KeyEvent) -> Option<Key> {
    if modifiers.contains(KeyModifiers::CONTROL) {
        return (code == KeyCode::Char('c')).then_some(Key::Quit);
    }
    Some(match code {
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Back,
        KeyCode::Backspace => Key::Erase,
        KeyCode::Char(letter) => Key::Letter(letter),
        _ => return None,
    })
}
