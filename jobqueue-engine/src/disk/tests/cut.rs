//! A log that ends anywhere.

use std::fs::{self, File};

use super::*;
use crate::disk::{
    frame,
    header::{HEADER, Kind},
    manifest::Manifest,
};

/// Where the frames of the last log end in their file, and how many steps were made by then.
fn ends(folder: &Path, last: u64, before: u64) -> Vec<(u64, u64)> {
    let bytes = fs::read(folder.join(Kind::Log.name(last))).expect("a log");
    let mut made = before;
    let mut ends = vec![(HEADER, before)];
    let mut at = HEADER;
    for head in frame::scan(&bytes[usize::try_from(HEADER).expect("small")..]) {
        at += 28 + head.length;
        // An empty frame is none of a call.
        made += u64::from(head.length > 0);
        ends.push((at, made));
    }
    assert_eq!(at, bytes.len() as u64, "it is whole");
    ends
}

#[test]
fn a_log_that_is_cut_at_any_byte_has_all_before_it() {
    let original = folder();
    let engine = open(Files::of(original.path()), &options(Fsync::EverySecond).segment(1 << 20));
    (1..=90).for_each(|number| assert!(step(&engine, number)));
    drop(engine);
    let manifest = Manifest::read(&Files::of(original.path())).expect("read").expect("there");
    let name = Kind::Log.name(manifest.last);
    let ends = ends(original.path(), manifest.last, 0);
    let length = ends.last().expect("an end").0;
    assert!(length > 10_000 + HEADER && ends.last().expect("an end").1 == 90, "{length}");
    let expected: Vec<_> = (0..=90).map(expected).collect();
    for cut in length - 10_000..length {
        let folder = copy(original.path());
        let file = File::options().write(true).open(folder.path().join(&name)).expect("a log");
        file.set_len(cut).expect("cut");
        let recovered = reopened(folder.path()).unwrap_or_else(|error| panic!("{cut}: {error}"));
        let (end, made) = *ends.iter().rfind(|(end, _)| *end <= cut).expect("a frame");
        assert_eq!((steps(&recovered.keyspace), recovered.offset), (made, end), "{cut}");
        let made = usize::try_from(made).expect("small");
        assert_same(&shown(&recovered.keyspace), &expected[made], &cut.to_string());
        if cut % 100 == 0 {
            // It goes on from there.
            let engine = open(Files::of(folder.path()), &options(Fsync::Always));
            let next = steps(&recovered.keyspace) + 1;
            assert!(step(&engine, next));
            drop(engine);
            let again = reopened(folder.path()).expect("it opens");
            assert_eq!(steps(&again.keyspace), next, "{cut}");
        }
    }
}

#[test]
fn a_header_that_is_cut_is_refused_with_its_file() {
    let original = folder();
    drop(open(Files::of(original.path()), &options(Fsync::Always)));
    for cut in 0..HEADER {
        let folder = copy(original.path());
        let path = folder.path().join(Kind::Log.name(1));
        File::options().write(true).open(&path).expect("a log").set_len(cut).expect("cut");
        let error = reopened(folder.path()).err().expect("refused");
        assert!(matches!(&error, OpenError::Damaged { file, .. } if *file == path), "{error}");
    }
}

/// Opened and killed again and again, it goes on with one file.
#[test]
fn files_do_not_pile_up() {
    let folder = folder();
    for number in 1..=30 {
        let engine = open(Files::of(folder.path()), &options(Fsync::EverySecond).segment(1 << 20));
        assert!(step(&engine, number));
    }
    let recovered = reopened(folder.path()).expect("it opens");
    assert_eq!((steps(&recovered.keyspace), recovered.manifest.last), (30, 1));
}
