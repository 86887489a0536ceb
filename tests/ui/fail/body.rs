use jobqueue::job;

#[job]
async fn order(id: u32) -> String {
    id
}

fn main() {}
