use super::*;
use crate::account::task::{Act, Task};

/// A job that was added, ran once as `7.0`, and completed.
fn one() -> (Vec<Note>, Ledger) {
    let task = Task { token: "k-t".into(), act: Act::Work, ms: 0 };
    let text = |text: &str| text.to_owned();
    let (token, id, run) = (text("k-t"), text("i"), text("7.0"));
    let notes = vec![
        Note::Intent { token: token.clone() },
        Note::Added { token: token.clone(), id: id.clone() },
        Note::Start { id: id.clone(), run: run.clone(), attempt: 1, token },
        Note::Effect { id: id.clone(), run: run.clone() },
    ];
    let ledger = Ledger {
        records: [id.clone()].into(),
        places: [(id.clone(), vec!["completed"])].into(),
        history: [(id.clone(), ["added", "active", "completed"].map(text).into())].into(),
        columns: [("outcomes", [id.clone()].into())].into(),
        tasks: [(id.clone(), task)].into(),
        outcomes: [(id, run)].into(),
        totals: [1, 1, 0],
        ..Ledger::default()
    };
    (notes, ledger)
}

#[track_caller]
fn found(change: impl FnOnce(&mut Vec<Note>, &mut Ledger)) -> Vec<Wrong> {
    let (mut notes, mut ledger) = one();
    change(&mut notes, &mut ledger);
    Proof::of(&notes, &ledger).wrong.into_keys().collect()
}

#[test]
fn a_sound_account_holds() {
    let (notes, ledger) = one();
    let proof = Proof::of(&notes, &ledger);
    proof.assert();
    assert_eq!((proof.jobs, proof.acknowledged, proof.ended, proof.runs), (1, 1, 1, 1));
    assert!(proof.to_string().starts_with("lost 0, duplicated 0, leaked 0\n1 jobs added"));
}

#[test]
fn a_job_that_is_nowhere_is_lost() {
    let wrong = found(|_, ledger| *ledger = Ledger::default());
    assert!(wrong.contains(&Wrong::Lost), "{wrong:?}");
}

/// Its job isn't kept when it ends.
fn discard(notes: &mut [Note]) {
    for note in notes {
        if let Note::Intent { token } | Note::Added { token, .. } | Note::Start { token, .. } = note
        {
            *token = "d-t".into();
        }
    }
}

#[test]
fn a_discarded_job_may_be_gone_once_it_has_ended() {
    let gone = |ledger: &mut Ledger| {
        let (history, totals) = (std::mem::take(&mut ledger.history), ledger.totals);
        *ledger = Ledger { history, totals, ..Ledger::default() };
    };
    assert!(found(|_, ledger| gone(ledger)).contains(&Wrong::Lost), "it is to be kept");
    let wrong = found(|notes, ledger| {
        discard(notes);
        gone(ledger);
    });
    assert_eq!(wrong, []);
}

#[test]
fn two_places_two_ends_and_two_ids_are_double() {
    let places = |_: &mut Vec<Note>, ledger: &mut Ledger| {
        ledger.places.insert("i".into(), vec!["waiting", "completed"]);
    };
    assert!(found(places).contains(&Wrong::Duplicated));
    let ends = |_: &mut Vec<Note>, ledger: &mut Ledger| {
        ledger.history.entry("i".into()).or_default().push("completed".into());
        ledger.totals[1] = 2;
    };
    assert_eq!(found(ends), [Wrong::Duplicated]);
    let ids = |notes: &mut Vec<Note>, _: &mut Ledger| {
        notes.push(Note::Added { token: "k-t".into(), id: "j".into() });
    };
    assert!(found(ids).contains(&Wrong::Duplicated));
    let run_again = |notes: &mut Vec<Note>, _: &mut Ledger| {
        let [id, run, token] = ["i", "7.1", "k-t"].map(str::to_owned);
        notes.push(Note::Start { id, run, attempt: 1, token });
    };
    assert_eq!(found(run_again), [Wrong::Duplicated]);
}

#[test]
fn a_job_that_is_added_again_after_its_end_is_double() {
    let again = |notes: &mut Vec<Note>, ledger: &mut Ledger| {
        discard(notes);
        for kind in ["added", "active", "completed"] {
            ledger.history.entry("i".into()).or_default().push(kind.into());
        }
        ledger.totals = [2, 2, 0];
    };
    assert!(found(again).contains(&Wrong::Duplicated));
}

#[test]
fn an_outcome_settled_by_a_lost_run_is_found() {
    let lost = |notes: &mut Vec<Note>, _: &mut Ledger| {
        notes.push(Note::Lost { id: "i".into(), run: "7.0".into() });
    };
    assert_eq!(found(lost), [Wrong::Unfenced]);
    let stalled = |_: &mut Vec<Note>, ledger: &mut Ledger| {
        ledger.history.entry("i".into()).or_default().insert(2, "stalled".into());
    };
    assert_eq!(found(stalled), [Wrong::Unfenced]);
}

#[test]
fn jobs_that_nobody_added_are_found() {
    assert_eq!(found(|notes, _| drop(notes.remove(0))), [Wrong::Invented]);
}

#[test]
fn leftovers_are_found() {
    let changes: [fn(&mut Ledger); 6] = [
        |ledger| ledger.columns.entry("stalls").or_default().extend(["j".to_owned()]),
        |ledger| ledger.records.extend(["j".into()]),
        |ledger| ledger.lists.extend(["j".into()]),
        |ledger| ledger.claims.extend([("key".into(), "i".into())]),
        |ledger| ledger.holders.extend(["w".into()]),
        |ledger| ledger.strange.push("odd".into()),
    ];
    for change in changes {
        assert_eq!(found(|_, ledger| change(ledger)), [Wrong::Leaked]);
    }
}

#[test]
fn totals_that_differ_are_unsound() {
    assert_eq!(found(|_, ledger| ledger.totals[0] = 2), [Wrong::Unsound]);
    assert_eq!(found(|notes, _| drop(notes.pop())), [Wrong::Unsound], "no effect");
}

#[test]
fn each_failure_has_one_dead_letter() {
    let fail = |ledger: &mut Ledger| {
        ledger.history.get_mut("i").expect("one").pop();
        ledger.history.get_mut("i").expect("one").push("failed".into());
        ledger.totals = [1, 0, 1];
    };
    let with = |count: usize, effects: u64| {
        found(move |_, ledger| {
            fail(ledger);
            ledger.effects = effects;
            ledger.dead_letters = [("i".to_owned(), count)].into();
        })
    };
    assert!(with(0, 0).contains(&Wrong::Lost));
    assert!(!with(0, 1).contains(&Wrong::Lost), "it is on its way");
    assert!(!with(1, 0).contains(&Wrong::Lost));
    assert!(with(2, 0).contains(&Wrong::Duplicated));
    assert!(
        found(|_, ledger| ledger.dead_letters = [("x".to_owned(), 1)].into())
            .contains(&Wrong::Invented)
    );
}
