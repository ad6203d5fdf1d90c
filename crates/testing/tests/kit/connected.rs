//! Instances that keep a connection: it belongs to the runtime that made it, and runs come one after the other.

use std::sync::Arc;

use mainspring_testing::{ActivityRun, run_twice};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::lab::Outcome;

/// Asks a service over one connection, made when it is first needed.
#[derive(Clone)]
struct Asker {
    port: u16,
    connection: Arc<Mutex<Option<TcpStream>>>,
}

#[activities]
impl Asker {
    /// Sends a byte, and gives what comes back.
    #[activity(name = "ask-service")]
    async fn ask(self: Arc<Self>, _ctx: ActivityContext, byte: u8) -> Result<u8, ActivityError> {
        let mut connection = self.connection.lock().await;
        if connection.is_none() {
            *connection = Some(TcpStream::connect(("127.0.0.1", self.port)).await?);
        }
        let service = connection.as_mut().ok_or_else(|| std::io::Error::other("no connection"))?;
        service.write_u8(byte).await?;
        Ok(service.read_u8().await?)
    }
}

/// A service that takes one connection, and sends back what it gets.
async fn asker() -> Result<Asker, std::io::Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        let (mut reading, mut writing) = split(listener.accept().await?.0);
        copy(&mut reading, &mut writing).await
    });
    Ok(Asker { port, connection: Arc::default() })
}

#[tokio::test]
async fn a_connection_of_one_run_serves_the_next() -> Outcome {
    let asker = asker().await?;
    for byte in 0..3 {
        assert_eq!(ActivityRun::new(Asker::ask, byte).on(asker.clone()).await.result?, byte);
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_of_the_first_of_two_runs_serves_the_second() -> Outcome {
    assert_eq!(run_twice(Asker::ask, 7).on(asker().await?).await?, 7);
    Ok(())
}
