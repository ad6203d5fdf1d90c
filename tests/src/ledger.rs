//! What a person at a terminal talks to: it is signalled, asked, updated, cancelled, and continues as new.

use mainspring::workflow::Received;
use serde::{Deserialize, Serialize};
use temporalio_common::error::ApplicationFailure;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// An account.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
pub struct Account {
    owner: String,
    /// It ends when the balance is that high.
    goal: u32,
    #[serde(default)]
    currency: Option<Currency>,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Currency {
    Euro,
    Franc,
}

#[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Entry {
    amount: u32,
    #[serde(default)]
    note: String,
}

/// Adds up until its goal. A goal of 13 fails.
#[workflow]
#[derive(Default)]
pub struct Ledger {
    owner: String,
    balance: u32,
}

#[workflow_methods]
impl Ledger {
    #[run(name = "ledger")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, account: Account) -> WorkflowResult<String> {
        if account.goal == 13 {
            let unlucky = ApplicationFailure::builder(std::io::Error::other("13 is no goal"));
            return Err(unlucky.type_name("Unlucky".to_owned()).non_retryable(true).build().into());
        }
        let before: u32 = account.entries.iter().map(|entry| entry.amount).sum();
        ctx.state_mut(|ledger| {
            ledger.balance += before;
            ledger.owner.clone_from(&account.owner);
        });
        ctx.wait_condition(move |ledger| ledger.balance >= account.goal).await?;
        Ok(format!("{} has {}", account.owner, ctx.state(|ledger| ledger.balance)))
    }

    #[signal(name = "add")]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, amount: Received<u32>) {
        self.balance += amount.read().unwrap_or_default();
    }

    #[query(name = "balance")]
    pub fn balance(&self, _ctx: &WorkflowContextView) -> u32 {
        self.balance
    }

    #[update(name = "spend")]
    pub fn spend(&mut self, _ctx: &mut SyncWorkflowContext<Self>, amount: u32) -> Result<u32, Refusal> {
        self.balance -= amount;
        Ok(self.balance)
    }

    /// Is done when the balance is that high.
    #[update(name = "save")]
    pub async fn save(ctx: &mut WorkflowContext<Self>, amount: u32) -> Result<u32, Refusal> {
        ctx.wait_condition(move |ledger| ledger.balance >= amount).await?;
        Ok(ctx.state(|ledger| ledger.balance))
    }

    #[update_validator(spend)]
    pub fn can_spend(&self, _ctx: &WorkflowContextView, amount: &u32) -> Result<(), Refusal> {
        if *amount > self.balance { Err(format!("{amount} is more than {}", self.balance).into()) } else { Ok(()) }
    }
}

/// Continues as new so often.
#[workflow]
#[derive(Default)]
pub struct Chain;

#[workflow_methods]
impl Chain {
    #[run(name = "chain")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, links: u32) -> WorkflowResult<String> {
        if links > 0 {
            ctx.continue_as_new(links - 1, ContinueAsNewOptions::default())?;
        }
        Ok("the last".to_owned())
    }
}

/// Goes on as the next run each time it is told to.
#[workflow]
#[derive(Default)]
pub struct Turns {
    told: bool,
}

#[workflow_methods]
impl Turns {
    #[run(name = "turns")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, turns: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|turn| turn.told).await?;
        ctx.continue_as_new(turns + 1, ContinueAsNewOptions::default())?;
        Ok(turns)
    }

    #[signal(name = "turn")]
    pub fn turn(&mut self, _ctx: &mut SyncWorkflowContext<Self>, nothing: Received<()>) {
        self.told |= nothing.read().is_some();
    }
}
