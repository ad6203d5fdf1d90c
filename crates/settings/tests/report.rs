//! What `mainspring config show` and `config check` are made of.

use mainspring_settings::connection::ConnectionSettings;
use mainspring_settings::{Report, Sources};

fn report(pairs: &[(&str, &str)]) -> Report {
    let sources = Sources::from_pairs(pairs.iter().copied());
    Report::new(&sources).section::<ConnectionSettings>(&sources)
}

#[test]
fn the_table_shows_every_setting_also_when_one_is_wrong() {
    let report = report(&[
        ("TEMPORAL_HOST", "temporal.test"),
        ("TEMPORAL_API_KEY", "hunter2"),
        ("TEMPORAL_GRPC_META_X_TEAM", "blue"),
        ("MAINSPRING_GRPC_COMPRESSION", "zip"),
    ]);
    insta::assert_snapshot!(report.to_table(), @r"
    # temporal
    TEMPORAL_CONFIG_FILE                    -                   default
    TEMPORAL_PROFILE                        default             default
    TEMPORAL_ADDRESS                        temporal.test:7233  TEMPORAL_HOST
    TEMPORAL_HOST                           temporal.test       TEMPORAL_HOST
    TEMPORAL_PORT                           -                   default
    TEMPORAL_NAMESPACE                      default             default
    TEMPORAL_API_KEY                        ***                 TEMPORAL_API_KEY
    MAINSPRING_API_KEY_FILE                 -                   default
    TEMPORAL_TLS                            -                   default
    TEMPORAL_TLS_SERVER_CA_CERT_PATH        -                   default
    TEMPORAL_TLS_SERVER_CA_CERT_DATA        -                   default
    TEMPORAL_TLS_CLIENT_CERT_PATH           -                   default
    TEMPORAL_TLS_CLIENT_CERT_DATA           -                   default
    TEMPORAL_TLS_CLIENT_KEY_PATH            -                   default
    TEMPORAL_TLS_CLIENT_KEY_DATA            -                   default
    TEMPORAL_TLS_SERVER_NAME                -                   default
    TEMPORAL_TLS_DISABLE_HOST_VERIFICATION  -                   default
    TEMPORAL_GRPC_META_X_TEAM               ***                 TEMPORAL_GRPC_META_X_TEAM
    MAINSPRING_GRPC_COMPRESSION             -                   MAINSPRING_GRPC_COMPRESSION
    TEMPORAL_IDENTITY                       -                   default
    MAINSPRING_CONNECT_TIMEOUT              -                   default
    ");
    let faults: Vec<String> = report.faults().iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["MAINSPRING_GRPC_COMPRESSION is \"zip\", which is not one of none, gzip"]);
    assert!(!report.is_clean());
}

#[test]
fn every_setting_says_what_it_is_for() {
    for entry in report(&[]).settings() {
        assert!(!entry.doc.is_empty(), "{}", entry.name);
    }
}

#[test]
fn a_suggestion_looks_past_the_prefix() {
    let told = |name: &str| report(&[(name, "1")]).unknown().iter().map(ToString::to_string).collect::<Vec<_>>();
    for (name, near) in [
        ("MAINSPRING_ADDRESS", "TEMPORAL_ADDRESS"),
        ("MAINSPRING_NAMESPCE", "TEMPORAL_NAMESPACE"),
        ("MAINSPRING_CONECT_TIMEOUT", "MAINSPRING_CONNECT_TIMEOUT"),
    ] {
        assert_eq!(told(name), [format!("{name} is not a setting that this version knows: did you mean {near}?")]);
    }
    assert_eq!(told("MAINSPRING_ZEBRA"), ["MAINSPRING_ZEBRA is not a setting that this version knows"]);
    assert!(told("MAINSPRING_WEB_SERVICE_HOST").is_empty() && told("MAINSPRING_WEB_PORT").is_empty());
    assert!(report(&[]).is_clean());
}
