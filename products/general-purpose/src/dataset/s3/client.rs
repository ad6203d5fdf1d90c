//! The client, by AWS's usual settings.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Region};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The longest silence in an answer; without it a request could hang for good.
const SILENCE: Duration = Duration::from_secs(30);

/// A client with region, credentials and endpoint as every program of AWS finds them: environment, profile, web identity,
/// the machine's role. An endpoint of one's own (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`) has its buckets in the path.
pub(crate) async fn connect() -> Client {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder().read_timeout(SILENCE).build();
    let loader = aws_config::from_env().http_client(http).timeout_config(timeouts);
    let shared = loader.load().await;
    let own_endpoint = shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let mut config = Builder::from(&shared).force_path_style(own_endpoint);
    if shared.region().is_none() {
        // An S3 of one's own often has no regions, and requests are signed for one.
        config = config.region(Region::from_static("us-east-1"));
    }
    Client::from_conf(config.build())
}
