use jobqueue::job;

struct Odd;

#[job]
async fn order(_order: u32) -> Result<(), Odd> {
    Err(Odd)
}

fn main() {}
