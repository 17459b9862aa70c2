//! Latitude as it runs: processes of its own, a database, sandbox CRMs that take their time.
//!
//! `cargo bench --bench live -- latency`: from the panel to the CRM and back, under load.
//! `cargo bench --bench live -- workers`: one, two, four workers over sixteen connections, and what
//! happens when one is killed or cut off.
//! `cargo bench --bench live -- vendor`: a vendor's size, on paper and scaled down.
//!
//! Words of the form `name=number` change a figure; each module names its own. SQLite where one
//! process is all there is; PostgreSQL where `LATITUDE_TEST_POSTGRES` names a server.

#[path = "../common/connection.rs"]
mod connection;
mod latency;
mod load;
mod rig;
mod vendor;
mod workers;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let figures = rig::Figures::of(&words);
    match words
        .iter()
        .find(|word| !word.starts_with('-'))
        .map(String::as_str)
    {
        Some("latency") => latency::run(&figures).await,
        Some("workers") => workers::run(&figures).await,
        Some("vendor") => vendor::run(&figures).await,
        _ => {
            println!("say what to measure: latency, workers or vendor");
            Ok(())
        }
    }
}
