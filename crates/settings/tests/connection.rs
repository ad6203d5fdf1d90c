//! The connection's settings where names, sources and TLS meet, with each message as a user sees it.

#![allow(clippy::unwrap_used, reason = "what a test's own parts cannot do fails the test")]

use mainspring_settings::connection::{ApiKey, ConnectionSettings, Pem, Tls};
use mainspring_settings::{Report, Sources, load};

fn connection(sources: &Sources) -> Result<ConnectionSettings, String> {
    load(sources).map_err(|error| error.to_string())
}

fn env(pairs: &[(&str, &str)]) -> Sources {
    Sources::from_pairs(pairs.iter().copied())
}

/// A `temporal.toml` with the pairs of an environment over it.
fn over_file(toml: &str, pairs: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("temporal.toml");
    std::fs::write(&file, toml).unwrap();
    let pairs = pairs.iter().copied().chain([("TEMPORAL_CONFIG_FILE", file.to_str().unwrap())]);
    let sources = Sources::from_pairs(pairs).with_file().unwrap();
    (dir, sources)
}

fn row(sources: &Sources, name: &str) -> (String, String) {
    let report = Report::new(sources).section::<ConnectionSettings>(sources);
    let entry = report.settings().iter().find(|entry| entry.name == name).unwrap();
    (entry.value.clone().unwrap_or_else(|| "-".to_owned()), entry.origin.to_string())
}

#[test]
fn https_in_the_address_turns_tls_on_and_http_may_not_contradict() {
    let settings = connection(&env(&[("TEMPORAL_ADDRESS", "https://cloud.test:7233/")])).unwrap();
    assert_eq!((settings.address.as_str(), settings.tls.to_string().as_str()), ("cloud.test:7233", "with TLS"));
    let settings = connection(&env(&[("TEMPORAL_HOST", "https://cloud.test")])).unwrap();
    assert_eq!((settings.address.as_str(), settings.tls.to_string().as_str()), ("cloud.test:7233", "with TLS"));
    assert_eq!(
        connection(&env(&[("TEMPORAL_ADDRESS", "https://cloud.test:1"), ("TEMPORAL_TLS", "no")])).unwrap_err(),
        "TEMPORAL_TLS is false, but TEMPORAL_ADDRESS begins with https://: change one"
    );
    assert_eq!(
        connection(&env(&[("TEMPORAL_ADDRESS", "http://far:1"), ("TEMPORAL_API_KEY", "k")])).unwrap_err(),
        "TEMPORAL_ADDRESS begins with http://, but an API key is set: it would cross the network in plain text"
    );
    assert_eq!(
        connection(&env(&[("TEMPORAL_TLS", "false"), ("TEMPORAL_TLS_CA", "/ca.pem")])).unwrap_err(),
        "TEMPORAL_TLS is false, but TEMPORAL_TLS_CA needs TLS: drop one or the other"
    );
    for near in ["http://localhost:1", "http://127.0.0.9:1", "http://[::1]:1"] {
        let settings = connection(&env(&[("TEMPORAL_ADDRESS", near), ("TEMPORAL_API_KEY", "k")])).unwrap();
        assert_eq!(settings.tls, Tls::Off, "{near}");
    }
}

#[test]
fn the_address_comes_from_the_strongest_source_whatever_its_name() {
    let flagged = env(&[("TEMPORAL_HOST", "of-env"), ("TEMPORAL_PORT", "9")]);
    let flagged = flagged.with_flag("TEMPORAL_ADDRESS", "--address", "of-flag:1");
    assert_eq!(connection(&flagged).unwrap().address, "of-flag:1");
    assert_eq!(row(&flagged, "TEMPORAL_ADDRESS"), ("of-flag:1".to_owned(), "--address".to_owned()));
    let (_dir, filed) = over_file("[profile.default]\naddress = \"of-file:1\"\n", &[("TEMPORAL_HOST", "of-env")]);
    assert_eq!(connection(&filed).unwrap().address, "of-env:7233");
    assert_eq!(row(&filed, "TEMPORAL_ADDRESS"), ("of-env:7233".to_owned(), "TEMPORAL_HOST".to_owned()));
    assert_eq!(row(&env(&[]), "TEMPORAL_ADDRESS"), ("127.0.0.1:7233".to_owned(), "default".to_owned()));
}

#[test]
fn a_port_counts_or_is_a_fault_and_is_never_dropped() {
    let address = |pairs: &[(&str, &str)]| connection(&env(pairs)).map(|settings| settings.address);
    assert_eq!(address(&[("TEMPORAL_PORT", "7999")]).unwrap(), "127.0.0.1:7999");
    assert_eq!(address(&[("TEMPORAL_PORT", "tcp://10.0.0.1:7233")]).unwrap(), "127.0.0.1:7233");
    assert_eq!(address(&[("TEMPORAL_HOST", "h:1"), ("TEMPORAL_PORT", "1")]).unwrap(), "h:1");
    assert_eq!(address(&[("TEMPORAL_HOST", "[::1]"), ("TEMPORAL_PORT", "1")]).unwrap(), "[::1]:1");
    assert_eq!(address(&[("TEMPORAL_ADDRESS", "a:1"), ("TEMPORAL_PORT", "1")]).unwrap(), "a:1");
    for (pairs, message) in [
        (
            [("TEMPORAL_HOST", "h:1"), ("TEMPORAL_PORT", "2")],
            "TEMPORAL_HOST and TEMPORAL_PORT are two names for one setting and differ (h:1 and 2): keep one",
        ),
        (
            [("TEMPORAL_ADDRESS", "a:1"), ("TEMPORAL_PORT", "2")],
            "TEMPORAL_ADDRESS and TEMPORAL_PORT are two names for one setting and differ (a:1 and 2): keep one",
        ),
        (
            [("TEMPORAL_HOST", "h"), ("TEMPORAL_PORT", "http")],
            "TEMPORAL_PORT is \"http\", which is not a port from 1 to 65535",
        ),
        (
            [("TEMPORAL_HOST", "::1"), ("TEMPORAL_PORT", "1")],
            "TEMPORAL_HOST is \"::1\", which is not a host: write HOST or HOST:PORT, an IPv6 address in brackets",
        ),
    ] {
        assert_eq!(address(&pairs).unwrap_err(), message);
    }
}

#[test]
fn the_environment_beats_the_file_also_between_a_path_and_a_text() {
    let toml = "[profile.default]\napi_key = \"hunter2\"\n[profile.default.tls]\nserver_ca_cert_data = \"of-file\"\n";
    let pairs = [("MAINSPRING_API_KEY_FILE", "/key"), ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "/ca.pem")];
    let (_dir, sources) = over_file(toml, &pairs);
    let settings = connection(&sources).unwrap();
    assert_eq!(settings.api_key, Some(ApiKey::File("/key".into())));
    let Tls::On(parts) = settings.tls else { panic!("TLS is off") };
    assert_eq!(parts.ca, Some(Pem::Path("/ca.pem".into())));
    assert_eq!(row(&sources, "TEMPORAL_API_KEY"), ("-".to_owned(), "default".to_owned()));
    assert_eq!(
        connection(&env(&[("TEMPORAL_API_KEY", "k"), ("MAINSPRING_API_KEY_FILE", "/key")])).unwrap_err(),
        "TEMPORAL_API_KEY and MAINSPRING_API_KEY_FILE are both set: keep one"
    );
}

#[test]
fn every_key_of_a_profile_is_read_and_an_empty_tls_table_turns_it_on() {
    let toml = r#"
        [profile.default]
        address = "of-file:1"
        namespace = "orders"
        api_key = "k"
        [profile.default.tls]
        client_cert_path = "/cert.pem"
        client_key_data = "key text"
        server_ca_cert_path = "/ca.pem"
        server_name = "temporal.test"
        [profile.default.grpc_meta]
        x-team = "blue"
        x_gone = "old"
    "#;
    let (_dir, sources) = over_file(toml, &[("TEMPORAL_GRPC_META_X_GONE", ""), ("TEMPORAL_GRPC_META_X_MORE", " 1\n")]);
    let settings = connection(&sources).unwrap();
    assert_eq!((settings.address.as_str(), settings.namespace.as_str()), ("of-file:1", "orders"));
    let headers: Vec<_> = settings.grpc_meta.clone().into_iter().collect();
    assert_eq!(headers, [("x-more".to_owned(), "1".to_owned()), ("x-team".to_owned(), "blue".to_owned())]);
    let Tls::On(parts) = settings.tls else { panic!("TLS is off") };
    assert_eq!(parts.ca, Some(Pem::Path("/ca.pem".into())));
    assert_eq!(parts.server_name.as_deref(), Some("temporal.test"));
    let client = parts.client.unwrap();
    assert_eq!(client.cert, Pem::Path("/cert.pem".into()));
    assert!(matches!(client.key, Pem::Text(text) if text.expose() == "key text"));

    let (_dir, bare) = over_file("[profile.default.tls]\n", &[]);
    assert_eq!(connection(&bare).unwrap().tls.to_string(), "with TLS");
    let (_dir, off) = over_file("[profile.default.tls]\n", &[("TEMPORAL_TLS", "off")]);
    assert_eq!(connection(&off).unwrap().tls, Tls::Off);
}

#[test]
fn a_flag_chooses_the_profile_and_a_missing_one_is_told_by_the_flag() {
    let toml = "[profile.default]\nnamespace = \"d\"\n[profile.prod]\nnamespace = \"p\"\n";
    let (_dir, sources) = over_file(toml, &[("TEMPORAL_PROFILE", "default")]);
    let prod = sources.clone().with_flag("TEMPORAL_PROFILE", "--profile", "prod").with_file().unwrap();
    assert_eq!(connection(&prod).unwrap().namespace, "p");
    assert!(row(&prod, "TEMPORAL_NAMESPACE").1.ends_with("temporal.toml [profile.prod]"));
    let gone = sources.with_flag("TEMPORAL_PROFILE", "--profile", "gone").with_file().unwrap_err().to_string();
    assert!(
        gone.ends_with("temporal.toml: --profile asks for profile \"gone\", and the file has default, prod"),
        "{gone}"
    );
}

#[test]
fn an_address_that_is_none_is_told_without_its_credentials() {
    assert_eq!(
        connection(&env(&[("TEMPORAL_ADDRESS", "http://me:hunter2@h:1")])).unwrap_err(),
        "TEMPORAL_ADDRESS is \"http://***@h:1\", which is not an address: write HOST:PORT, such as 127.0.0.1:7233"
    );
    assert_eq!(
        connection(&env(&[("TEMPORAL_ADDRESS", "grpc://h:1")])).unwrap_err(),
        "TEMPORAL_ADDRESS is \"grpc://h:1\", which is not an address: write HOST:PORT, such as 127.0.0.1:7233"
    );
}
