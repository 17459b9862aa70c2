//! `latitude crm list | plan | apply | destroy`.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::cli::WithConfig;
use super::provision::{Plan, Way, carry_out, plan, sentence};
use super::table::table;
use crate::crm::ALL;
use crate::crm::setup::Fit;
use crate::domain::ids::ConnectionId;
use crate::env::Env;

/// Set up fields and views in a CRM, and take them away again.
#[derive(Debug, Args)]
pub struct Crm {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name the CRMs Latitude speaks to
    List,
    /// Show what would be created, changed, left alone, or clicked by hand
    Plan(Which),
    /// Create what is missing; safe to repeat
    Apply(Which),
    /// Remove what Latitude created
    Destroy(Destroy),
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
                println!("{}", table(&["crm", "name", "sign_in"], &rows));
            }
            Command::Plan(which) => drop(which.go(env, Way::Apply, false).await?),
            Command::Apply(which) => drop(which.go(env, Way::Apply, true).await?),
            Command::Destroy(destroy) => {
                let way = destroy.which.go(env, Way::Destroy, destroy.yes).await?;
                if !destroy.yes && !way.steps.is_empty() {
                    println!("Nothing was removed. Add --yes to remove it.");
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Which {
    async fn go(&self, env: Env, way: Way, act: bool) -> anyhow::Result<Plan> {
        let config = self.at.read()?;
        let engine = config.engine(&env, Some(&self.connection)).await?;
        let id = ConnectionId::from(self.connection.as_str());
        let (_, crm) = engine
            .connections()
            .next()
            .context("there is no such connection")?;
        let session = engine.session(&id).await?;
        let name = crm.profile().name;
        let plan = plan(crm, &session, way)
            .await
            .with_context(|| format!("looking at {name}"))?;
        for found in plan.found.fields.iter().filter(|_| way == Way::Apply) {
            match &found.fit {
                Fit::Good => println!("  leave   field {}", found.place.name),
                Fit::OtherKind(kind) => {
                    println!(
                        "  by hand field {} is of kind {kind}; map another",
                        found.place.name
                    );
                }
                Fit::ReadOnly => println!("  by hand field {} is read-only", found.place.name),
                Fit::MissingOptions(_) => {}
            }
        }
        for step in plan.steps.iter().filter(|_| !act) {
            println!("  would   {}", sentence(step));
        }
        if act {
            let done = carry_out(crm, &session, &plan, |step| {
                println!("  {}", sentence(step));
            })
            .await;
            done.map_err(|(step, fault)| {
                anyhow::Error::new(fault).context(format!("could not {}", sentence(&step)))
            })?;
            let mut tx = engine.store.write().await?;
            tx.forget_setup(&id).await?;
            tx.unpark(&id, env.now()).await?;
            for step in crate::sync::MOVES
                .into_iter()
                .filter(|it| *it != crate::sync::RECONCILE)
            {
                tx.hasten(&id, step, env.now()).await?;
            }
            tx.commit().await?;
        }
        for (step, clicks) in &plan.by_hand {
            println!("  by hand {}:", sentence(step));
            for (n, click) in clicks.iter().enumerate() {
                println!("            {}. {click}", n + 1);
            }
        }
        let done = if act { "done" } else { "to do" };
        println!(
            "{}: {} steps {done}, {} by hand.",
            self.connection,
            plan.steps.len(),
            plan.by_hand.len()
        );
        Ok(plan)
    }
}
