//! Callers who take their time: a line that says nothing is cut, one in use is waited for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use latitude::web::serve::{Patience, serve_patiently};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here may take; only what hangs meets it.
const LONG: Duration = Duration::from_secs(20);

struct Served {
    place: SocketAddr,
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
}

async fn served(router: Router, patience: Patience) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let ended = tokio::spawn(serve_patiently(router, listener, stopping, patience));
    Served { place, stop, ended }
}

/// A line on which so much was said.
async fn said(place: SocketAddr, words: &str) -> TcpStream {
    let mut line = TcpStream::connect(place).await.unwrap();
    line.write_all(words.as_bytes()).await.unwrap();
    line
}

async fn heard(mut line: TcpStream) -> String {
    let mut all = String::new();
    line.read_to_string(&mut all).await.unwrap();
    all
}

const ASKS: &str = "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn callers_who_never_finish_their_request_do_not_keep_others_out() {
    let router = Router::new().route("/", get(async || "served"));
    let patience = Patience {
        head: Duration::from_millis(200),
        lines: 8,
    };
    let served = served(router, patience).await;
    let mut slow = Vec::new();
    for _ in 0..patience.lines {
        slow.push(said(served.place, "GET / HTTP/1.1\r\nhost: he").await);
    }

    let answer = timeout(LONG, heard(said(served.place, ASKS).await)).await;

    assert!(answer.unwrap().ends_with("served"));
    for line in slow {
        let told = timeout(LONG, heard(line)).await.unwrap();
        assert!(!told.contains("served"), "{told}");
    }
}

#[tokio::test]
async fn a_line_on_which_nobody_spoke_is_not_waited_for() {
    let served = served(Router::new(), Patience::default()).await;
    let silent = TcpStream::connect(served.place).await.unwrap();
    // The silent one was let in before this one, which was answered.
    let answer = timeout(LONG, heard(said(served.place, ASKS).await)).await;
    assert!(answer.unwrap().contains("404"));

    served.stop.send_replace(true);

    timeout(LONG, served.ended).await.unwrap().unwrap();
    drop(silent);
}

#[tokio::test]
async fn an_answer_under_way_is_given_whole_before_the_end() {
    let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (asked.clone(), go_on.clone());
    let slowly = move || async move {
        tell.notify_one();
        wait.notified().await;
        "the whole answer"
    };
    let served = served(Router::new().route("/", get(slowly)), Patience::default()).await;
    let line = said(served.place, ASKS).await;
    timeout(LONG, asked.notified()).await.unwrap();

    served.stop.send_replace(true);
    // Nobody is let in any more, and yet it has not ended.
    while TcpStream::connect(served.place).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!served.ended.is_finished());
    go_on.notify_one();

    let answer = timeout(LONG, heard(line)).await.unwrap();
    assert!(answer.ends_with("the whole answer"), "{answer}");
    timeout(LONG, served.ended).await.unwrap().unwrap();
}
