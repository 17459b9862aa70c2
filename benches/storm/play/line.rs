//! A way to a server that can be cut, stalled and slowed, and that forgets connections as a
//! firewall does.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once.
    Open,
    /// Each piece takes so long.
    Slow(Duration),
    /// Not at all, and nobody is told.
    Silent,
    /// Connections break, and none can be made.
    Cut,
}

#[derive(Clone, Copy)]
struct State {
    way: Way,
    /// Connections before this one stay silent for ever.
    forgotten: u64,
}

/// The line; it lasts as long as the runtime does.
pub struct Line {
    /// The port of this machine where it begins.
    pub port: u16,
    state: watch::Sender<State>,
    made: Arc<AtomicU64>,
}

impl Line {
    /// Lays one to a port of this machine.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn to(far: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let way = Way::Open;
        let state = watch::Sender::new(State { way, forgotten: 0 });
        let made = Arc::new(AtomicU64::new(0));
        let (seen, count) = (state.subscribe(), made.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let seen = seen.clone();
                tokio::spawn(async move { drop(join(near, far, seen, number).await) });
            }
        });
        Ok(Self { port, state, made })
    }

    /// From now on bytes travel this way.
    pub fn goes(&self, way: Way) {
        self.state.send_modify(|state| state.way = way);
    }

    /// Every connection there is stays silent for ever; new ones are as good as any.
    pub fn forgets(&self) {
        let forgotten = self.made.load(Ordering::SeqCst);
        self.state.send_modify(|state| state.forgotten = forgotten);
    }
}

async fn join(
    near: TcpStream,
    far: u16,
    seen: watch::Receiver<State>,
    number: u64,
) -> io::Result<()> {
    near.set_nodelay(true)?;
    let far = TcpStream::connect(("127.0.0.1", far)).await?;
    far.set_nodelay(true)?;
    both(near, far, seen, number).await
}

async fn both(
    near: impl AsyncRead + AsyncWrite,
    far: impl AsyncRead + AsyncWrite,
    mut seen: watch::Receiver<State>,
    number: u64,
) -> io::Result<()> {
    let ((from_near, to_near), (from_far, to_far)) = (split(near), split(far));
    let out = carry(from_near, to_far, seen.clone(), number);
    let back = carry(from_far, to_near, seen.clone(), number);
    tokio::select! {
        done = async { tokio::try_join!(out, back) } => done.map(drop),
        _ = seen.wait_for(|state| state.way == Way::Cut) => Ok(()),
    }
}

async fn carry(
    from: impl AsyncRead,
    to: impl AsyncWrite,
    mut seen: watch::Receiver<State>,
    number: u64,
) -> io::Result<()> {
    let (mut from, mut to) = (Box::pin(from), Box::pin(to));
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut piece).await?;
        loop {
            let State { way, forgotten } = *seen.borrow_and_update();
            if number < forgotten {
                std::future::pending::<()>().await;
            }
            match way {
                Way::Open => break,
                Way::Slow(time) => {
                    tokio::time::sleep(time).await;
                    break;
                }
                Way::Silent | Way::Cut => {
                    seen.changed().await.map_err(io::Error::other)?;
                }
            }
        }
        let Some(whole) = piece.get(..read).filter(|it| !it.is_empty()) else {
            return to.shutdown().await;
        };
        to.write_all(whole).await?;
    }
}
