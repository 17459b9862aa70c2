//! Pages that do not come through: smaller ones are asked for, and no more of the large ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use latitude::crm;
use latitude::crm::page::{Cursor, Seen};
use latitude::crm::session::{self, Means};
use latitude::http;
use latitude::http::Client;
use latitude::http::client::Carrier;
use latitude::http::fault::{Cause, Fault};
use reqwest::{Request, Response};

use crate::bench::{Bench, Memory};

/// What the network does with a page that is too much for it.
#[derive(Clone, Copy, Debug)]
enum Failing {
    TooLarge,
    TooSlow,
}

/// A network that brings no answer to calls that ask for so many deals as these words say.
struct Narrow {
    network: reqwest::Client,
    large: &'static str,
    failing: Failing,
    refused: AtomicU64,
}

#[async_trait]
impl Carrier for Narrow {
    async fn carry(&self, request: Request) -> Result<Response, Fault> {
        let prefer = request.headers().get("prefer");
        let prefer = prefer.map_or("", |it| it.to_str().unwrap());
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let body = String::from_utf8_lossy(body.unwrap_or_default());
        let told = format!("{} {prefer} {body}", request.url());
        if told.contains(self.large) && !told.contains("track-changes") {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(match self.failing {
                Failing::TooLarge => Fault::Unknown(Cause::told("too_large", "32 MiB")),
                Failing::TooSlow => Fault::no_answer("timed out: no answer came in time"),
            });
        }
        let answer = self.network.execute(request).await;
        answer.map_err(|error| Fault::no_answer(error.to_string()))
    }
}

#[tokio::test]
async fn the_size_that_comes_through_is_kept_for_the_rest_of_a_pull() {
    for (id, large) in [("dynamics365", "maxpagesize=5000"), ("zoho", "limit 2000")] {
        for failing in [Failing::TooLarge, Failing::TooSlow] {
            let bench = Bench::ready(crm::by_id(id).unwrap(), 1_300).await;
            let (whole, _) = bench.pull(&Cursor::default()).await;
            let narrow = Arc::new(Narrow {
                network: http::client(),
                large,
                failing,
                refused: AtomicU64::new(0),
            });
            let means = Means {
                client: Client::through(narrow.clone()),
                env: bench.served.world.env().clone(),
                vault: Arc::new(Memory::default()),
            };
            let fields = bench.session.fields.clone();
            let settings = Arc::new(bench.served.settings.clone());
            let session = session::open(bench.crm, settings, fields, &means).unwrap();
            let bench = Bench { session, ..bench };

            let (seen, _) = bench.pull(&Cursor::default()).await;

            let here = |seen: &[Seen]| seen.iter().filter(|it| matches!(it, Seen::Here(_))).count();
            assert!(here(&whole) > 1_000);
            assert_eq!(here(&seen), here(&whole), "{id} {failing:?}");
            let refused = narrow.refused.load(Ordering::Relaxed);
            assert_eq!(refused, 1, "{id} {failing:?}: large pages asked for");
        }
    }
}
