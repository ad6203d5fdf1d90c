//! Settings as a user meets them: names, precedence, messages.

use std::time::Duration;

use mainspring_settings::connection::{Compression, ConnectionSettings, Tls};
use mainspring_settings::{Reader, Report, Secret, Section, Sources, load};

fn connection(pairs: &[(&str, &str)]) -> Result<ConnectionSettings, String> {
    load(&Sources::from_pairs(pairs.iter().copied())).map_err(|error| error.to_string())
}

struct Shop {
    grace: Duration,
    seats: usize,
    token: Option<Secret>,
}

impl Section for Shop {
    const NAME: &'static str = "shop";
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            grace: reader.field("MAINSPRING_GRACE").doc("How long").duration_seconds(Duration::from_secs(300)),
            seats: reader.field("MAINSPRING_SEATS").alias("SEATS").doc("How many").count(3, 1..=9),
            token: reader.field("SHOP_TOKEN").alias("SHOP_KEY").doc("Who").secret(),
        }
    }
}

#[test]
fn without_anything_set_it_is_the_dev_server() {
    let settings = connection(&[]).unwrap();
    assert_eq!((settings.address.as_str(), settings.namespace.as_str()), ("127.0.0.1:7233", "default"));
    assert_eq!(settings.tls, Tls::Off);
    assert_eq!(settings.compression, Compression::None);
}

#[test]
fn a_flag_beats_the_environment_and_that_beats_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("temporal.toml");
    std::fs::write(&file, "[profile.default]\naddress = \"file:1\"\nnamespace = \"of-file\"\n").unwrap();
    let path = file.to_str().unwrap();
    let sources =
        Sources::from_pairs([("TEMPORAL_CONFIG_FILE", path), ("TEMPORAL_ADDRESS", "env:2")]).with_file().unwrap();
    let settings: ConnectionSettings = load(&sources).unwrap();
    assert_eq!((settings.address.as_str(), settings.namespace.as_str()), ("env:2", "of-file"));
    let sources = sources.with_flag("TEMPORAL_ADDRESS", "--address", "flag:3");
    assert_eq!(load::<ConnectionSettings>(&sources).unwrap().address, "flag:3");
    let report = Report::new(&sources).section::<ConnectionSettings>(&sources);
    let origin = |name| report.settings().iter().find(|entry| entry.name == name).unwrap().origin.to_string();
    assert_eq!(origin("TEMPORAL_ADDRESS"), "--address");
    assert_eq!(origin("TEMPORAL_NAMESPACE"), format!("{path} [profile.default]"));
    assert_eq!(origin("TEMPORAL_API_KEY"), "default");
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let missing = Sources::from_pairs([("TEMPORAL_CONFIG_FILE", "/no/such.toml")]).with_file().unwrap_err();
    assert_eq!(missing.to_string(), "/no/such.toml: TEMPORAL_CONFIG_FILE names it, but there is no such file");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("temporal.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "[profile.default]\naddress = \"a:1\"\n").unwrap();
    let pairs = [("TEMPORAL_CONFIG_FILE", path), ("TEMPORAL_PROFILE", "prod")];
    let unknown = Sources::from_pairs(pairs).with_file().unwrap_err().to_string();
    assert_eq!(unknown, format!("{path}: TEMPORAL_PROFILE asks for profile \"prod\", and the file has default"));
    std::fs::write(&file, "[profile.default]\nadress = \"a:1\"\n").unwrap();
    let broken = Sources::from_pairs([("TEMPORAL_CONFIG_FILE", path)]).with_file().unwrap_err().to_string();
    assert!(
        broken.starts_with(&format!("{path}: line 2, column 1: unknown field `adress`, expected one of")),
        "{broken}"
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let sources = Sources::from_pairs([("MAINSPRING_GRACE", "soon"), ("MAINSPRING_SEATS", "12")]);
    assert_eq!(
        load::<Shop>(&sources).err().unwrap().to_string(),
        "MAINSPRING_GRACE is \"soon\", which is not a duration: write seconds, such as 30 or 2.5, or 5m\n\
         MAINSPRING_SEATS is \"12\", which is not a number from 1 to 9"
    );
}

#[test]
fn two_names_may_agree_but_not_differ() {
    let shop = load::<Shop>(&Sources::from_pairs([("MAINSPRING_SEATS", "5"), ("SEATS", "5")])).unwrap();
    assert_eq!((shop.seats, shop.grace), (5, Duration::from_secs(300)));
    let differ = load::<Shop>(&Sources::from_pairs([("MAINSPRING_SEATS", "5"), ("SEATS", "6")])).err().unwrap();
    assert_eq!(
        differ.to_string(),
        "MAINSPRING_SEATS and SEATS are two names for one setting and differ (5 and 6): keep one"
    );
    let secrets =
        load::<Shop>(&Sources::from_pairs([("SHOP_TOKEN", "hunter2"), ("SHOP_KEY", "hunter3")])).err().unwrap();
    assert_eq!(secrets.to_string(), "SHOP_TOKEN and SHOP_KEY are two names for one setting and differ: keep one");
}

#[test]
fn a_secret_shows_in_no_report_and_no_error() {
    let sources = Sources::from_pairs([("SHOP_TOKEN", "hunter2"), ("TEMPORAL_API_KEY", "hunter2")]);
    let report = Report::new(&sources).section::<Shop>(&sources).section::<ConnectionSettings>(&sources);
    let settings = load::<ConnectionSettings>(&sources).unwrap();
    let token = load::<Shop>(&sources).unwrap().token;
    let shown = format!(
        "{report:?} {} {} {settings:?} {sources:?} {token:?}",
        report.to_table(),
        serde_json::to_string(&report).unwrap()
    );
    assert!(shown.contains("***"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn unknown_names_are_found_and_kubernetes_is_left_alone() {
    let sources = Sources::from_pairs([
        ("MAINSPRING_SEATZ", "1"),
        ("MAINSPRING_ZZZ", "1"),
        ("MAINSPRING_WEB_SERVICE_HOST", "10.0.0.1"),
        ("MAINSPRING_WEB_PORT_80_TCP", "tcp://10.0.0.1:80"),
    ]);
    let report = Report::new(&sources).section::<Shop>(&sources);
    let unknown: Vec<String> = report.unknown().iter().map(ToString::to_string).collect();
    assert_eq!(
        unknown,
        [
            "MAINSPRING_SEATZ is not a setting that this version knows: did you mean MAINSPRING_SEATS?",
            "MAINSPRING_ZZZ is not a setting that this version knows",
        ]
    );
}

#[test]
fn host_and_port_are_an_address_too() {
    let address = |pairs: &[(&str, &str)]| connection(pairs).map(|settings| settings.address);
    assert_eq!(address(&[("TEMPORAL_HOST", "t"), ("TEMPORAL_PORT", "17")]).unwrap(), "t:17");
    assert_eq!(address(&[("TEMPORAL_HOST", "t")]).unwrap(), "t:7233");
    assert_eq!(address(&[("TEMPORAL_HOST", "t:9")]).unwrap(), "t:9");
    assert_eq!(address(&[("TEMPORAL_HOST", "t"), ("TEMPORAL_PORT", "tcp://10.0.0.1:7233")]).unwrap(), "t:7233");
    assert_eq!(
        address(&[("TEMPORAL_ADDRESS", "a:1"), ("TEMPORAL_HOST", "b"), ("TEMPORAL_PORT", "1")]).unwrap_err(),
        "TEMPORAL_ADDRESS and TEMPORAL_HOST are two names for one setting and differ (a:1 and b:1): keep one"
    );
    assert_eq!(
        address(&[("TEMPORAL_ADDRESS", "nowhere")]).unwrap_err(),
        "TEMPORAL_ADDRESS is \"nowhere\", which is not an address: write HOST:PORT, such as 127.0.0.1:7233"
    );
}

#[test]
fn tls_is_on_when_a_part_or_a_key_is_set_and_never_unverified() {
    let tls = |pairs: &[(&str, &str)]| connection(pairs).map(|settings| settings.tls.to_string());
    assert_eq!(tls(&[("TEMPORAL_API_KEY", "k")]).unwrap(), "with TLS");
    assert_eq!(tls(&[("TEMPORAL_API_KEY", "k"), ("TEMPORAL_TLS", "false")]).unwrap(), "without TLS");
    assert_eq!(tls(&[("TEMPORAL_CLIENT_CERT", "c"), ("TEMPORAL_CLIENT_KEY", "k")]).unwrap(), "with mTLS");
    assert_eq!(
        tls(&[("TEMPORAL_API_KEY", "k"), ("TEMPORAL_TLS", "no"), ("TEMPORAL_ADDRESS", "far:1")]).unwrap_err(),
        "TEMPORAL_TLS is false, but an API key is set: it would cross the network in plain text"
    );
    assert_eq!(
        tls(&[("TEMPORAL_TLS_CERT", "c.pem")]).unwrap_err(),
        "TEMPORAL_TLS_CERT is set without TEMPORAL_TLS_CLIENT_KEY_PATH: mTLS needs both"
    );
    assert_eq!(
        tls(&[("TEMPORAL_TLS_CERT", "c.pem"), ("TEMPORAL_CLIENT_CERT", "c"), ("TEMPORAL_CLIENT_KEY", "k")])
            .unwrap_err(),
        "TEMPORAL_TLS_CERT and TEMPORAL_CLIENT_CERT are both set: keep one"
    );
    assert_eq!(
        tls(&[("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true")]).unwrap_err(),
        "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is set, and refused: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the \
         server's root certificate instead"
    );
}

#[test]
fn the_json_of_a_report_is_stable() {
    let sources = Sources::from_pairs([("SEATS", "4"), ("SHOP_TOKEN", "t")]);
    let report = Report::new(&sources).section::<Shop>(&sources);
    insta::assert_json_snapshot!(report, @r#"
    {
      "settings": [
        {
          "section": "shop",
          "name": "MAINSPRING_GRACE",
          "aliases": [],
          "doc": "How long",
          "default": "5m",
          "value": "5m",
          "origin": {
            "from": "default"
          }
        },
        {
          "section": "shop",
          "name": "MAINSPRING_SEATS",
          "aliases": [
            "SEATS"
          ],
          "doc": "How many",
          "default": "3",
          "value": "4",
          "origin": {
            "from": "env",
            "name": "SEATS"
          }
        },
        {
          "section": "shop",
          "name": "SHOP_TOKEN",
          "aliases": [
            "SHOP_KEY"
          ],
          "doc": "Who",
          "default": null,
          "value": "***",
          "origin": {
            "from": "env",
            "name": "SHOP_TOKEN"
          }
        }
      ],
      "faults": [],
      "unknown": []
    }
    "#);
}
