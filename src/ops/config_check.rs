//! What a configuration that can be read may still get wrong.

use anyhow::{anyhow, bail};

use super::config::Config;
use super::nudge_post::Post;
use super::telemetry;
use crate::crm;
use crate::crm::session;

impl Config {
    /// Looks at every value that its kind alone does not vouch for.
    ///
    /// # Errors
    /// Naming the key, its value and the remedy.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for (key, value) in [
            ("sync.poll_seconds", self.sync.poll_seconds),
            ("web.idle_minutes", self.web.idle_minutes),
            ("web.session_hours", self.web.session_hours),
            ("web.sign_ins_a_minute", self.web.sign_ins_a_minute),
            ("web.previews_a_minute", self.web.previews_a_minute),
            ("web.calls_a_minute", self.web.calls_a_minute),
        ] {
            if value == 0 {
                bail!("{key} = 0: write 1 or more");
            }
        }
        if self.worker.lanes == 0 {
            bail!("worker.lanes = 0: write 1 or more");
        }
        if !(2..=86_400).contains(&self.worker.lease_seconds) {
            bail!(
                "worker.lease_seconds = {}: write 2 to 86400, better 30 or more",
                self.worker.lease_seconds
            );
        }
        for (key, value, most) in [
            ("retention.ledger_days", self.retention.ledger_days, 36_500),
            ("retention.run_days", self.retention.run_days, 36_500),
            (
                "retention.closed_deal_days",
                self.retention.closed_deal_days,
                36_500,
            ),
            ("sync.poll_seconds", self.sync.poll_seconds, 86_400),
            ("web.idle_minutes", self.web.idle_minutes, 525_600),
            ("web.session_hours", self.web.session_hours, 8_760),
        ] {
            if value > most {
                bail!("{key} = {value}: write at most {most}");
            }
        }
        telemetry::filter(&self.log.level)?;
        self.watch.place()?;
        Post::new(&self.nudges)?;
        self.check_pages()?;
        self.check_connections()
    }

    fn check_pages(&self) -> anyhow::Result<()> {
        let url = &self.web.public_url;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("web.public_url = \"{url}\": write an http or https address");
        }
        if url.path() != "/" || url.query().is_some() {
            bail!(
                "web.public_url = \"{url}\": the pages stand at the root of a host; write it without \
                 a path, such as {}",
                url.origin().ascii_serialization()
            );
        }
        let hours = &self.web.hours;
        if hours.from >= hours.until {
            bail!(
                "web.hours.from = \"{}\": write a time before web.hours.until, \"{}\"",
                hours.from,
                hours.until
            );
        }
        let ops = self.web.ops.iter().map(|whom| ("web.ops", whom));
        let roles = self.web.roles.keys().map(|whom| ("web.roles", whom));
        for (key, whom) in ops.chain(roles) {
            let is_someone = whom.contains('@')
                || whom
                    .split_once(':')
                    .is_some_and(|(connection, id)| !connection.is_empty() && !id.is_empty());
            if !is_someone {
                bail!(
                    "{key} names \"{whom}\": write an e-mail address, or CONNECTION:ID with the \
                     CRM's id of the person"
                );
            }
        }
        Ok(())
    }

    fn check_connections(&self) -> anyhow::Result<()> {
        let names = || {
            let all: Vec<&str> = self.connections.keys().map(String::as_str).collect();
            all.join(", ")
        };
        for name in self.web.frame_ancestors.keys() {
            if !self.connections.contains_key(name) {
                bail!(
                    "web.frame_ancestors.{name}: there is no such connection; the configuration has: {}",
                    names()
                );
            }
        }
        for (name, settings) in &self.connections {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            if name.is_empty() || !name.chars().all(plain) {
                bail!("connections.{name}: use lower-case letters, digits, - and _ only");
            }
            let crm = crm::by_id(&settings.crm).ok_or_else(|| {
                let known: Vec<&str> = crm::ALL.iter().map(|crm| crm.profile().id).collect();
                anyhow!(
                    "connections.{name}.crm = \"{}\": there is no such CRM; write one of: {}",
                    settings.crm,
                    known.join(", ")
                )
            })?;
            session::sign_in(crm, settings)
                .map_err(|fault| anyhow!("connections.{name}: {}", fault.cause().message))?;
            for (leader, reports) in &settings.teams {
                let key = format!("connections.{name}.teams.\"{leader}\"");
                if reports.iter().any(|it| it.eq_ignore_ascii_case(leader)) {
                    bail!("{key} names \"{leader}\" again: nobody leads themselves");
                }
                if leader.is_empty() || reports.is_empty() || reports.iter().any(String::is_empty) {
                    bail!(
                        "{key} = {reports:?}: write who reports to them, each by e-mail address or \
                         by the CRM's id"
                    );
                }
            }
            if let Some(share) = settings.quota_percent.filter(|it| !(1..=100).contains(it)) {
                bail!("connections.{name}.quota_percent = {share}: write 1 to 100");
            }
            let no_code =
                |it: &&String| it.len() != 3 || !it.bytes().all(|it| it.is_ascii_uppercase());
            if let Some(code) = settings.currency.as_ref().filter(no_code) {
                bail!(
                    "connections.{name}.currency = \"{code}\": write three capital letters, such as \
                     \"EUR\""
                );
            }
        }
        Ok(())
    }
}
