//! A signal's input as it came. The SDK decodes it before any code of the workflow or of the worker sees it, and where
//! that fails, it fails the workflow task, again and again: one malformed signal holds the run for ever. So a signal's
//! handler takes [`Received`], which decodes from anything.

use temporalio_common::data_converters::{
    GenericPayloadConverter, PayloadConversionError, SerializationContext, TemporalDeserializable, TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// Counts the signals that were dropped, by `workflow_type` and `signal`.
pub const MALFORMED_SIGNALS: &str = "mainspring_malformed_signals_total";

/// What a signal brought: a `T`, or what did not decode as one.
///
/// ```
/// # use mainspring_workflow::Received;
/// # struct Approval { by: Vec<String> }
/// # impl Approval {
/// // #[signal(name = "approve")]
/// fn approve(&mut self, /* ctx: &mut SyncWorkflowContext<Self>, */ by: Received<String>) {
///     let Some(by) = by.read() else { return };
///     self.by.push(by);
/// }
/// # }
/// ```
///
/// A signal without input takes `Received<()>`. On the wire it is a `T`: a sender passes `value.into()`.
#[derive(Clone, Debug)]
pub struct Received<T>(Result<T, Malformed>);

/// Why a payload is no `T`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The Rust type that was expected.
    pub expected: &'static str,
    /// How many payloads came; one is right.
    pub payloads: usize,
    /// What the first one's metadata calls its encoding, such as `json/plain`.
    pub encoding: String,
    /// What the decoder found wrong, with its place.
    pub reason: String,
}

impl<T> Received<T> {
    /// The value. A malformed one is dropped: it is counted and logged as an error with the workflow, the signal, the type
    /// that was expected and what was wrong, though never with the payload, and nothing is said of it in a replay.
    #[must_use = "a malformed signal brings no value"]
    pub fn read(self) -> Option<T> {
        self.0.inspect_err(Malformed::report).ok()
    }

    /// The value, or what was wrong, for a handler that does more than drop it. Nothing is logged or counted.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn into_result(self) -> Result<T, Malformed> {
        self.0
    }
}

impl<T> From<T> for Received<T> {
    fn from(value: T) -> Self {
        Self(Ok(value))
    }
}

impl Malformed {
    fn report(&self) {
        if mainspring_context::is_replaying() {
            return;
        }
        let workflow = mainspring_context::workflow().unwrap_or_default();
        let message = mainspring_context::message().unwrap_or_default();
        tracing::error!(
            signal = message.name,
            workflow_type = workflow.workflow_type,
            workflow_id = workflow.workflow_id,
            workflow_run_id = workflow.workflow_run_id,
            expected = self.expected,
            payloads = self.payloads,
            encoding = self.encoding,
            reason = self.reason,
            "a signal does not decode and was dropped: let its sender send what was expected"
        );
        let labels = [("workflow_type", workflow.workflow_type.clone()), ("signal", message.name.clone())];
        metrics::counter!(MALFORMED_SIGNALS, &labels).increment(1);
    }
}

impl<T: TemporalDeserializable + 'static> TemporalDeserializable for Received<T> {
    fn from_payload(context: &SerializationContext<'_>, payload: Payload) -> Result<Self, PayloadConversionError> {
        Self::from_payloads(context, vec![payload])
    }

    fn from_payloads(
        context: &SerializationContext<'_>,
        payloads: Vec<Payload>,
    ) -> Result<Self, PayloadConversionError> {
        let count = payloads.len();
        let encoding = payloads.first().and_then(|payload| payload.metadata.get("encoding"));
        let encoding = encoding.map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
        Ok(Self(context.converter.from_payloads::<T>(context, payloads).map_err(|error| Malformed {
            expected: std::any::type_name::<T>(),
            payloads: count,
            encoding,
            reason: match error {
                PayloadConversionError::EncodingError(error) => error.to_string(),
                _ if count == 1 => "the encoding is not one that the worker's converter reads".to_owned(),
                _ => "one argument is right".to_owned(),
            },
        })))
    }
}

impl<T: TemporalSerializable + 'static> TemporalSerializable for Received<T> {
    fn to_payload(&self, context: &SerializationContext<'_>) -> Result<Payload, PayloadConversionError> {
        context.converter.to_payload(context, self.sendable()?)
    }

    fn to_payloads(&self, context: &SerializationContext<'_>) -> Result<Vec<Payload>, PayloadConversionError> {
        context.converter.to_payloads(context, self.sendable()?)
    }
}

impl<T> Received<T> {
    fn sendable(&self) -> Result<&T, PayloadConversionError> {
        let error = |malformed: &Malformed| format!("this is no {}: {}", malformed.expected, malformed.reason);
        self.0.as_ref().map_err(|malformed| PayloadConversionError::EncodingError(error(malformed).into()))
    }
}

#[cfg(test)]
mod tests {
    use temporalio_common::data_converters::{PayloadConverter, SerializationContextData};

    use super::*;

    fn decoded<T: TemporalDeserializable + 'static>(payloads: Vec<Payload>) -> Result<T, Malformed> {
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&SerializationContextData::None, &converter);
        converter.from_payloads::<Received<T>>(&context, payloads).unwrap().into_result()
    }

    fn payload(encoding: &str, data: &[u8]) -> Payload {
        let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec())].into();
        Payload { metadata, data: data.to_vec(), ..Payload::default() }
    }

    #[test]
    fn what_decodes_is_read() {
        assert_eq!(decoded::<u32>(vec![payload("json/plain", b"7")]), Ok(7));
        assert_eq!(decoded::<()>(vec![]), Ok(()));
        assert_eq!(decoded::<()>(vec![payload("binary/null", b"")]), Ok(()));
    }

    #[test]
    fn whatever_else_comes_is_an_answer_that_says_what_was_wrong() {
        let wrong = decoded::<u32>(vec![payload("json/plain", b"\"seven\"")]).unwrap_err();
        assert_eq!((wrong.expected, wrong.encoding.as_str()), ("u32", "json/plain"));
        assert!(wrong.reason.contains("invalid type: string \"seven\", expected u32"), "{}", wrong.reason);
        let wrong = decoded::<u32>(vec![payload("json/plain", b"{")]).unwrap_err();
        assert!(wrong.reason.contains("EOF"), "{}", wrong.reason);
        let wrong = decoded::<u32>(vec![payload("binary/other", &[0xff])]).unwrap_err();
        assert_eq!(wrong.encoding, "binary/other");
        assert_eq!(wrong.reason, "the encoding is not one that the worker's converter reads");
        let wrong = decoded::<u32>(vec![]).unwrap_err();
        assert_eq!((wrong.payloads, wrong.reason.as_str()), (0, "one argument is right"));
        let two = vec![payload("json/plain", b"7"), payload("json/plain", b"8")];
        assert_eq!(decoded::<u32>(two).unwrap_err().payloads, 2);
        assert!(decoded::<()>(vec![payload("json/plain", b"7")]).is_err());
        assert!(decoded::<()>(vec![payload("json/plain", &[0xff])]).is_err());
    }

    #[test]
    fn on_the_wire_it_is_its_value() {
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&SerializationContextData::None, &converter);
        let sent = converter.to_payloads(&context, &Received::from("now".to_owned())).unwrap();
        assert_eq!(sent, converter.to_payloads(&context, &"now".to_owned()).unwrap());
        assert!(converter.to_payloads(&context, &Received::from(())).unwrap().is_empty());
        let wrong: Received<u32> = converter.from_payloads(&context, sent).unwrap();
        let error = converter.to_payloads(&context, &wrong).unwrap_err().to_string();
        assert!(error.contains("this is no u32: invalid type: string \"now\""), "{error}");
    }
}
