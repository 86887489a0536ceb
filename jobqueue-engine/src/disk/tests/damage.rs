//! Files that aren't what was written.

use std::fs;

use fastrand::Rng;

use super::*;
use crate::disk::{
    frame,
    header::{HEADER, Header, Kind},
};

/// A folder with a snapshot and several logs, closed in peace.
fn full(steps: u64) -> TempDir {
    let folder = folder();
    let engine = open(Files::of(folder.path()), &options(Fsync::EverySecond));
    let has_base = || {
        let names = Files::of(folder.path()).names().expect("names");
        names.iter().any(|name| name.starts_with("base-") && !name.ends_with(".new"))
    };
    let mut number = 0;
    while number < steps || !has_base() {
        number += 1;
        assert!(step(&engine, number));
        if number.is_multiple_of(20) {
            std::thread::sleep(std::time::Duration::from_millis(50));
            engine.log().expect("a log").tick();
        }
        assert!(number < 10_000, "no snapshot was made");
    }
    for more in number + 1..=number + 40 {
        assert!(step(&engine, more));
    }
    folder
}

#[test]
fn flipped_bits_are_found() {
    let original = full(100);
    let whole = shown(&reopened(original.path()).expect("it opens").keyspace);
    let names = Files::of(original.path()).names().expect("names");
    assert!(names.len() >= 3, "{names:?}");
    let mut rng = Rng::with_seed(7);
    let (mut refused, mut cut) = (0, 0);
    for _ in 0..2_000 {
        let folder = copy(original.path());
        let path = folder.path().join(rng.choice(&names).expect("a name"));
        let mut bytes = fs::read(&path).expect("a file");
        let bit = rng.usize(..bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).expect("written");
        match reopened(folder.path()) {
            Err(OpenError::Damaged { file, .. }) => {
                assert_eq!(file, path);
                refused += 1;
            }
            Err(error) => panic!("{error}"),
            // The mark at the very end says nothing but that all before it is on the disk.
            Ok(recovered) => {
                assert_same(
                    &shown(&recovered.keyspace),
                    &whole,
                    &format!("{} bit {bit}", path.display()),
                );
                cut += 1;
            }
        }
    }
    assert!(refused > 1_900, "{refused} refused, {cut} cut");
}

#[test]
fn files_that_are_missing_are_named() {
    let original = full(100);
    for name in Files::of(original.path()).names().expect("names") {
        let folder = copy(original.path());
        let path = folder.path().join(name);
        fs::remove_file(&path).expect("removed");
        let error = reopened(folder.path()).err().expect("refused");
        assert!(matches!(&error, OpenError::Missing { file } if *file == path), "{error}");
    }
}

#[test]
fn a_file_in_the_place_of_another_is_refused() {
    let original = folder();
    drop(open(Files::of(original.path()), &options(Fsync::Always)));
    let path = original.path().join(Kind::Log.name(1));
    let header = Header::new(Kind::Log, 2).write();
    fs::write(&path, header).expect("written");
    assert!(matches!(reopened(original.path()), Err(OpenError::Damaged { offset: 12, .. })));
    fs::write(&path, "a text of somebody else's, which is longer than a header is")
        .expect("written");
    assert!(matches!(reopened(original.path()), Err(OpenError::Damaged { offset: 0, .. })));
}

/// A log of five frames, of which the first ones were known to be on the disk; a machine that has
/// lost its power since.
fn after_a_power_failure(folder: &Path, synced_frames: usize) -> Vec<u64> {
    let mut header = Header::new(Kind::Log, 1);
    header.boot = [1; 16];
    let mut bytes = header.write();
    let mut ends = vec![0];
    for number in 1..=5_usize {
        let mut body = Vec::new();
        crate::words::append(&mut body, [b"SET", &b"steps"[..], number.to_string().as_bytes()]);
        let synced = ends[synced_frames.min(number - 1)];
        ends.push(frame::append(&mut bytes, ends[number - 1], synced, &body));
    }
    fs::write(folder.join(Kind::Log.name(1)), bytes).expect("written");
    ends
}

#[test]
fn what_a_power_failure_tore_is_told_from_damage() {
    for synced in 0..5_usize {
        for broken in 0..5_usize {
            let folder = folder();
            drop(open(Files::of(folder.path()), &options(Fsync::Always)));
            let ends = after_a_power_failure(folder.path(), synced);
            let path = folder.path().join(Kind::Log.name(1));
            let mut bytes = fs::read(&path).expect("a log");
            let at = usize::try_from(HEADER + ends[broken] + 30).expect("small");
            bytes[at] ^= 1;
            fs::write(&path, bytes).expect("written");
            let opened = reopened(folder.path()).map(|recovered| steps(&recovered.keyspace));
            // Frames say how far the log was synced when they were written: the fifth at most up to
            // the end of the fourth.
            if broken < synced && broken < 4 {
                assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{synced} {broken}");
            } else {
                assert_eq!(opened.expect("it opens"), broken as u64, "{synced} {broken}");
            }
        }
    }
}

#[test]
fn a_newer_format_is_refused() {
    let folder = folder();
    drop(open(Files::of(folder.path()), &options(Fsync::Always)));
    let path = folder.path().join(Kind::Log.name(1));
    let mut bytes = fs::read(&path).expect("a log");
    bytes[8] = 9;
    let check = crc32fast::hash(&bytes[..44]).to_le_bytes();
    bytes[44..48].copy_from_slice(&check);
    fs::write(&path, bytes).expect("written");
    let error = reopened(folder.path()).err().expect("refused");
    assert!(matches!(error, OpenError::Newer { found: 9, known: 1, .. }), "{error}");
}
