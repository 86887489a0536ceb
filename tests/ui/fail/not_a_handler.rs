use jobqueue::{Client, Worker};

async fn order(_order: u32) {}

fn build(client: &Client) {
    let _ = Worker::builder(client).handler(order);
}

fn main() {}
