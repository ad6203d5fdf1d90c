//! Calls about schedules against a real server, over a wire that breaks off: what was asked is done once.

mod backfilling;
mod changing;
mod coming;
mod rig;
mod triggering;
