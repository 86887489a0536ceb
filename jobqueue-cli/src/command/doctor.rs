//! `jobqueue doctor`: what is wrong, what it means, and what mends it.

use anyhow::Result;
use clap::Args;
use jobqueue_doctor::{Doctor as Examination, Finding, Report, Severity};

use crate::{
    exit::Exit,
    output::{Hue, Output, counted},
    session::Session,
};

/// Looks at the servers and at all queues for what is wrong, says what it means and what mends it.
///
/// It changes nothing. It ends with 1 if it has found a warning or an error.
#[derive(Args, Debug)]
pub(crate) struct Doctor;

impl Doctor {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let report = Examination::new(session.client().await?).run().await?;
        let out = &session.out;
        if out.json {
            out.json(&report)?;
        } else {
            show(&report, out)?;
        }
        let is_well = report.worst().is_none_or(|worst| worst == Severity::Note);
        Ok(if is_well { Exit::Done } else { Exit::Trouble })
    }
}

fn show(report: &Report, out: &Output) -> Result<()> {
    for finding in &report.findings {
        out.say(line(finding, out))?;
        out.say(format_args!("  {} Mend: {}", finding.means, finding.mend))?;
    }
    for unseen in &report.unseen {
        let sign = out.paint.hue(Hue::Dim, "?");
        out.say(format_args!("{sign} not looked at: {unseen}"))?;
        out.say(format_args!("  Mend: {}", unseen.mend))?;
    }
    let passed: Vec<_> = report.passed().map(|check| check.to_string()).collect();
    let looked = format!(
        "{} on {}",
        counted(report.queues as u64, "queue"),
        counted(report.servers as u64, "server")
    );
    let well = out.paint.hue(Hue::Good, "✓");
    out.say(format_args!(
        "{well} {} checks of {looked} found nothing: {}",
        passed.len(),
        passed.join(", ")
    ))
}

fn line(finding: &Finding, out: &Output) -> String {
    let (sign, hue) = match finding.severity {
        Severity::Error => ("✕", Hue::Bad),
        Severity::Warning => ("!", Hue::Odd),
        _ => ("·", Hue::Dim),
    };
    let since = finding.since.map(|at| format!(", since {}", out.time(at))).unwrap_or_default();
    let head = format!("{sign} {}  {}", finding.check, finding.subject);
    format!("{}  {}{since}", out.paint.hue(hue, &head), finding.what)
}
