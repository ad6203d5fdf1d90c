//! A loop without an end, for which each message counts once, whichever run it comes to.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use mainspring::workflow::{Received, Seen, continue_drained, continue_if_suggested, update_id};
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

type Refusal = Box<dyn std::error::Error + Send + Sync>;

const REMEMBERED: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// What a run passes on to the next.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Carried {
    /// How many periods are left.
    periods: u32,
    #[serde(default)]
    runs: u32,
    #[serde(default)]
    inbox: VecDeque<u32>,
    #[serde(default)]
    handled: Vec<u32>,
    #[serde(default = "nothing")]
    seen: Seen,
}

const fn nothing() -> Seen {
    Seen::new(REMEMBERED)
}

/// A message that says who it is.
#[derive(Serialize, Deserialize)]
pub struct Item {
    id: String,
    number: u32,
}

/// One message a period.
#[workflow]
pub struct Rounds {
    carried: Carried,
    is_told_to_turn: bool,
}

#[workflow_methods]
impl Rounds {
    /// A signal's handler may run before the first line of `run`, so what it changes is here before.
    #[init]
    pub fn new(_ctx: &WorkflowContextView, carried: Carried) -> Self {
        Self { carried: Carried { runs: carried.runs + 1, ..carried }, is_told_to_turn: false }
    }

    #[run(name = "rounds")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Carried> {
        while ctx.state(|rounds| rounds.carried.periods > 0) {
            ctx.wait_condition(|rounds| rounds.is_told_to_turn || !rounds.carried.inbox.is_empty()).await?;
            ctx.state_mut(Self::period);
            if ctx.state(|rounds| rounds.is_told_to_turn) {
                continue_drained(ctx, ContinueAsNewOptions::default(), |rounds| rounds.carried.clone()).await?;
            }
            continue_if_suggested(ctx, |rounds| rounds.carried.clone()).await?;
        }
        Ok(ctx.state(|rounds| rounds.carried.clone()))
    }

    #[signal(name = "item")]
    pub fn item(&mut self, _ctx: &mut SyncWorkflowContext<Self>, item: Received<Item>) {
        let Some(item) = item.read() else { return };
        if self.carried.seen.first(item.id) {
            self.carried.inbox.push_back(item.number);
        }
    }

    #[update(name = "count")]
    pub fn count(&mut self, _ctx: &mut SyncWorkflowContext<Self>, number: u32) -> Result<bool, Refusal> {
        let is_new = self.carried.seen.first(update_id().ok_or("an update has an id")?);
        if is_new {
            self.carried.inbox.push_back(number);
        }
        Ok(is_new)
    }

    /// Counts after a while, during which the run may be told to turn.
    #[update(name = "count_later")]
    pub async fn count_later(ctx: &mut WorkflowContext<Self>, number: u32) -> Result<u32, Refusal> {
        ctx.timer(Duration::from_millis(500)).await;
        let id = update_id().ok_or("an update has an id, also after an await")?;
        ctx.state_mut(|rounds| {
            if rounds.carried.seen.first(id) {
                rounds.carried.inbox.push_back(number);
            }
        });
        Ok(number)
    }

    #[signal(name = "turn")]
    pub fn turn(&mut self, _ctx: &mut SyncWorkflowContext<Self>, nothing: Received<()>) {
        self.is_told_to_turn |= nothing.read().is_some();
    }

    #[query(name = "runs")]
    pub fn runs(&self, _ctx: &WorkflowContextView) -> u32 {
        self.carried.runs
    }
}

impl Rounds {
    fn period(&mut self) {
        if let Some(number) = self.carried.inbox.pop_front() {
            self.carried.handled.push(number);
            self.carried.periods -= 1;
        }
    }
}
