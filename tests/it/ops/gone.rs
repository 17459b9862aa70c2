//! A database that goes away and comes back: nothing is lost, and nothing has to be restarted.

use std::path::PathBuf;
use std::sync::Arc;

use latitude::sync::report::RunState;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use super::floor::{Floor, page, postgres};

/// Stands between Latitude and PostgreSQL, and can be pulled out like a cable.
struct Cable {
    address: String,
    plugged: Arc<watch::Sender<bool>>,
}

impl Cable {
    async fn to(database: &str) -> Self {
        let url = url::Url::parse(database).unwrap();
        let host = url.host_str().unwrap();
        let folder: String = url::form_urlencoded::parse(format!("x={host}").as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect();
        let port = url.port().unwrap_or(5432);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut address = url.clone();
        address.set_host(Some("127.0.0.1")).unwrap();
        address
            .set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let plugged = Arc::new(watch::Sender::new(true));
        let cable = plugged.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut cable, folder) = (cable.subscribe(), folder.clone());
                tokio::spawn(async move {
                    if !*cable.borrow() {
                        return;
                    }
                    let pulled = cable.wait_for(|plugged| !plugged);
                    if folder.starts_with('/') {
                        let place = PathBuf::from(folder).join(format!(".s.PGSQL.{port}"));
                        let mut far = UnixStream::connect(place).await.unwrap();
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => {}
                            _ = pulled => {}
                        }
                    } else {
                        let mut far = TcpStream::connect((folder, port)).await.unwrap();
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => {}
                            _ = pulled => {}
                        }
                    }
                });
            }
        });
        Self {
            address: format!("{address}?sslmode=disable"),
            plugged,
        }
    }
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back_is_worked_on_without_a_restart() {
    let Some(database) = postgres().await else {
        return;
    };
    let cable = Cable::to(&database).await;
    let floor = Floor::ready(&cable.address, 5).await;
    let pages = floor.pages().await;
    assert_eq!(floor.reconcile().await.state, RunState::Ok);

    cable.plugged.send_replace(false);
    let (gone, _) = page(&format!("{pages}/ready")).await;
    let (_, metrics) = page(&format!("{pages}/metrics")).await;
    assert!(floor.engine.run_until_quiet(None).await.is_err());
    cable.plugged.send_replace(true);
    let (back, _) = page(&format!("{pages}/ready")).await;

    assert_eq!((gone, back), (503, 200));
    assert!(metrics.contains("latitude_database_up 0"), "{metrics}");
    assert_eq!(floor.reconcile().await.state, RunState::Ok);
}
