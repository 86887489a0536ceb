use jobqueue::job;

#[job(classify = by_text)]
async fn infallible(_: ()) {}

fn by_text(_: &String) -> jobqueue::retry::ErrorClass {
    jobqueue::retry::ErrorClass::Server
}

#[job(classify = wrong)]
async fn wrong_class(_: ()) -> Result<(), String> {
    Ok(())
}

fn wrong(_: &String) -> u16 {
    500
}

fn main() {}
