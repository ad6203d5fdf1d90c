//! The servers that a test binary shares, from tests that each have a runtime of their own.

use mainspring_testing::{TestError, kafka, postgres, s3};
use tokio::net::TcpStream;

type Outcome = Result<(), TestError>;

/// Asked from another runtime, which has ended since.
fn elsewhere<T: Send + 'static>(ask: impl Future<Output = T> + Send + 'static) -> Result<T, TestError> {
    let asked = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok::<_, std::io::Error>(runtime.block_on(ask))
    });
    Ok(asked.join().map_err(|_| "it panicked")??)
}

#[tokio::test]
async fn postgres_is_shared_and_databases_are_not() -> Outcome {
    let first = elsewhere(async { postgres().await?.database("orders").await })??;
    let server = postgres().await?;
    let second = server.database("orders").await?;
    assert_ne!(first, second);
    let address = server.socket_address().to_string();
    assert!(first.contains(&address) && second.contains(&address), "{first} {second}");
    Ok(())
}

#[tokio::test]
async fn s3_is_shared_and_buckets_are_not() -> Outcome {
    let (endpoint, first) =
        elsewhere(async { s3().await.map(|server| (server.endpoint(), server.bucket("exports"))) })??;
    let server = s3().await?;
    assert_eq!(server.endpoint(), endpoint);
    assert_ne!(server.bucket("exports")?, first?);
    TcpStream::connect(server.socket_address()).await?;
    Ok(())
}

#[tokio::test]
async fn kafka_is_shared_and_topics_are_not() -> Outcome {
    let ask = async { kafka().await.map(|server| (server.bootstrap_servers(), server.topic_prefix("logs"))) };
    let (servers, first) = elsewhere(ask)??;
    let server = kafka().await?;
    assert_eq!(server.bootstrap_servers(), servers);
    assert_ne!(server.topic_prefix("logs"), first);
    TcpStream::connect(server.socket_address()).await?;
    Ok(())
}
