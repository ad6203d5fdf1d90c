//! Nothing here is found: what a workflow may use, what is allowed with a reason, and what the lint cannot see.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::elsewhere::{self, Clock};

pub fn what_a_workflow_may_use(now: SystemTime) -> BTreeMap<u8, Duration> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    BTreeMap::from([(1, since)])
}

#[allow(clippy::disallowed_methods, reason = "the build's own difference is what it is about")]
pub fn allowed() -> bool {
    std::env::var_os("X").is_some()
}

pub fn a_call_through_another_module() -> SystemTime {
    elsewhere::wall_clock()
}

pub fn a_call_through_dyn(clock: &dyn Clock) -> SystemTime {
    clock.now()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test_may_read_the_clock() {
        let _ = std::time::Instant::now();
    }
}
