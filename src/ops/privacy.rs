//! `latitude privacy`: the privacy pack, from the configuration in force.

use std::process::ExitCode;

use super::cli::WithConfig;
use super::config::Config;
use super::say;
use crate::crm;
use crate::domain::field::{Field, Owner};

/// Facts of a deal that are read besides Latitude's own fields.
const FACTS: &str = "id, name, company name, pipeline, stage, amount, currency, close date, owner, \
                     when it was created and changed";
/// Facts of a person that are read.
const PERSON: &str = "id, name, work e-mail address, whether active, manager, time zone";

/// Prints it as Markdown.
///
/// # Errors
/// What the configuration refuses.
pub fn run(at: &WithConfig) -> anyhow::Result<ExitCode> {
    say::text(format_args!("{}", pack(&at.read()?)?));
    Ok(ExitCode::SUCCESS)
}

/// What leaves for elsewhere than the CRM.
fn sent(config: &Config) -> String {
    let mut lines = Vec::new();
    for way in config.nudges.ways() {
        let by = match way {
            "email" => "the mail server of `nudges.smtp`",
            _ => "the chat of `nudges.webhook`",
        };
        lines.push(format!(
            "- **To {by}**: the address of whoever is nudged, how many needs or deals it is about, and links to them; no word of a \
             plan. Each message has a link that ends them"
        ));
    }
    if !config.log.traces.is_empty() {
        lines.push(
            "- **To the collector of `log.traces`**: connections, moves and statuses; no person and no \
             words of anyone"
                .to_owned(),
        );
    }
    if lines.is_empty() {
        lines.push("- nothing: nudges and traces are off".to_owned());
    }
    format!("\n## Sent elsewhere than the CRM\n\n{}\n", lines.join("\n"))
}

/// The privacy pack as Markdown.
///
/// # Errors
/// When a connection names an unknown CRM.
pub fn pack(config: &Config) -> anyhow::Result<String> {
    let mut text = String::from(
        "# Privacy pack\n\nMade from the configuration in force by `latitude privacy`.\n\n\
         Latitude reads no activity: no task, event, call, mail, meeting, note or engagement, and \
         no field that counts them. It does not rank people, and predicts nothing about deals.\n",
    );
    for (name, settings) in &config.connections {
        let crm = crm::by_id(&settings.crm).ok_or_else(|| {
            anyhow::anyhow!(
                "connections.{name}.crm = \"{}\": there is no such CRM; see `latitude crm list`",
                settings.crm
            )
        })?;
        let api_name = |field: Field| match settings.fields.get(&field) {
            Some(mapped) => mapped.clone(),
            None => crm.field_name(settings.prefix(), field),
        };
        let of = |owners: &[Owner]| {
            let fields = Field::ALL.into_iter();
            let some = fields.filter(|field| owners.contains(&field.owner()));
            let names: Vec<String> = some.map(|field| format!("`{}`", api_name(field))).collect();
            names.join(", ")
        };
        let people = of(&[Owner::Seller, Owner::Manager]);
        let written = if settings.dry_run {
            "nothing: `dry_run` is set".to_owned()
        } else {
            of(&[Owner::Latitude])
        };
        text.push_str(&format!(
            "\n## Connection {name}: {}\n\n\
             - **Read of a deal**: {FACTS}; and {people}\n\
             - **Read of a person**: {PERSON}\n\
             - **Written**: {written}\n\
             - **Written only to carry what the seller published in Latitude**: {}\n\
             - **Share of the CRM's daily calls**: at most {} %\n",
            crm.profile().name,
            of(&[Owner::Seller]),
            settings.quota_percent(),
        ));
    }
    text.push_str(&sent(config));
    let days = |days: u32| match days {
        0 => "kept until erased".to_owned(),
        days => format!("{days} days"),
    };
    let keep = &config.retention;
    text.push_str(&format!(
        "\n## Who sees what\n\n\
         | what | who |\n|---|---|\n\
         | own strategies, drafts, confidence, private notes | the seller alone, but published strategies |\n\
         | published strategies, grades, coaching | the seller, managers and directors above in the CRM's hierarchy, and whoever else the seller reports to directly; everyone the CRM lets see the deal sees the CRM's fields |\n\
         | what is written once a deal is closed | the seller alone; what they choose to share of it, those who see the strategy |\n\
         | needs that were sent up | those they were sent to |\n\
         | a week | the seller alone; what they choose to share of it, their own manager |\n\
         | who opened a strategy | its seller |\n\
         | the ledger, metrics, logs | ops; they hold no plan text and no person's name |\n\
         \n## How long\n\n\
         - strategies, questions and drafts of closed deals: {}\n\
         - ledger: {}\n\
         - runs: {}\n\
         - sessions: {} hours at most, ended after {} idle minutes\n\
         - what someone was reminded of: a year\n\
         \n## Rights\n\n\
         - a copy of one's own, and being forgotten in part or whole: the page `/mine`\n\
         - everything that is kept: `latitude export`; about one person: `--person WHO`\n\
         - forget one person: `latitude erase --person WHO --yes`\n\
         - take Latitude out of a CRM: `latitude crm destroy --connection ID --yes`\n\
         \n## At rest\n\n\
         Sign-ins are sealed with XChaCha20-Poly1305 under a key that is not in the database.\n",
        days(keep.closed_deal_days),
        days(keep.ledger_days),
        days(keep.run_days),
        config.web.session_hours,
        config.web.idle_minutes,
    ));
    Ok(text)
}
