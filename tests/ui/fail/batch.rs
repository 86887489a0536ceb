//! `batch(…)`: handlers that run several jobs at once.

use jobqueue::{Context, handler::BatchContext, job};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Doc(u32);

#[job(batch)]
async fn no_parentheses(_: Vec<Doc>) {}

#[job(batch(wait = "1s"))]
async fn no_max(_: Vec<Doc>) {}

#[job(batch(max = 0))]
async fn zero(_: Vec<Doc>) {}

#[job(batch(max = 1_001))]
async fn too_many(_: Vec<Doc>) {}

#[job(batch(max = 5, wait = 5))]
async fn wait_without_unit(_: Vec<Doc>) {}

#[job(batch(max = 5, by = tenant))]
async fn by_something(_: Vec<Doc>) {}

#[job(batch(size = 5))]
async fn unknown(_: Vec<Doc>) {}

#[job(batch(max = 5))]
async fn one_payload(_: Doc) {}

#[job(batch(max = 5))]
async fn context_of_one(_: Vec<Doc>, _: Context) {}

#[job(batch(max = 5))]
async fn no_extractor(_: Vec<Doc>, _: u32) {}

#[job(batch(max = 5))]
async fn one_result(_: Vec<Doc>) -> u32 {
    1
}

#[job(batch(max = 5))]
async fn one_result_or_error(_: Vec<Doc>) -> Result<u32, String> {
    Ok(1)
}

#[job(batch(max = 5), steps)]
async fn steps(_: Vec<Doc>) {}

#[job(idempotent, batch(max = 5))]
async fn idempotent(_: Vec<Doc>) {}

#[job(batch(max = 5))]
async fn declared(doc: Doc);

#[job]
async fn context_of_many(_: Doc, _: BatchContext) {}

struct NoError;

#[job(batch(max = 5))]
async fn item_error(_: Vec<Doc>) -> Vec<Result<u32, NoError>> {
    Vec::new()
}

fn main() {}
