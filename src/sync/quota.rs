//! How many new asks the guardrails leave each seller today.

use std::collections::HashMap;

use chrono::{Days, TimeDelta};
use chrono_tz::Tz;

use super::scene::Scene;
use crate::domain::Time;
use crate::domain::cadence;
use crate::domain::framework::Cadence;
use crate::store;
use crate::store::tx::Tx;

/// No day, by whichever seller's clock, began longer ago.
const LONGEST_DAY: TimeDelta = TimeDelta::hours(36);

/// New asks left today for the sellers of some deals.
pub(super) struct Quota<'a> {
    cadence: &'a Cadence,
    /// Where the CRM knows them.
    zones: HashMap<String, String>,
    used: HashMap<Option<String>, u32>,
}

impl<'a> Quota<'a> {
    /// Reads what was asked of these sellers, and by which clock they live; deals that nobody owns share
    /// one quota. Only theirs: what is kept in memory does not grow with the company.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(
        tx: &mut Tx,
        scene: &'a Scene<'_>,
        sellers: &[Option<&str>],
        now: Time,
    ) -> Result<Self, store::Error> {
        let id = &scene.connection;
        let known: Vec<&str> = sellers.iter().copied().flatten().collect();
        let mut quota = Self {
            cadence: &scene.framework.cadence,
            zones: tx.time_zones(id, &known).await?,
            used: HashMap::new(),
        };
        for (seller, at) in tx.asks_since(id, sellers, now - LONGEST_DAY).await? {
            let zone = quota.zone(seller.as_deref());
            if at.with_timezone(&zone).date_naive() == now.with_timezone(&zone).date_naive() {
                *quota.used.entry(seller).or_default() += 1;
            }
        }
        Ok(quota)
    }

    /// The clock a seller lives by.
    pub fn zone(&self, seller: Option<&str>) -> Tz {
        cadence::zone_of(self.cadence, self.time_zone(seller))
    }

    fn time_zone(&self, seller: Option<&str>) -> Option<&str> {
        self.zones.get(seller?).map(String::as_str)
    }

    /// Takes one of today's asks; else says when to look again.
    pub fn take(&mut self, seller: Option<&str>, now: Time) -> Result<(), Time> {
        let allowed = cadence::may_ask_at(self.cadence, self.time_zone(seller), now);
        if allowed > now {
            return Err(allowed);
        }
        let zone = self.zone(seller);
        let used = self.used.entry(seller.map(str::to_owned)).or_default();
        if *used >= self.cadence.asks_per_seller_and_day {
            let tomorrow = now.with_timezone(&zone).date_naive() + Days::new(1);
            let midnight = cadence::first_moment(tomorrow, zone);
            let time_zone = self.time_zone(seller);
            return Err(cadence::may_ask_at(self.cadence, time_zone, midnight));
        }
        *used += 1;
        Ok(())
    }
}
