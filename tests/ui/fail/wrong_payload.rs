use jobqueue::{job, Client};

#[job]
async fn order(_order: u32) {}

async fn add(client: Client) {
    let _ = client.add(order, "seven").await;
}

fn main() {}
