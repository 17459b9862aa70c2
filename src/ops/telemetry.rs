//! Logs to stderr, as text or JSON; traces to a collector where one is configured. Never tokens, plan
//! text or names.

use std::io::IsTerminal;
use std::sync::OnceLock;

use anyhow::Context;
use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::config::{Log, LogFormat};
use super::say::remark;

/// What sends traces; ended by [`end`].
static TRACES: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Starts logging, and tracing where `log.traces` says where to. Does nothing where logging runs
/// already.
///
/// # Errors
/// When the level is not one, or the collector's address is none.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let filter = filter(&log.level)?;
    let mut lines = fmt::layer().with_writer(std::io::stderr);
    if !std::io::stderr().is_terminal() {
        // Colours are for eyes: in a file they are noise.
        lines.set_ansi(false);
    }
    let lines = match log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let traces = match log.traces.as_str() {
        "" => None,
        endpoint => {
            let (layer, provider) = traces(endpoint)?;
            // Set already only where logging runs already.
            drop(TRACES.set(provider));
            Some(layer)
        }
    };
    let all = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces);
    // Fails only where a subscriber is set already, as in tests.
    drop(all.try_init());
    Ok(())
}

/// What is logged.
///
/// # Errors
/// When it is neither a level nor a filter. A lone word that is no level would be taken for the name
/// of a module that does not exist, and nothing would be logged.
pub fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    let wrong = || {
        format!(
            "log.level = \"{level}\": write error, warn, info, debug or trace, or a filter such as \
             \"info,latitude::sync=debug\""
        )
    };
    let words = level.split(',').map(str::trim);
    let mut lone = words.filter(|word| !word.contains(['=', '[']));
    if !lone.all(|word| word.parse::<LevelFilter>().is_ok()) {
        anyhow::bail!(wrong());
    }
    let filter = EnvFilter::try_new(level).with_context(wrong)?;
    // PostgreSQL remarks at every start that what is there already is there already.
    let quieter = "sqlx::postgres::notice=warn";
    Ok(match level.contains("sqlx") {
        true => filter,
        false => filter.add_directive(quieter.parse().with_context(wrong)?),
    })
}

/// A layer that sends spans to an OTLP collector over HTTP, and what it sends them with. Must be
/// called inside the runtime that carries them.
///
/// # Errors
/// When the address is none.
pub fn traces<S>(
    endpoint: &str,
) -> anyhow::Result<(impl Layer<S> + Send + Sync + use<S>, SdkTracerProvider)>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let wrong = || {
        format!(
            "log.traces = \"{endpoint}\": write the collector's address, such as \
             http://127.0.0.1:4318/v1/traces"
        )
    };
    url::Url::parse(endpoint).with_context(wrong)?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Door::here())
        .with_endpoint(endpoint)
        .build()
        .with_context(wrong)?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name("latitude").build())
        .build();
    // Our own spans and their facts; other crates' may hold addresses with a token in them.
    let ours = Targets::new().with_target("latitude", LevelFilter::INFO);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("latitude"))
        .with_location(false)
        .with_threads(false)
        .with_filter(ours);
    Ok((layer, provider))
}

/// Sends what is left of traces.
pub fn end() {
    if let Some(provider) = TRACES.get()
        && let Err(error) = provider.shutdown()
    {
        remark!("latitude: the last traces could not be sent: {error}");
    }
}

/// Our one door to the network, for the thread that sends traces.
#[derive(Debug)]
struct Door {
    client: reqwest::Client,
    runtime: Handle,
}

impl Door {
    fn here() -> Self {
        Self {
            client: crate::http::client(),
            runtime: Handle::current(),
        }
    }
}

#[async_trait]
impl HttpClient for Door {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, request) = (self.client.clone(), reqwest::Request::try_from(request)?);
        // That thread has no runtime of its own.
        let sent = self.runtime.spawn(async move {
            let reply = client.execute(request).await?;
            let status = reply.status();
            Ok::<_, reqwest::Error>((status, reply.bytes().await?))
        });
        let (status, body) = sent.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}
