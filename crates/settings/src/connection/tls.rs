//! Whether the connection is encrypted, and with what. The server is always verified.

use super::address::Place;
use super::{ClientPair, Pem, Tls, TlsParts, one_of};
use crate::Reader;
use crate::field::Got;

/// How the name of a part is written as a path and as text, each with the name in common use.
struct Names {
    path: [&'static str; 2],
    text: [&'static str; 2],
    doc: &'static str,
}

const CA: Names = Names {
    path: ["TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_CA"],
    text: ["TEMPORAL_TLS_SERVER_CA_CERT_DATA", "TEMPORAL_CLIENT_ROOT_CA"],
    doc: "Root certificates that the server's must come from",
};
const CERT: Names = Names {
    path: ["TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CERT"],
    text: ["TEMPORAL_TLS_CLIENT_CERT_DATA", "TEMPORAL_CLIENT_CERT"],
    doc: "Client certificate, for mTLS",
};
const KEY: Names = Names {
    path: ["TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_KEY"],
    text: ["TEMPORAL_TLS_CLIENT_KEY_DATA", "TEMPORAL_CLIENT_KEY"],
    doc: "Private key of the client certificate",
};

/// `api_key` is the name by which a key was given.
pub(super) fn read(reader: &mut Reader<'_>, place: &Place, api_key: Option<&String>) -> Tls {
    let wanted = reader
        .field("TEMPORAL_TLS")
        .doc("Whether to use TLS; by default when a part of it or an API key is set")
        .got_flag();
    let ca = pem(reader, &CA);
    let cert = pem(reader, &CERT);
    let key = pem(reader, &KEY);
    let server_name = reader
        .field("TEMPORAL_TLS_SERVER_NAME")
        .doc("Name that the server's certificate must bear, in place of the address's host")
        .got(None, |text| Ok(text.to_owned()));
    let unverified =
        reader.field("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION").doc("Refused: the server is always verified").got_flag();
    if let Some(unverified) = unverified.filter(|unverified| unverified.value) {
        let message =
            "is set, and refused: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the server's root certificate instead";
        reader.fault(unverified.name, message);
    }
    for (there, missing) in
        [(cert.as_ref().filter(|_| key.is_none()), KEY), (key.as_ref().filter(|_| cert.is_none()), CERT)]
    {
        if let Some(there) = there {
            reader.fault(&there.name, format!("is set without {}: mTLS needs both", missing.path[0]));
        }
    }
    let part =
        ca.as_ref().map(|ca| &ca.name).or(cert.as_ref().map(|cert| &cert.name)).or(key.as_ref().map(|key| &key.name));
    let part = part.or(server_name.as_ref().map(|name| &name.name)).cloned();
    let said = said(reader, wanted, place.scheme.clone());
    if let Some((off, why)) = said.as_ref().filter(|(said, _)| !said.value) {
        if let Some(part) = &part {
            reader.fault(&off.name, format!("{why}, but {part} needs TLS: drop one or the other"));
        } else if api_key.is_some() && !place.is_loopback() {
            reader.fault(&off.name, format!("{why}, but an API key is set: it would cross the network in plain text"));
        }
    }
    if said.map_or(part.is_some() || api_key.is_some(), |(said, _)| said.value) {
        let client = cert.zip(key).map(|(cert, key)| ClientPair { cert: cert.value, key: key.value });
        let (ca, server_name) = (ca.map(|ca| ca.value), server_name.map(|name| name.value));
        Tls::On(Box::new(TlsParts { ca, server_name, client }))
    } else {
        Tls::Off
    }
}

/// What the user said outright, by TEMPORAL_TLS or by the address, and the words for it.
fn said(
    reader: &mut Reader<'_>,
    flag: Option<Got<bool>>,
    scheme: Option<Got<bool>>,
) -> Option<(Got<bool>, &'static str)> {
    let by_flag = |flag: Got<bool>| (flag.clone(), if flag.value { "is true" } else { "is false" });
    let by_scheme =
        |scheme: Got<bool>| (scheme.clone(), if scheme.value { "begins with https://" } else { "begins with http://" });
    match (flag.map(by_flag), scheme.map(by_scheme)) {
        (Some((flag, is)), Some((scheme, begins))) => {
            if flag.rank() == scheme.rank() && flag.value != scheme.value {
                reader.fault(&flag.name, format!("{is}, but {} {begins}: change one", scheme.name));
                // One fault is enough: what follows from a contradiction is noise.
                return Some((Got { value: true, ..flag }, is));
            }
            Some(if scheme.rank() > flag.rank() { (scheme, begins) } else { (flag, is) })
        }
        (flag, scheme) => flag.or(scheme),
    }
}

fn pem(reader: &mut Reader<'_>, names: &Names) -> Option<Got<Pem>> {
    let path = reader.field(names.path[0]).alias(names.path[1]).doc(names.doc).got_path();
    let text = reader.field(names.text[0]).alias(names.text[1]).doc(names.doc).got_secret();
    match one_of(reader, [names.path[0], names.text[0]], path, text) {
        (Some(Got { value, name, origin }), _) => Some(Got { value: Pem::Path(value), name, origin }),
        (None, Some(Got { value, name, origin })) => Some(Got { value: Pem::Text(value), name, origin }),
        (None, None) => None,
    }
}
