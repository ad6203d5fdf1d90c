//! The client, by AWS's usual settings.

use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The longest silence in an answer; without it a request could hang for good.
const SILENCE: Duration = Duration::from_secs(30);

/// A client with region, credentials and endpoint as every program of AWS finds them: environment, profile, web identity,
/// the machine's role. An endpoint of one's own (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`) has its buckets in the path.
pub(crate) async fn connect() -> Client {
    let region = RegionProviderChain::default_provider().or_else("us-east-1");
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder().read_timeout(SILENCE).build();
    let loader = aws_config::from_env().region(region).http_client(http).timeout_config(timeouts);
    let shared = loader.load().await;
    let own_endpoint = shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    Client::from_conf(Builder::from(&shared).force_path_style(own_endpoint).build())
}
