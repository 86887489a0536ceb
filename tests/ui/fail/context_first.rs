use jobqueue::{job, Context, State};

#[job]
async fn progress(ctx: Context, order: u32) {}

#[job]
async fn count(db: State<u8>) -> u64 {
    7
}

#[job]
async fn path(ctx: jobqueue::Context) {}

#[job]
async fn far_too_much(
    _: (),
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    ctx: Context,
) {
}

fn main() {}
