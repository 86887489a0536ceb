//! The pieces that run for every job: `cargo bench -p jobqueue-benches`. Times are a batch's, not a
//! job's, except for records.

use divan::{Bencher, black_box, counter::ItemsCount};
use jobqueue::internals::Batch;

/// Payloads of 100 bytes, in batches as they form under load, and in the largest.
const BATCHES: [usize; 3] = [1, 100, 1_000];

fn main() {
    divan::main();
}

fn batch(jobs: usize) -> Batch {
    Batch::new(jobs, 100).expect("a batch can be made")
}

#[divan::bench]
fn encode_record(bencher: Bencher<'_, '_>) {
    let batch = batch(1);
    bencher.bench_local(|| black_box(&batch).encode_record());
}

#[divan::bench]
fn decode_record(bencher: Bencher<'_, '_>) {
    let batch = batch(1);
    bencher.bench_local(|| black_box(&batch).decode_record());
}

#[divan::bench(args = BATCHES)]
fn write_add(bencher: Bencher<'_, '_>, jobs: usize) {
    let batch = batch(jobs);
    bencher.counter(ItemsCount::new(jobs)).bench_local(|| black_box(&batch).write_add());
}

#[divan::bench(args = BATCHES)]
fn write_advance(bencher: Bencher<'_, '_>, jobs: usize) {
    let batch = batch(jobs);
    bencher.counter(ItemsCount::new(jobs)).bench_local(|| black_box(&batch).write_advance());
}

#[divan::bench(args = BATCHES)]
fn parse_answer(bencher: Bencher<'_, '_>, jobs: usize) {
    let batch = batch(jobs);
    bencher.counter(ItemsCount::new(jobs)).bench_local(|| black_box(&batch).parse_answer());
}

#[divan::bench(args = BATCHES)]
fn read_answer(bencher: Bencher<'_, '_>, jobs: usize) {
    let batch = batch(jobs);
    let answer = batch.parse_answer().expect("it parses");
    bencher
        .counter(ItemsCount::new(jobs))
        .with_inputs(|| answer.clone())
        .bench_local_values(|answer| batch.read_answer(answer));
}
