//! `latitude crm list | plan | apply | destroy | stages`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::cli::WithConfig;
use super::keep::keep;
use super::provision::{Plan, Way, carry_out, plan, sentence};
use super::say::say;
use super::table::table;
use crate::crm::ALL;
use crate::crm::session::Session;
use crate::crm::setup::{Fit, Step};
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::http::fault::Fault;
use crate::sync::stages::{Asked, placed_now};
use crate::sync::worker::Engine;
use crate::sync::{MOVES, RECONCILE};

/// Set up fields and views in a CRM, and take them away again.
#[derive(Debug, Args)]
pub struct Crm {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name the CRMs Latitude speaks to
    #[command(after_help = "Example:\n  latitude crm list")]
    List,
    /// Show what would be created, changed, left alone, or clicked by hand
    #[command(
        after_help = "Example:\n  latitude crm plan --config latitude.toml --connection acme"
    )]
    Plan(Which),
    /// Create what is missing; safe to repeat
    #[command(
        after_help = "Example:\n  latitude crm apply --config latitude.toml --connection acme"
    )]
    Apply(Which),
    /// Save what Latitude's fields hold, then remove what Latitude created
    #[command(
        after_help = "Example:\n  latitude crm destroy --config latitude.toml --connection acme\n  latitude crm destroy --config latitude.toml --connection acme --export fields.jsonl --yes"
    )]
    Destroy(Destroy),
    /// Show which questions each stage of the CRM is asked
    #[command(
        after_help = "Example:\n  latitude crm stages --config latitude.toml --connection acme"
    )]
    Stages(Stages),
}

#[derive(Debug, Args)]
struct Which {
    #[command(flatten)]
    at: WithConfig,
    /// The connection's name in the configuration
    #[arg(long, value_name = "ID")]
    connection: String,
}

#[derive(Debug, Args)]
struct Destroy {
    #[command(flatten)]
    which: Which,
    /// Do it; without this, only show what would be removed
    #[arg(long)]
    yes: bool,
    /// Where to save what the fields hold, one JSON object a line; in this folder, named after the
    /// connection, where it is not given
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Remove the fields without saving what they hold
    #[arg(long, conflicts_with = "export")]
    no_export: bool,
}

#[derive(Debug, Args)]
struct Stages {
    #[command(flatten)]
    which: Which,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl Crm {
    /// Runs it.
    ///
    /// # Errors
    /// What the configuration or the CRM refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List => {
                let rows: Vec<Vec<String>> = ALL
                    .iter()
                    .map(|crm| {
                        let profile = crm.profile();
                        let kinds: Vec<&str> = profile.sign_in.iter().map(|it| it.word()).collect();
                        vec![
                            profile.id.to_owned(),
                            profile.name.to_owned(),
                            kinds.join(", "),
                        ]
                    })
                    .collect();
                say!("{}", table(&["crm", "name", "sign_in"], &rows));
            }
            Command::Plan(which) => which.open(env, Way::Apply, false).await?.show(),
            Command::Apply(which) => which.open(env, Way::Apply, true).await?.carry_out().await?,
            Command::Destroy(destroy) => destroy.run(env).await?,
            Command::Stages(stages) => stages.run(env).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A plan for one connection, and what it is carried out with.
struct Job {
    engine: Engine,
    id: ConnectionId,
    crm: &'static dyn crate::crm::Crm,
    session: Session,
    way: Way,
    plan: Plan,
}

impl Which {
    /// A command that only shows `makes` no database.
    async fn open(&self, env: Env, way: Way, makes: bool) -> anyhow::Result<Job> {
        let config = self.at.read()?;
        config.check_connection(&self.connection)?;
        let store = match makes {
            true => config.store(&env).await?,
            false => config.store_that_is_there(&env).await?,
        };
        let engine = config
            .engine_on(store, &env, Some(&self.connection))
            .await?;
        let id = ConnectionId::from(self.connection.as_str());
        let (_, crm) = engine
            .connections()
            .next()
            .context("there is no such connection")?;
        let session = engine.session(&id).await.map_err(told)?;
        let plan = plan(crm, &session, way).await.map_err(told)?;
        Ok(Job {
            engine,
            id,
            crm,
            session,
            way,
            plan,
        })
    }
}

/// A fault as a sentence: what it means for us, in the CRM's own words.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err calls"
)]
fn told(fault: Fault) -> anyhow::Error {
    anyhow::anyhow!("{fault}: {}", fault.cause())
}

impl Job {
    /// Says what stays as it is.
    fn left_alone(&self) {
        let fields = self.plan.found.fields.iter();
        for found in fields.filter(|_| self.way == Way::Apply) {
            let name = &found.place.name;
            match &found.fit {
                Fit::Good => say!("  leave   field {name}"),
                Fit::OtherKind(kind) => {
                    say!("  by hand field {name} is of kind {kind}; map another");
                }
                Fit::ReadOnly => say!("  by hand field {name} is read-only"),
                Fit::MissingOptions(_) => {}
            }
        }
    }

    /// Says what would be done.
    fn show(&self) {
        self.left_alone();
        for step in &self.plan.steps {
            say!("  would   {}", sentence(step));
        }
        self.end("to do");
    }

    /// Does it, and has the worker look at what came of it.
    async fn carry_out(&self) -> anyhow::Result<()> {
        self.left_alone();
        let done = carry_out(self.crm, &self.session, &self.plan, |step| {
            say!("  {}", sentence(step));
        })
        .await;
        done.map_err(|(step, fault)| {
            anyhow::anyhow!(
                "could not {}: {fault}: {}; what was done before stays, and running this again goes on \
                 from there",
                sentence(&step),
                fault.cause()
            )
        })?;
        let now = self.engine.env.now();
        let mut tx = self.engine.store.write().await?;
        tx.forget_setup(&self.id).await?;
        tx.unpark(&self.id, now).await?;
        for step in MOVES.into_iter().filter(|it| *it != RECONCILE) {
            tx.hasten_anyway(&self.id, step, now).await?;
        }
        tx.commit().await?;
        self.end("done");
        Ok(())
    }

    fn end(&self, done: &str) {
        for (step, clicks) in &self.plan.by_hand {
            say!("  by hand {}:", sentence(step));
            for (n, click) in clicks.iter().enumerate() {
                say!("            {}. {click}", n + 1);
            }
        }
        say!(
            "{}: {} steps {done}, {} by hand.",
            self.id,
            self.plan.steps.len(),
            self.plan.by_hand.len()
        );
    }
}

impl Destroy {
    async fn run(&self, env: Env) -> anyhow::Result<()> {
        let mut job = self.which.open(env, Way::Destroy, self.yes).await?;
        let goes = |step: &Step| matches!(step, Step::RemoveField(..));
        let fields_go = job.plan.steps.iter().any(goes);
        let file = match &self.export {
            Some(file) => file.clone(),
            None => PathBuf::from(format!("{}-fields.jsonl", job.id)),
        };
        if !self.yes {
            job.show();
            if fields_go && !self.no_export {
                say!(
                    "What the fields hold would be saved to {} first.",
                    file.display()
                );
            }
            if !job.plan.steps.is_empty() {
                say!("Nothing was removed. Add --yes to remove it.");
            }
            return Ok(());
        }
        if fields_go && !self.no_export {
            job.session.fields = job.plan.found.field_map();
            let (crm, session) = (job.crm, &job.session);
            let lines = keep((crm, session), (&job.engine.store, &job.id), &file).await?;
            say!(
                "What the fields of {lines} deals hold is saved in {}.",
                file.display()
            );
        }
        job.carry_out().await
    }
}

impl Stages {
    async fn run(&self, env: Env) -> anyhow::Result<()> {
        let config = self.which.at.read()?;
        config.check_connection(&self.which.connection)?;
        let store = config.store_that_is_there(&env).await?;
        let only = Some(self.which.connection.as_str());
        let engine = config.engine_on(store, &env, only).await?;
        let id = ConnectionId::from(self.which.connection.as_str());
        let (_, crm) = engine
            .connections()
            .next()
            .context("there is no such connection")?;
        let session = engine.session(&id).await.map_err(told)?;
        let pipelines = crm.stages(&session).await.map_err(told)?;
        let placed = placed_now(&engine.framework, &pipelines);
        if self.json {
            say!("{}", serde_json::to_string(&placed)?);
            return Ok(());
        }
        let rows: Vec<Vec<String>> = placed
            .iter()
            .map(|it| {
                vec![
                    it.pipeline.clone(),
                    it.stage.clone(),
                    it.asked.word().to_owned(),
                ]
            })
            .collect();
        say!("{}", table(&["pipeline", "stage", "asked as"], &rows));
        for stranger in placed.iter().filter(|it| it.asked == Asked::Default) {
            say!("\"{}\": {}", stranger.stage, stranger.remedy());
        }
        Ok(())
    }
}
