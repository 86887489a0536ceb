//! `tags(…)`: words by which jobs are found.

use jobqueue::job;

const ODD: &str = "two words";

#[job(tags)]
async fn no_parentheses(_: u32) {}

#[job(tags = "billing, nightly")]
async fn a_value(_: u32) {}

#[job(tags())]
async fn none(_: u32) {}

#[job(tags("two words"))]
async fn words(_: u32) {}

#[job(tags(""))]
async fn empty(_: u32) {}

#[job(tags(7))]
async fn number(_: u32) {}

#[job(tags("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"))]
async fn many(_: u32) {}

#[job(tags(ODD))]
async fn constant(_: u32) {}

fn main() {}
