//! Values of `batch(…)` that are checked as a whole.

use jobqueue::job;

const NONE: usize = 0;
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

#[job(batch(max = NONE))]
async fn zero_by_name(_: Vec<u32>) {}

#[job(batch(max = 5, wait = "2h"))]
async fn too_long(_: Vec<u32>) {}

#[job(batch(max = 5, wait = DAY))]
async fn too_long_by_name(_: Vec<u32>) {}

fn main() {}
