//! Ours and the peers' numbers side by side: `./dev bench compare`.
//!
//! Against one Redis, in turns: for each scenario a peer and then ours, as many rounds as asked
//! for, then the next peer. Each play is a process of its own on an emptied server, warmed up with
//! some jobs; at its end every job must have run exactly as often as it should have.

#![allow(clippy::print_stdout, reason = "a program's output")]

use std::path::PathBuf;

use jobqueue_bench_peer::Result;
use jobqueue_benches::{
    Server,
    compare::{
        Contestant, Machine, Metric, Play, Reading, Scenario, Score, chart, document, find, row,
        scenarios, scores, table,
    },
};

const USAGE: &str = "usage: compare --peers DIR [--quick] [--rounds N] [--scale SHARE] [--only TEXT] \
                     [--peer NAME]… [--json FILE] [--chart FILE]";

/// What was asked for on the command line.
struct Asked {
    peers: PathBuf,
    quick: bool,
    rounds: usize,
    scale: f64,
    only: Option<String>,
    names: Vec<String>,
    json: Option<PathBuf>,
    chart: Option<PathBuf>,
}

fn asked() -> Result<Asked> {
    let mut asked = Asked {
        peers: PathBuf::new(),
        quick: false,
        rounds: 3,
        scale: 1.0,
        only: None,
        names: Vec::new(),
        json: None,
        chart: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value; {USAGE}"));
        match argument.as_str() {
            "--quick" => asked.quick = true,
            "--peers" => asked.peers = value()?.into(),
            "--rounds" => asked.rounds = value()?.parse()?,
            "--scale" => asked.scale = value()?.parse()?,
            "--only" => asked.only = Some(value()?),
            "--peer" => asked.names.push(value()?),
            "--json" => asked.json = Some(value()?.into()),
            "--chart" => asked.chart = Some(value()?.into()),
            _ => return Err(format!("{argument} is no option; {USAGE}").into()),
        }
    }
    Ok(asked)
}

#[tokio::main]
async fn main() -> Result<()> {
    let asked = asked()?;
    let mut tournament = Tournament::new(&asked).await?;
    let scale = if asked.quick { 0.2 * asked.scale } else { asked.scale };
    for scenario in scenarios(scale) {
        let wanted = asked.only.as_ref().is_none_or(|only| scenario.name.contains(only.as_str()));
        if wanted {
            tournament.scenario(&scenario).await?;
            // After each, so that what is known stays if it is interrupted.
            tournament.write(&asked)?;
        }
    }
    tournament.depth();
    tournament.write(&asked)?;
    println!("\n{}", table(&tournament.scores));
    for absent in &tournament.absent {
        println!("not measured: {absent}");
    }
    Ok(())
}

/// All that is known so far.
struct Tournament {
    url: String,
    server: Server,
    ours: Contestant,
    peers: Vec<Contestant>,
    quick: bool,
    rounds: usize,
    machine: Machine,
    scores: Vec<Score>,
    absent: Vec<String>,
    /// Our plays with few and with many jobs waiting, to be held against each other.
    deep: Vec<(String, Vec<Reading>)>,
}

impl Tournament {
    async fn new(asked: &Asked) -> Result<Self> {
        let (mut server, url) = Server::claim().await?;
        let version = server.version().await?;
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        let redis = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        let program = std::env::current_exe()?;
        let folder = program.parent().ok_or("this program has no folder")?;
        let (mut found, absent) = find(folder, &asked.peers, redis);
        let ours = found.remove(0);
        found.retain(|peer| asked.names.is_empty() || asked.names.iter().any(|n| n == peer.name));
        Ok(Self {
            url,
            server,
            ours,
            peers: found,
            quick: asked.quick && asked.only.is_none(),
            rounds: asked.rounds,
            machine: Machine::here(&version),
            scores: Vec::new(),
            absent,
            deep: Vec::new(),
        })
    }

    /// Plays one scenario against every peer that can.
    async fn scenario(&mut self, scenario: &Scenario) -> Result<()> {
        let mut ours_alone = Vec::new();
        for peer in self.peers.clone() {
            if !scenario.admits(peer.role, self.quick) {
                continue;
            }
            // Equal work: what is too much for a peer is left out on both sides.
            let capped = peer.most.map(|most| scenario.with_at_most(most));
            let scenario = capped.as_ref().unwrap_or(scenario);
            let mut plays = Vec::new();
            for _ in 0..self.rounds {
                // The peer first: whether it can take part at all is known then.
                let theirs = self.play(&peer, scenario).await;
                let Some(theirs) = self.settled(&peer, scenario, theirs) else { break };
                let ours = self.ours.clone();
                let ours = self.play(&ours, scenario).await?.ok_or("we lack something")?;
                plays.push((ours, theirs));
                ours_alone.push(ours);
            }
            let new = scores(&scenario.name, peer.name, &plays);
            for score in new.iter().filter(|score| score.metric.central()) {
                println!("{}", row(score));
            }
            self.scores.extend(new);
        }
        if scenario.name.starts_with("process-100-waiting-") {
            self.deep.push((scenario.name.clone(), ours_alone));
        }
        Ok(())
    }

    async fn play(&mut self, who: &Contestant, what: &Scenario) -> Result<Option<Reading>> {
        let Some(play) = Play::start(who, what, &mut self.server, &self.url).await? else {
            return Ok(None);
        };
        self.machine.versions.insert(who.name.to_owned(), play.version().to_owned());
        Ok(Some(play.play().await?))
    }

    /// A peer that fails is said and left out; the others go on.
    fn settled(
        &mut self,
        peer: &Contestant,
        scenario: &Scenario,
        play: Result<Option<Reading>>,
    ) -> Option<Reading> {
        play.unwrap_or_else(|error| {
            eprintln!("{} failed at {}: {error}", peer.name, scenario.name);
            self.absent.push(format!("{} at {}: {error}", peer.name, scenario.name));
            None
        })
    }

    /// Writes the files that were asked for.
    fn write(&self, asked: &Asked) -> Result<()> {
        if let Some(path) = &asked.json {
            let document = document(&self.machine, &self.scores, &self.absent);
            std::fs::write(path, format!("{document:#}\n"))?;
        }
        if let Some(path) = &asked.chart {
            std::fs::write(path, chart(&self.machine, &self.scores))?;
        }
        Ok(())
    }

    /// Holds our own rates with many and with few jobs waiting against each other.
    fn depth(&mut self) {
        let [few, many] = &self.deep[..] else { return };
        let plays: Vec<_> = many.1.iter().copied().zip(few.1.iter().copied()).collect();
        let mut own = scores(&many.0, "jobqueue with 10,000 waiting", &plays);
        own.retain(|score| matches!(score.metric, Metric::JobsPerSecond | Metric::RedisCpu));
        self.scores.extend(own);
    }
}
