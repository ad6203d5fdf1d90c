//! The real versitygw, asked by requests that rusty-s3 signs and ureq sends.

use std::time::Duration;

use mainspring_servers::S3;
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use tokio::net::TcpStream;
use url::Url;

use crate::ending::{assert_the_server_dies_with, is_gone, is_to_be_killed, wait_to_be_killed};

const SOON: Duration = Duration::from_secs(60);

struct Client {
    bucket: Bucket,
    credentials: Credentials,
}

impl Client {
    fn of(server: &S3, bucket: &str) -> Self {
        let endpoint = Url::parse(&server.endpoint()).unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), server.region().to_owned()).unwrap();
        Self { bucket, credentials: Credentials::new(server.access_key(), server.secret_key()) }
    }

    fn put(&self, key: &str, text: &str) {
        let url = self.bucket.put_object(Some(&self.credentials), key).sign(SOON);
        assert_eq!(ureq::put(url.as_str()).send(text).unwrap().status(), 200);
    }

    fn get(&self, key: &str) -> Result<String, ureq::Error> {
        let url = self.bucket.get_object(Some(&self.credentials), key).sign(SOON);
        ureq::get(url.as_str()).call()?.body_mut().read_to_string()
    }
}

#[tokio::test]
async fn each_test_has_a_bucket_of_its_own_and_a_stopped_s3_server_is_gone() {
    let mut server = S3::builder().start().await.unwrap();
    let (one, two) = (server.bucket("Exports & more").unwrap(), server.bucket("Exports & more").unwrap());
    assert_ne!(one, two);
    assert!(one.starts_with("b-exports---more-"), "{one}");
    assert!(server.bucket(&"x".repeat(200)).unwrap().len() <= 63);
    let (one, two) = (Client::of(&server, &one), Client::of(&server, &two));
    one.put("2026/06/one.csv", "a,b");
    two.put("2026/06/one.csv", "c,d");
    assert_eq!(
        (one.get("2026/06/one.csv").unwrap(), two.get("2026/06/one.csv").unwrap()),
        ("a,b".into(), "c,d".into())
    );
    two.put("only here", "e");
    assert!(matches!(one.get("only here").unwrap_err(), ureq::Error::StatusCode(404)));

    let pid = server.pid().unwrap();
    server.stop().await;
    assert!(is_gone(pid) && server.pid().is_none(), "{server:?}");
}

#[tokio::test]
async fn who_does_not_have_the_key_is_refused() {
    let server = S3::builder().start().await.unwrap();
    let mut client = Client::of(&server, &server.bucket("private").unwrap());
    client.put("one", "1");
    client.credentials = Credentials::new(server.access_key(), "another");
    assert!(matches!(client.get("one").unwrap_err(), ureq::Error::StatusCode(403)));
}

#[tokio::test]
async fn two_s3_servers_run_at_once_and_a_dropped_one_is_gone() {
    let start = || S3::builder().start();
    let (one, other) = tokio::try_join!(start(), start()).unwrap();
    assert_ne!(one.endpoint(), other.endpoint());
    let pid = one.pid().unwrap();
    drop(one);
    assert!(is_gone(pid));
    TcpStream::connect(other.socket_address()).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_s3_server_dies_when_its_parent_is_killed() {
    if is_to_be_killed() {
        let server = S3::builder().start().await.unwrap();
        wait_to_be_killed(&server.socket_address().to_string()).await;
    }
    assert_the_server_dies_with("s3::an_s3_server_dies_when_its_parent_is_killed");
}
