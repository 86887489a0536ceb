use jobqueue::JobError;

#[derive(Debug, thiserror::Error, JobError)]
enum Unknown {
    #[error("a")]
    #[job(transient)]
    A,
}

#[derive(Debug, thiserror::Error, JobError)]
enum NoField {
    #[error("a")]
    #[job(retry_after = wait)]
    A { delay: std::time::Duration },
}

#[derive(Debug, thiserror::Error, JobError)]
enum NoDuration {
    #[error("a")]
    #[job(rate_limited = 0)]
    A(u32),
}

#[derive(Debug, thiserror::Error, JobError)]
enum Twice {
    #[error("a")]
    #[job(permanent, retry)]
    A,
}

#[derive(Debug, thiserror::Error, JobError)]
enum OnField {
    #[error("a")]
    A(#[job(permanent)] u32),
}

#[derive(Debug, thiserror::Error, JobError)]
enum NoClass {
    #[error("a")]
    #[job(class = "network")]
    A,
}

#[derive(Debug, thiserror::Error, JobError)]
enum NoStatus {
    #[error("a")]
    #[job(status = code)]
    A { status: u16 },
}

#[derive(Debug, thiserror::Error, JobError)]
enum OddCompany {
    #[error("a")]
    #[job(status = code, max = "1s")]
    A { code: u16 },
}

fn main() {}
