//! What `#[failure(…)]` says of one kind of failure.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Ident, LitStr, Result};

/// Names on the wire that Mainspring or the SDK give; `mainspring_vocabulary::names` has them too, and a test.
const RESERVED: [&str; 3] = ["Unclassified", "Panic", "WorkerShutdown"];

pub(crate) struct Class {
    pub(crate) retryable: bool,
    pub(crate) message: LitStr,
    pub(crate) type_name: LitStr,
    pub(crate) next_delay: Option<NextDelay>,
    pub(crate) benign: bool,
}

pub(crate) enum NextDelay {
    /// The same each time.
    Fixed(TokenStream),
    /// What a field says, for instance what the other side asked for.
    Field(Ident),
}

#[derive(Default)]
struct Said {
    retryable: Option<bool>,
    message: Option<LitStr>,
    type_name: Option<LitStr>,
    next_delay: Option<(Span, NextDelay)>,
    benign: Option<()>,
}

impl Class {
    /// The class of the variant, or struct, of that name.
    pub(crate) fn read(name: &Ident, attributes: &[Attribute]) -> Result<Self> {
        let mut said = Said::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("failure")) {
            attribute.parse_nested_meta(|meta| said.hear(&meta))?;
        }
        let Some(retryable) = said.retryable else {
            let message = format!(
                "say how Temporal should treat {name}: #[failure(terminal, message = \"…\")] when another attempt cannot \
                 help, #[failure(retryable, message = \"…\")] when it may"
            );
            return Err(Error::new(name.span(), message));
        };
        let message = said
            .message
            .ok_or_else(|| Error::new(name.span(), format!("say message = \"…\" of {name}: what an operator reads")))?;
        if let Some((delay, _)) = said.next_delay.as_ref().filter(|_| !retryable) {
            return Err(Error::new(*delay, "a terminal failure is not retried, so it has no next_delay"));
        }
        let type_name = said.type_name.unwrap_or_else(|| LitStr::new(&name.to_string(), name.span()));
        if RESERVED.contains(&type_name.value().as_str()) {
            let message =
                format!("{:?} on the wire is what Mainspring gives; say another type_name = \"…\"", type_name.value());
            return Err(Error::new(type_name.span(), message));
        }
        if type_name.value().trim().is_empty() {
            return Err(Error::new(type_name.span(), "an empty type name is no name: no retry policy can match it"));
        }
        let next_delay = said.next_delay.map(|(_, delay)| delay);
        Ok(Self { retryable, message, type_name, next_delay, benign: said.benign.is_some() })
    }
}

impl Said {
    fn hear(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let once = |first: bool| if first { Ok(()) } else { Err(meta.error("said twice: say it once")) };
        if meta.path.is_ident("terminal") || meta.path.is_ident("retryable") {
            let retryable = meta.path.is_ident("retryable");
            match self.retryable.replace(retryable) {
                Some(other) if other != retryable => {
                    Err(meta.error("terminal and retryable exclude each other: say one of them"))
                }
                before => once(before.is_none()),
            }
        } else if meta.path.is_ident("benign") {
            once(self.benign.replace(()).is_none())
        } else if meta.path.is_ident("message") {
            once(self.message.replace(meta.value()?.parse()?).is_none())
        } else if meta.path.is_ident("type_name") {
            once(self.type_name.replace(meta.value()?.parse()?).is_none())
        } else if meta.path.is_ident("next_delay") {
            let value = meta.value()?;
            let span = value.span();
            let delay = if value.peek(Ident) { NextDelay::Field(value.parse()?) } else { delay(&value.parse()?)? };
            once(self.next_delay.replace((span, delay)).is_none())
        } else {
            Err(meta.error("not known here: terminal, retryable, message, type_name, next_delay, benign"))
        }
    }
}

fn delay(text: &LitStr) -> Result<NextDelay> {
    let delay = humantime::parse_duration(&text.value())
        .map_err(|_| Error::new(text.span(), "not a duration: write \"30s\" or \"5m\""))?;
    let (seconds, nanos) = (delay.as_secs(), delay.subsec_nanos());
    Ok(NextDelay::Fixed(quote!(::core::time::Duration::new(#seconds, #nanos))))
}
