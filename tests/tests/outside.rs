//! What real servers outside say, and what is made of it: S3.

use std::time::Duration;

use mainspring::vocabulary::outside::{Outlook, s3};
use mainspring_servers::S3;
use mainspring_testing::TestError;
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use url::Url;

/// The status and the code of an error, as it came.
fn said(url: &Url) -> Result<(u16, String), TestError> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.get(url.as_str()).call()?;
    let (status, body) = (answer.status().as_u16(), answer.body_mut().read_to_string()?);
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    Ok((status, code.to_owned()))
}

#[tokio::test]
async fn what_a_real_s3_server_refuses_denies_and_lacks_is_told_apart() -> Result<(), TestError> {
    let mut server = S3::builder().start().await?;
    let name = server.bucket("outside")?;
    let endpoint = Url::parse(&server.endpoint())?;
    let bucket =
        |name: &str| Bucket::new(endpoint.clone(), UrlStyle::Path, name.to_owned(), server.region().to_owned());
    let ours = Credentials::new(server.access_key(), server.secret_key());
    let minute = Duration::from_secs(60);
    let url = |name: &str, credentials: Option<&Credentials>| -> Result<Url, TestError> {
        Ok(bucket(name)?.get_object(credentials, "no such object").sign(minute))
    };
    let wrong = Credentials::new(server.access_key(), "another");
    let stranger = Credentials::new("nobody", "another");
    for (url, code, outlook) in [
        (url(&name, Some(&ours))?, "NoSuchKey", Outlook::Refused),
        (url("no-such-bucket", Some(&ours))?, "NoSuchBucket", Outlook::Refused),
        (url(&name, Some(&wrong))?, "SignatureDoesNotMatch", Outlook::Denied),
        (url(&name, Some(&stranger))?, "XAdminUserNotFound", Outlook::Denied),
        (url(&name, None)?, "AccessDenied", Outlook::Denied),
    ] {
        let (status, said) = said(&url)?;
        assert_eq!((said.as_str(), s3(status, &said)), (code, outlook), "{status} {url}");
    }
    let last = url(&name, Some(&ours))?;
    server.stop().await;
    assert!(said(&last).is_err(), "no answer is no status: Outlook::Unreachable is the caller's to say");
    Ok(())
}
