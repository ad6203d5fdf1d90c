//! `activity complete`, `fail` and `heartbeat`: for an activity that has returned and left its end to another process.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mainspring_client::Payloads;
use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use serde_json::json;
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::common::v1::Payloads as Arguments;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::failure::v1::{ApplicationFailureInfo, Failure as Kept};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatRequest,
    RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest, RespondActivityTaskFailedByIdRequest,
    RespondActivityTaskFailedRequest,
};

use crate::arguments::Output;
use crate::arguments::activity::{BeatArguments, CompleteArguments, FailArguments, OpenArguments};
use crate::exit::Failure;
use crate::workflow::server::{Refused, SHORT, Server};
use crate::{print, say};

/// Which activity is meant.
enum Open<'a> {
    Token(Vec<u8>),
    Named { workflow_id: &'a str, run_id: &'a str, activity_id: &'a str },
}

impl<'a> Open<'a> {
    fn of(arguments: &'a OpenArguments) -> Result<Self, Failure> {
        if let Some(text) = &arguments.token {
            return match BASE64_STANDARD.decode(text.trim()) {
                Ok(token) if !token.is_empty() => Ok(Self::Token(token)),
                _ => Err(Failure::Usage(
                    "--token is no completion token: it is the base64 text that the activity handed over".to_owned(),
                )),
            };
        }
        // clap asks for the token or both of these.
        let text = |given: &'a Option<String>| given.as_deref().unwrap_or_default();
        Ok(Self::Named {
            workflow_id: text(&arguments.workflow_id),
            run_id: text(&arguments.run_id),
            activity_id: text(&arguments.activity_id),
        })
    }

    fn name(&self) -> String {
        match self {
            Self::Token(_) => "the activity of this token".to_owned(),
            Self::Named { workflow_id, activity_id, .. } => format!("activity {activity_id} of workflow {workflow_id}"),
        }
    }

    /// Why Temporal did not take it: "the activity of this token could not be completed: …".
    fn refusal(&self, done: &str, refused: &Refused) -> Failure {
        let name = self.name();
        let hint = match self {
            // Temporal also says so of a token that it cannot read.
            Self::Token(_) if refused.is(Code::InvalidArgument) => {
                ": this is no token of an activity, or not the whole of one"
            }
            Self::Token(_) if refused.is(Code::NotFound) => {
                ": it has ended, or its attempt has, and each attempt has a token of its own"
            }
            Self::Named { .. } if refused.is(Code::NotFound) => ": it is not open (`workflow describe` shows what is)",
            _ => "",
        };
        refused.failure(format_args!("{name} could not be {done}{}{hint}", refused.doubt()))
    }
}

async fn server(sources: &Sources) -> Result<Server, Failure> {
    let settings: ConnectionSettings = mainspring_settings::load(sources)?;
    Server::connect(settings).await
}

/// JSON as a payload, through the codec.
async fn encoded(payloads: &Payloads, name: &str, text: Option<&str>) -> Result<Option<Arguments>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let payload = payloads.encode_json_text(text).await;
    let payload = payload.map_err(|error| Failure::Usage(format!("--{name}: {error}")))?;
    Ok(Some(Arguments { payloads: vec![payload] }))
}

fn told(output: Output, name: &str, done: &str) -> Result<(), Failure> {
    say(&format!("{name} {done}"));
    match output {
        Output::Text => Ok(()),
        Output::Json => print(&json!({ "status": done }).to_string()),
    }
}

pub(super) async fn complete(arguments: &CompleteArguments, sources: &Sources) -> Result<(), Failure> {
    let open = Open::of(&arguments.open)?;
    let server = server(sources).await?;
    let result = encoded(&server.payloads, "result", arguments.result.as_deref()).await?;
    let (namespace, identity) = (server.namespace.clone(), server.identity.clone());
    let sent = match &open {
        Open::Token(token) => {
            let task_token = token.clone();
            let request =
                RespondActivityTaskCompletedRequest { task_token, result, identity, namespace, ..Default::default() };
            server
                .call(|service, request| service.respond_activity_task_completed(request), request, SHORT)
                .await
                .map(drop)
        }
        &Open::Named { workflow_id, run_id, activity_id } => {
            let (workflow_id, run_id) = (workflow_id.to_owned(), run_id.to_owned());
            let activity_id = activity_id.to_owned();
            let request = RespondActivityTaskCompletedByIdRequest {
                namespace,
                workflow_id,
                run_id,
                activity_id,
                result,
                identity,
                ..Default::default()
            };
            let sent =
                server.call(|service, request| service.respond_activity_task_completed_by_id(request), request, SHORT);
            sent.await.map(drop)
        }
    };
    sent.map_err(|refused| open.refusal("completed", &refused))?;
    told(arguments.output, &open.name(), "completed")
}

pub(super) async fn fail(arguments: &FailArguments, sources: &Sources) -> Result<(), Failure> {
    let open = Open::of(&arguments.open)?;
    let server = server(sources).await?;
    let info = ApplicationFailureInfo {
        r#type: arguments.failure_type.clone().unwrap_or_default(),
        non_retryable: arguments.non_retryable,
        details: encoded(&server.payloads, "details", arguments.details.as_deref()).await?,
        ..Default::default()
    };
    let failure = Some(Kept {
        message: arguments.message.clone(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Default::default()
    });
    let (namespace, identity) = (server.namespace.clone(), server.identity.clone());
    let sent = match &open {
        Open::Token(token) => {
            let task_token = token.clone();
            let request =
                RespondActivityTaskFailedRequest { task_token, failure, identity, namespace, ..Default::default() };
            server
                .call(|service, request| service.respond_activity_task_failed(request), request, SHORT)
                .await
                .map(drop)
        }
        &Open::Named { workflow_id, run_id, activity_id } => {
            let (workflow_id, run_id) = (workflow_id.to_owned(), run_id.to_owned());
            let activity_id = activity_id.to_owned();
            let request = RespondActivityTaskFailedByIdRequest {
                namespace,
                workflow_id,
                run_id,
                activity_id,
                failure,
                identity,
                ..Default::default()
            };
            let sent =
                server.call(|service, request| service.respond_activity_task_failed_by_id(request), request, SHORT);
            sent.await.map(drop)
        }
    };
    sent.map_err(|refused| open.refusal("failed", &refused))?;
    told(arguments.output, &open.name(), "failed")
}

pub(super) async fn heartbeat(arguments: &BeatArguments, sources: &Sources) -> Result<(), Failure> {
    let open = Open::of(&arguments.open)?;
    let server = server(sources).await?;
    let details = encoded(&server.payloads, "details", arguments.details.as_deref()).await?;
    let (namespace, identity) = (server.namespace.clone(), server.identity.clone());
    let cancel_requested = match &open {
        Open::Token(token) => {
            let task_token = token.clone();
            let request =
                RecordActivityTaskHeartbeatRequest { task_token, details, identity, namespace, ..Default::default() };
            let sent = server.call(|service, request| service.record_activity_task_heartbeat(request), request, SHORT);
            sent.await.map(|answer| answer.cancel_requested)
        }
        &Open::Named { workflow_id, run_id, activity_id } => {
            let (workflow_id, run_id) = (workflow_id.to_owned(), run_id.to_owned());
            let activity_id = activity_id.to_owned();
            let request = RecordActivityTaskHeartbeatByIdRequest {
                namespace,
                workflow_id,
                run_id,
                activity_id,
                details,
                identity,
                ..Default::default()
            };
            let sent =
                server.call(|service, request| service.record_activity_task_heartbeat_by_id(request), request, SHORT);
            sent.await.map(|answer| answer.cancel_requested)
        }
    };
    let cancel_requested = cancel_requested.map_err(|refused| open.refusal("kept alive", &refused))?;
    let name = open.name();
    say(&match cancel_requested {
        true => format!("{name} was kept alive, and its workflow asks it to stop: fail it, or complete it"),
        false => format!("{name} was kept alive"),
    });
    match arguments.output {
        Output::Text => Ok(()),
        Output::Json => print(&json!({ "cancel_requested": cancel_requested }).to_string()),
    }
}
