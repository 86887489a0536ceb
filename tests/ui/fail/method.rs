use jobqueue::job;

struct Service;

impl Service {
    #[job]
    async fn serve(&self, _n: u32) {}
}

fn main() {}
