//! A secret shows nowhere: not in a report, an error or a `Debug`, wherever a user put it.

#![allow(clippy::unwrap_used, reason = "what a test's own parts cannot do fails the test")]

use std::collections::BTreeSet;

use mainspring_settings::connection::ConnectionSettings;
use mainspring_settings::{Reader, Report, Secret, Section, Sources, load};

const SECRET: &str = "hunter2";

struct Shop {
    _token: Secret,
}

impl Section for Shop {
    const NAME: &'static str = "shop";
    fn read(reader: &mut Reader<'_>) -> Self {
        Self { _token: reader.field("SHOP_TOKEN").alias("SHOP_KEY").doc("Token of the shop").required_secret() }
    }
}

/// What reports and errors say of these sources.
fn told(sources: &Sources) -> String {
    let report = Report::new(sources).section::<ConnectionSettings>(sources).section::<Shop>(sources);
    let json = serde_json::to_string(&report).unwrap();
    let connection = load::<ConnectionSettings>(sources).map(drop);
    let shop = load::<Shop>(sources).map(drop);
    let errors: Vec<_> = [connection, shop].into_iter().filter_map(Result::err).collect();
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    format!("{sources:?} {report:?} {json} {} {errors:?} {lines:?}", report.to_table())
}

/// That, and what the loaded settings print.
fn everything(sources: &Sources) -> String {
    format!("{} {:?}", told(sources), load::<ConnectionSettings>(sources))
}

/// Every name that a user can set, as the report lists them.
fn names() -> BTreeSet<String> {
    let sources = Sources::from_pairs([]);
    let report = Report::new(&sources).section::<ConnectionSettings>(&sources).section::<Shop>(&sources);
    let aliases = report.settings().iter().flat_map(|entry| entry.aliases.iter().map(|alias| (*alias).to_owned()));
    let names = report.settings().iter().map(|entry| entry.name.replace('*', "AUTHORIZATION"));
    names.chain(aliases).collect()
}

#[test]
fn a_secret_shows_nowhere_under_a_name_that_is_for_secrets() {
    let secret = ["TEMPORAL_API_KEY", "SHOP_TOKEN", "SHOP_KEY", "TEMPORAL_GRPC_META_AUTHORIZATION"];
    let texts: Vec<String> =
        names().into_iter().filter(|name| name.ends_with("_DATA") || name.contains("CLIENT_")).collect();
    let texts = texts.iter().map(String::as_str).filter(|name| !name.ends_with("_PATH"));
    let all: Vec<&str> = secret.into_iter().chain(texts).collect();
    assert!(all.len() >= 10, "{all:?}");
    for name in &all {
        for other in &all {
            let sources = Sources::from_pairs([(*name, SECRET), (*other, "hunter2 too")]);
            let shown = everything(&sources.clone().with_flag(name, "--some-flag", format!("{SECRET} by flag")));
            assert!(!shown.contains(SECRET), "{name} and {other}: {shown}");
            assert!(!everything(&sources).contains(SECRET), "{name} and {other}");
        }
    }
}

#[test]
fn the_text_of_a_key_shows_in_no_report_and_no_error_under_any_name() {
    let names = names();
    assert!(names.len() >= 25, "{names:?}");
    let keys = [
        format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"),
        format!("-----BEGIN PRIVATE KEY----- {SECRET}"),
        format!("eyJhbGciOi.{SECRET}.c2ln"),
    ];
    let url = format!("https://me:{SECRET}@far.test:1");
    for name in &names {
        for text in keys.iter().chain([&url]) {
            let shown = told(&Sources::from_pairs([(name.as_str(), text.as_str())]));
            assert!(!shown.contains(SECRET), "{name}: {shown}");
        }
    }
    // Where a path belongs, nor by what was loaded.
    let paths: Vec<&String> = names.iter().filter(|name| name.ends_with("_PATH") || name.ends_with("_FILE")).collect();
    assert!(paths.len() >= 6, "{paths:?}");
    for name in paths {
        for text in &keys {
            let shown = everything(&Sources::from_pairs([(name.as_str(), text.as_str())]));
            assert!(!shown.contains(SECRET), "{name}: {shown}");
        }
    }
}

#[test]
fn a_key_where_its_path_belongs_is_a_fault() {
    let error =
        load::<ConnectionSettings>(&Sources::from_pairs([("MAINSPRING_API_KEY_FILE", "eyJhbGciOi.hunter2.c2ln")]));
    assert_eq!(
        error.unwrap_err().to_string(),
        "MAINSPRING_API_KEY_FILE is \"***\", which is what a file holds: write the path of the file"
    );
}

#[test]
fn a_broken_file_is_told_by_its_place_and_never_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("temporal.toml");
    let path = file.to_str().unwrap();
    let fault = |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        let error = Sources::from_pairs([("TEMPORAL_CONFIG_FILE", path)]).with_file().unwrap_err();
        let told = error.to_string();
        assert!(!format!("{error:?} {told}").contains(SECRET), "{told}");
        told.strip_prefix(&format!("{path}: ")).unwrap().to_owned()
    };
    assert_eq!(
        fault("[profile.default]\napi_key = \"hunter2\n"),
        "line 2, column 19: invalid basic string, expected `\"`"
    );
    let kind = "invalid type, expected a boolean";
    assert_eq!(fault("[profile.default.tls]\ndisabled = \"hunter2\"\n"), format!("line 2, column 12: {kind}"));
    // A value that reads like the parser's own words.
    let sly = "[profile.default.tls]\ndisabled = \"x, expected hunter2\"\n";
    assert_eq!(fault(sly), format!("line 2, column 12: {kind}"));
    let both = "[profile.default.tls]\nclient_key_path = \"hunter2\"\nclient_key_data = \"hunter2\"\n";
    assert_eq!(fault(both), "Invalid configuration: Cannot specify both client_key_path and client_key_data");
    for cut in [
        "api_key = hunter2",
        "api_key \"hunter2\"",
        "api_key = [\"hunter2\"]",
        "api_key = \"hunter2\" hunter2",
        "api_key = 'hunter2",
    ] {
        let told = fault(&format!("[profile.default]\n{cut}\n"));
        assert!(told.starts_with("line 2, column "), "{cut}: {told}");
    }
    std::fs::write(&file, b"[profile.default]\napi_key = \"hunter2\xff\"\n").unwrap();
    let error = Sources::from_pairs([("TEMPORAL_CONFIG_FILE", path)]).with_file().unwrap_err();
    assert_eq!(error.to_string(), format!("{path}: it is not UTF-8 text"));
}

#[test]
fn a_missing_secret_is_told_with_what_it_is_for() {
    let missing = load::<Shop>(&Sources::from_pairs([("SHOP_TOKEN", "  ")])).map(drop).unwrap_err().to_string();
    assert_eq!(missing, "SHOP_TOKEN is missing, and has no default: Token of the shop");
    assert!(load::<Shop>(&Sources::from_pairs([("SHOP_KEY", "k")])).is_ok());
}
