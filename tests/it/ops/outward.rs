//! Names that lead into private networks are not followed, whoever owns them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latitude::http;
use tokio::net::TcpListener;

/// A server inside, and how many have come to it.
async fn inside() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let count = came.clone();
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            drop(line);
        }
    });
    (port, came)
}

#[tokio::test]
async fn a_name_that_leads_inside_is_never_connected_to() {
    let (port, came) = inside().await;
    let url: url::Url = format!("http://localhost:{port}/latest").parse().unwrap();
    let ask = async |client: reqwest::Client| {
        let request = reqwest::Request::new(reqwest::Method::GET, url.clone());
        client.execute(request).await
    };

    let refused = ask(http::client_for(false)).await.unwrap_err();
    let outside = came.load(Ordering::SeqCst);
    drop(ask(http::client_for(true)).await);

    let told = format!("{refused:?}");
    assert!(told.contains("Inward"), "{told}");
    assert_eq!(outside, 0, "nobody came in");
    assert!(came.load(Ordering::SeqCst) > 0, "though there was a way");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (port, came) = inside().await;
    let elsewhere = format!("http://127.0.0.1:{port}/take");
    let router = axum::Router::new().fallback(move || {
        let elsewhere = elsewhere.clone();
        async move { axum::response::Redirect::temporary(&elsewhere) }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: url::Url = format!("http://{}/token", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut request = reqwest::Request::new(reqwest::Method::POST, url);
    let token = reqwest::header::HeaderValue::from_static("Bearer planted");
    request
        .headers_mut()
        .insert(reqwest::header::AUTHORIZATION, token);

    let answer = http::client_for(true).execute(request).await.unwrap();

    assert_eq!(answer.status().as_u16(), 307);
    assert_eq!(
        came.load(Ordering::SeqCst),
        0,
        "the token went nowhere else"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_containers_own_check_does_not_go_through_a_proxy() {
    let router = axum::Router::new().route("/ready", axum::routing::get(async || "yes"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}/ready", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let check = std::process::Command::new(env!("CARGO_BIN_EXE_latitude"))
        .args(["health", "--url", &place])
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("NO_PROXY", "")
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "{told}");
}
