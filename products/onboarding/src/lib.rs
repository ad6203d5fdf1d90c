//! The product `onboarding`: a user's account, then a welcome email and the resources of a trial side by side, then,
//! a week later, a follow-up that can be called off. Three services do the work, over HTTP.
// What the SDK's macros make of workflows and activities has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations)]

pub mod activities;
mod http;
mod settings;
pub mod workflows;

use mainspring::Product;
use onboarding_contract::{Activities, Onboarding, TASK_QUEUE};

use activities::Services;
pub use settings::{Endpoint, OnboardingSettings};

/// What its workers run.
pub fn product() -> Product {
    Product::new("onboarding", TASK_QUEUE)
        .example(r#"workflow execute onboarding '{"user_id": "ada", "email": "ada@example.com", "follow_up_after_seconds": 5}'"#)
        .settings::<OnboardingSettings>()
        .workflow_as::<workflows::Onboarding, Onboarding>()
        .activities(
            |setup| async move { Services::connect(&setup.settings()?) },
            |set| {
                set.activity_as(Services::create_user_account, Activities::create_user_account)
                    .activity_as(Services::send_welcome_email, Activities::send_welcome_email)
                    .activity_as(Services::provision_trial_resources, Activities::provision_trial_resources)
                    .activity_as(Services::send_follow_up, Activities::send_follow_up)
            },
        )
}

#[cfg(test)]
mod tests {
    use mainspring::settings::Sources;
    use mainspring::{Registry, RegistryError};
    use onboarding_contract::{CALL_TIMEOUT, CancelFollowUp, GetStatus};
    use temporalio_common::{QueryDefinition, SignalDefinition};

    use super::workflows::Onboarding;

    #[test]
    fn the_product_keeps_to_its_contract() -> Result<(), RegistryError> {
        let registry = Registry::new([super::product()])?;
        let product = &registry.products()[0];
        assert_eq!((product.name(), product.queue()), ("onboarding", "onboarding"));
        assert_eq!(product.workflow_names().collect::<Vec<_>>(), ["onboarding"]);
        assert_eq!(
            product.activity_names().collect::<Vec<_>>(),
            ["create_user_account", "send_welcome_email", "provision_trial_resources", "send_follow_up"]
        );
        assert_eq!(SignalDefinition::name(&CancelFollowUp), SignalDefinition::name(&Onboarding::cancel_follow_up));
        assert_eq!(QueryDefinition::name(&GetStatus), QueryDefinition::name(&Onboarding::status));
        Ok(())
    }

    #[test]
    fn a_steps_timeout_leaves_room_for_the_calls_own() {
        for activity in super::product().activity_entries() {
            let close = activity.timeouts().map(|timeouts| timeouts.start_to_close);
            assert!(close.is_some_and(|close| close > CALL_TIMEOUT), "{activity:?}");
        }
    }

    #[test]
    fn the_id_follows_from_the_user_and_the_wait_has_a_default() {
        let registry = Registry::new([super::product()]).unwrap();
        let entry = registry.workflow("onboarding").unwrap();
        let input = serde_json::json!({ "user_id": "ada", "email": "ada@example.com" });
        assert_eq!(entry.workflow_id(&input).as_deref(), Some("onboarding-ada"));
        let schema = entry.schema().unwrap();
        assert_eq!(schema["required"], serde_json::json!(["user_id", "email"]));
        let wait = &schema["properties"]["follow_up_after_seconds"];
        assert_eq!((wait["default"].as_u64(), wait["maximum"].as_u64()), (Some(604_800), Some(7_776_000)));
    }

    #[test]
    fn a_missing_address_is_named_and_a_token_never_shows() {
        let pairs = [
            ("ONBOARDING_ACCOUNTS_URL", "https://accounts.example.com/v1"),
            ("ONBOARDING_EMAIL_URL", "email.example.com"),
            ("ONBOARDING_EMAIL_TOKEN", "hunter2"),
        ];
        let sources = Sources::from_pairs(pairs);
        let said = super::product().check_settings(&sources).unwrap_err().to_string();
        let lines: Vec<&str> = said.lines().collect();
        assert!(
            lines[0].contains("ONBOARDING_EMAIL_URL is \"email.example.com\", which is not an address: "),
            "{said}"
        );
        assert!(lines[1].contains("ONBOARDING_RESOURCES_URL is missing, and has no default: "), "{said}");
        assert_eq!(lines.len(), 2, "{said}");
        let report = mainspring::settings::Report::new(&sources);
        let table = super::product().report_settings(report, &sources).to_table();
        assert!(table.contains("ONBOARDING_EMAIL_TOKEN") && !table.contains("hunter2"), "{table}");
    }
}
