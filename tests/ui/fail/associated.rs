//! An associated function is a handler as any other, as long as it doesn't say `Self`.

use jobqueue::job;

struct Orders(u32);

impl Orders {
    #[job]
    async fn first(_: u32) -> u32 {
        Self::price().0
    }

    #[job]
    async fn second(order: u32) -> Result<Self, std::io::Error> {
        Ok(Orders(order))
    }

    fn price() -> Self {
        Self(7)
    }
}

fn main() {}
