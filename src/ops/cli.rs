//! The commands: names, options, help. What they do stands in the modules beside this one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::config::Config;
use super::say::{self, remark, say};
use super::{
    assess, connect, copy, crm, demo, disconnect, doctor, evaluate, health, key, ledger, person,
    privacy, sandbox, service, sync, telemetry, token,
};
use crate::env::Env;

/// Asks sellers for a deal strategy in place of activity counts, assesses the thinking, and writes
/// strategy, grade and coaching questions back to the CRM.
#[derive(Debug, Parser)]
#[command(
    name = "latitude",
    version,
    arg_required_else_help = true,
    after_help = "To see it:         latitude demo\nTo begin for real: docs/getting-started.md"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything on sandbox CRMs: no configuration, no network
    #[command(after_help = "Example:\n  latitude demo\n  latitude demo --once --json --deals 200")]
    Demo(demo::Demo),
    /// Serve sandbox CRMs to try clients against
    #[command(after_help = "Example:\n  latitude sandbox --port 9000 --weather breezy")]
    Sandbox(sandbox::Serve),
    /// Serve the pages and work the connections, in one process
    #[command(after_help = "Example:\n  latitude run --config latitude.toml")]
    Run(WithConfig),
    /// Serve the pages only
    #[command(after_help = "Example:\n  latitude web --config latitude.toml")]
    Web(WithConfig),
    /// Work the connections only
    #[command(after_help = "Example:\n  latitude worker --config latitude.toml")]
    Worker(WithConfig),
    /// Bring every connection up to date once, and say how it went
    #[command(after_help = "Example:\n  latitude sync --once --config latitude.toml --json")]
    Sync(sync::Once),
    /// Set up fields and views in a CRM, and take them away again
    #[command(
        after_help = "Example:\n  latitude crm plan --config latitude.toml --connection acme"
    )]
    Crm(crm::Crm),
    /// Assess strategies: JSON lines in, JSON lines out
    #[command(
        after_help = "A line; each answer may be left out:\n  {\"id\":1,\"answers\":{\"customer_outcome\":\"…\",\"conversation_goal\":\"Jo says which shift goes first\",\n   \"approach\":\"…\",\"obstacles\":\"…\",\"need\":\"…\",\"check_on\":\"2026-12-04\"}}\n\nExample:\n  latitude assess < strategies.jsonl\n  latitude assess --explain < strategies.jsonl"
    )]
    Assess(assess::AssessArgs),
    /// Compare the assessment with people's ratings
    #[command(after_help = "Example:\n  latitude evaluate rated/held_back.jsonl")]
    Evaluate(evaluate::EvaluateArgs),
    /// Bring the database's schema up to date
    #[command(after_help = "Example:\n  latitude migrate --config latitude.toml")]
    Migrate(WithConfig),
    /// Print the configuration in force, secrets masked
    #[command(after_help = "Example:\n  latitude config --config latitude.toml")]
    Config(WithConfig),
    /// Check everything Latitude needs, and say what to do about what is missing
    #[command(after_help = "Example:\n  latitude doctor --config latitude.toml")]
    Doctor(doctor::Doctor),
    /// Sign a connection in, or in again, and prove that it works
    #[command(after_help = "Example:\n  latitude connect --config latitude.toml --connection acme")]
    Connect(connect::Connect),
    /// Show what became of each record, in the CRM's own words
    #[command(
        after_help = "Example:\n  latitude ledger --config latitude.toml --connection acme --json"
    )]
    Ledger(ledger::Ledger),
    /// Try everything again that was put off or given up on
    #[command(after_help = "Example:\n  latitude retry --config latitude.toml --connection acme")]
    Retry(ledger::Retry),
    /// Say whether the service on this machine answers
    #[command(after_help = "Example:\n  latitude health --config latitude.toml")]
    Health(health::Health),
    /// Write everything that is kept, one JSON object a line; or what is kept about one person
    #[command(
        after_help = "Example:\n  latitude export --config latitude.toml --to latitude.jsonl\n  latitude export --config latitude.toml --person ada@acme.example --to ada.json"
    )]
    Export(copy::Export),
    /// Take up what `export` wrote, into an empty database of either kind
    #[command(after_help = "Example:\n  latitude import --config new.toml --from latitude.jsonl")]
    Import(copy::Import),
    /// Forget one person: what they wrote, owned and did
    #[command(
        after_help = "Example:\n  latitude erase --config latitude.toml --person ada@acme.example --yes"
    )]
    Erase(person::Erase),
    /// Forget a connection that was taken out of the configuration
    #[command(
        after_help = "Example:\n  latitude disconnect --config latitude.toml --connection acme --yes"
    )]
    Disconnect(disconnect::Disconnect),
    /// Print the privacy pack: what is read and written, who sees it, how long it is kept
    #[command(after_help = "Example:\n  latitude privacy --config latitude.toml > privacy.md")]
    Privacy(WithConfig),
    /// Make a key for `secrets.key`, or seal everything anew with the newest one
    #[command(
        after_help = "Example:\n  export LATITUDE_SECRETS__KEY=$(latitude key)\n  latitude key --reseal --config latitude.toml"
    )]
    Key(key::Key),
    /// Make, list and revoke tokens for other tools
    #[command(
        after_help = "Example:\n  latitude token make --config latitude.toml --person acme:005A --name reports --scope deals"
    )]
    Token(token::Token),
    /// Print what a shell needs to complete these commands
    #[command(after_help = "Example:\n  source <(latitude completions bash)")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub struct WithConfig {
    /// The configuration file; LATITUDE_CONFIG where it is not given, else defaults and the
    /// environment alone
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl WithConfig {
    /// Reads it and starts logging as it says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self) -> anyhow::Result<Config> {
        let config = self.read_quietly()?;
        telemetry::start(&config.log)?;
        for remark in &config.remarks {
            tracing::warn!("{remark}");
        }
        Ok(config)
    }

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_quietly(&self) -> anyhow::Result<Config> {
        let named = || figment::providers::Env::var("LATITUDE_CONFIG").map(PathBuf::from);
        Config::read(self.config.clone().or_else(named).as_deref())
    }
}

/// Parses, runs, says what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = super::process::keep_memory_private() {
        remark!("latitude: a crash may leave a core dump with keys in it: {error}");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            remark!("latitude: the machine gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(run(cli.command));
    telemetry::end();
    match done {
        Ok(code) => say::ended(code),
        Err(error) => {
            remark!("latitude: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let env = Env::system();
    match command {
        Command::Demo(demo) => demo.run(env).await,
        Command::Sandbox(serve) => serve.run(env).await,
        Command::Run(at) => service::run(&at.read()?, env, service::Parts::Both).await,
        Command::Web(at) => service::run(&at.read()?, env, service::Parts::Web).await,
        Command::Worker(at) => service::run(&at.read()?, env, service::Parts::Worker).await,
        Command::Sync(once) => once.run(env).await,
        Command::Crm(crm) => crm.run(env).await,
        Command::Assess(args) => while_read(assess::run(&args)),
        Command::Evaluate(args) => while_read(evaluate::run(&args)),
        Command::Migrate(at) => {
            at.read()?.store(&env).await?;
            say!("The schema is up to date.");
            Ok(ExitCode::SUCCESS)
        }
        Command::Config(at) => {
            say::text(format_args!("{}", at.read_quietly()?.printed()?));
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(doctor) => doctor.run(env).await,
        Command::Connect(connect) => connect.run(env).await,
        Command::Ledger(ledger) => ledger.run(env).await,
        Command::Retry(retry) => retry.run(env).await,
        Command::Health(health) => health.run().await,
        Command::Export(export) => export.run(env).await,
        Command::Import(import) => import.run(env).await,
        Command::Erase(erase) => erase.run(env).await,
        Command::Disconnect(disconnect) => disconnect.run(env).await,
        Command::Privacy(at) => privacy::run(&at),
        Command::Key(key) => key.run(env).await,
        Command::Token(token) => token.run(env).await,
        Command::Completions { shell } => {
            let mut cli = <Cli as clap::CommandFactory>::command();
            let mut words = Vec::new();
            clap_complete::generate(shell, &mut cli, "latitude", &mut words);
            let written = std::io::Write::write_all(&mut std::io::stdout(), &words);
            while_read(written.map_err(anyhow::Error::from))
        }
    }
}

/// How a command ended that does nothing but print: where nobody reads any more, it is done.
fn while_read(done: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    match done {
        Err(error) if !say::nobody_reads(&error) => Err(error),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_commands_are_sound() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
