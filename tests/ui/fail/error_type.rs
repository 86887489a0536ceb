use std::error::Error;

use jobqueue::job;

struct Odd;

#[job]
async fn order(_order: u32) -> Result<(), Odd> {
    Err(Odd)
}

#[job]
async fn not_sent(_order: u32) -> Result<(), Box<dyn Error>> {
    Ok(())
}

#[job(blocking)]
fn not_sent_either(_order: u32) -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn main() {}
