//! The activities: one call each, to the service that the settings name. Temporal runs an activity at least once, so every
//! call bears a key by which its service knows it again.

use std::sync::Arc;

use mainspring::SetupError;
use onboarding_contract::{
    Account, CALL_TIMEOUT, CreateUserAccountActivity, Customer, NewUser, ProvisionTrialResourcesActivity, Resources,
    SendFollowUpActivity, SendWelcomeEmailActivity,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::OnboardingSettings;
use crate::http::{self, Service};

/// The services, on connections that all calls share.
#[derive(Debug)]
pub struct Services {
    accounts: Service,
    email: Service,
    resources: Service,
}

/// What the email service is asked for.
#[derive(Serialize)]
struct Email<'a> {
    template: &'static str,
    to: &'a str,
    user_id: &'a str,
    account_id: &'a str,
}

/// What it answers.
#[derive(Deserialize)]
struct Accepted {
    message_id: String,
}

/// What the resources service is asked for.
#[derive(Serialize)]
struct Trial<'a> {
    plan: &'static str,
    user_id: &'a str,
    account_id: &'a str,
}

/// What it answers.
#[derive(Deserialize)]
struct Provided {
    resources: Resources,
}

impl Services {
    /// The services at the addresses of the settings. Nothing is sent yet.
    ///
    /// # Errors
    /// An address is missing, or the TLS configuration could not be made.
    pub fn connect(settings: &OnboardingSettings) -> Result<Self, SetupError> {
        let client = http::client(CALL_TIMEOUT, http::machine_roots())?;
        let service = |endpoint| Service::new(client.clone(), endpoint);
        Ok(Self {
            accounts: service(&settings.accounts)?,
            email: service(&settings.email)?,
            resources: service(&settings.resources)?,
        })
    }
}

#[activities]
impl Services {
    /// Asks for the user's account.
    ///
    /// # Errors
    /// As every activity here: a [`ServiceError`](onboarding_contract::ServiceError), which says whether another attempt may succeed.
    #[activity(definition = CreateUserAccountActivity)]
    pub async fn create_user_account(
        self: Arc<Self>,
        ctx: ActivityContext,
        user: NewUser,
    ) -> Result<Account, ActivityError> {
        ask(&self.accounts, &ctx, &user).await
    }

    /// Asks for the welcome email.
    #[activity(definition = SendWelcomeEmailActivity)]
    pub async fn send_welcome_email(
        self: Arc<Self>,
        ctx: ActivityContext,
        customer: Customer,
    ) -> Result<String, ActivityError> {
        self.send("welcome", &ctx, &customer).await
    }

    /// Asks for what a trial needs.
    #[activity(definition = ProvisionTrialResourcesActivity)]
    pub async fn provision_trial_resources(
        self: Arc<Self>,
        ctx: ActivityContext,
        customer: Customer,
    ) -> Result<Resources, ActivityError> {
        let trial = Trial { plan: "trial", user_id: &customer.user_id, account_id: &customer.account_id };
        Ok(ask::<Provided>(&self.resources, &ctx, &trial).await?.resources)
    }

    /// Asks for the follow-up.
    #[activity(definition = SendFollowUpActivity)]
    pub async fn send_follow_up(
        self: Arc<Self>,
        ctx: ActivityContext,
        customer: Customer,
    ) -> Result<String, ActivityError> {
        self.send("follow_up", &ctx, &customer).await
    }
}

impl Services {
    async fn send(
        &self,
        template: &'static str,
        ctx: &ActivityContext,
        customer: &Customer,
    ) -> Result<String, ActivityError> {
        let Customer { user_id, email, account_id } = customer;
        let email = Email { template, to: email, user_id, account_id };
        Ok(ask::<Accepted>(&self.email, ctx, &email).await?.message_id)
    }
}

/// The call of one attempt. A worker that has to leave gives the call up; the next attempt asks again with the same key.
async fn ask<T: DeserializeOwned>(
    service: &Service,
    ctx: &ActivityContext,
    body: &(impl Serialize + Sync),
) -> Result<T, ActivityError> {
    let info = ctx.info();
    let step = &info.activity_type;
    let key = http::idempotency_key(info.workflow_id.as_deref().unwrap_or(&info.activity_id), step);
    let answer = tokio::select! {
        answer = service.post(step, &key, body) => answer,
        () = ctx.cancelled() => return Err(ActivityError::cancelled()),
    };
    match &answer {
        Ok(_) => tracing::info!("done"),
        Err(error) => tracing::warn!(error = %error, "not done"),
    }
    Ok(answer?)
}
