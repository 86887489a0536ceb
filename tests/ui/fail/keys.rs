use jobqueue::job;

#[job(queue = "orders", per_key = 2)]
async fn without_a_key(_n: u32) {}

#[job(queue = "orders", concurrency_key = "n", per_key = 1, per_key = 2)]
async fn twice(n: u32) {}

#[job(queue = "orders", concurrency_key = "order.user")]
async fn of_another_name(n: u32) {}

#[job(queue = "orders", concurrency_key = "n", per_key = 0)]
async fn none_at_all(n: u32) {}

#[job(queue = "orders", group = "order.tenant")]
async fn group_of_another_name(n: u32) {}

#[job(queue = "orders", group = "n.tenant")]
async fn group_of_no_field(n: u32) {}

fn main() {}
