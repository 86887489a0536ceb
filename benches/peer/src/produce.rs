//! Adding jobs, in each of the ways.

use std::{sync::Arc, time::Instant};

use tokio::task::JoinSet;

use crate::{Add, Answer, How, NewJob, Peer, Result};

/// How many tasks add at once, in [`How::Tasks`].
const TASKS: usize = 1_000;

pub(crate) async fn produce<P: Peer>(peer: &Arc<P>, add: Add) -> Result<Answer> {
    let began = Instant::now();
    match add.how {
        How::One => {
            for index in 0..add.jobs {
                peer.add(job(add, index)).await?;
            }
        }
        How::Tasks => {
            let mut tasks = JoinSet::<Result<()>>::new();
            for task in 0..TASKS {
                let peer = Arc::clone(peer);
                tasks.spawn(async move {
                    for index in (task..add.jobs).step_by(TASKS) {
                        peer.add(job(add, index)).await?;
                    }
                    Ok(())
                });
            }
            while let Some(task) = tasks.join_next().await {
                task??;
            }
        }
        How::Bulk | How::Bulk100 => {
            for from in (0..add.jobs).step_by(add.how.batch()) {
                let to = (from + add.how.batch()).min(add.jobs);
                peer.add_bulk((from..to).map(|index| job(add, index)).collect()).await?;
            }
        }
    }
    Ok(Answer::Added(began.elapsed().as_secs_f64()))
}

fn job(add: Add, index: usize) -> NewJob {
    NewJob::new(index, add.jobs, add.bytes, add.kind)
}
