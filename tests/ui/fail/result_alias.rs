use jobqueue::job;

type Outcome = std::result::Result<u32, String>;
type IoOutcome = std::io::Result<u32>;

#[job]
async fn by_alias(_: u32) -> Outcome {
    Ok(1)
}

#[job]
async fn by_alias_with_error(_: u32) -> IoOutcome {
    Ok(1)
}

mod own {
    use jobqueue::job;

    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Result;

    #[job]
    async fn none(_: u32) -> Result {
        Result
    }
}

fn main() {}
