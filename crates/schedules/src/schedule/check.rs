//! What is wrong with a schedule, everything at once: what the server would refuse, and what it would take and never do.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Declared, Retry, Schedule};
use crate::Fault;
use crate::times::{Times, compile, parse_cron};

/// The longest id: the server allows 1,000 bytes, and puts words of its own before a schedule's and the time behind a workflow's.
const ID: usize = 900;
/// Temporal holds nanoseconds in 64 bits.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);
const SHORTEST_CATCHUP: Duration = Duration::from_secs(10);
/// As its UI's limits are.
const SUMMARY: usize = 400;
const DETAILS: usize = 20_000;
const FAIRNESS_KEY: usize = 64;
/// The server writes these itself.
const TEMPORALS_OWN: &str = "Temporal";

impl Schedule {
    /// Everything that is wrong with it. A registry refuses it then, before anything starts.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = self.refused.clone();
        let mut add = |field: &str, text: String| faults.push(Fault::new(field, text));
        check_name("id", &self.id, &mut add);
        let declared = &self.declared;
        check_name("workflow", &declared.workflow, &mut add);
        if !declared.workflow_id.is_empty() {
            check_name("workflow_id", &declared.workflow_id, &mut add);
        }
        check_times(declared, &mut add);
        check_policies(declared, &mut add);
        check_workflow(declared, &mut add);
        faults
    }
}

fn check_name(field: &str, name: &str, add: &mut impl FnMut(&str, String)) {
    if name.trim().is_empty() {
        add(field, "it is empty: give it a name".to_owned());
    } else if name.len() > ID {
        add(field, format!("it has {} bytes, and {ID} are allowed", name.len()));
    }
}

fn check_times(declared: &Declared, add: &mut impl FnMut(&str, String)) {
    for interval in &declared.intervals {
        check_interval("intervals", interval.every, interval.offset, add);
    }
    for (field, calendars) in [("calendars", &declared.calendars), ("except", &declared.except)] {
        calendars.iter().filter_map(|calendar| compile(calendar).err()).flatten().for_each(|fault| add(field, fault));
    }
    let mut zones = Vec::new();
    for text in &declared.cron {
        match parse_cron(text) {
            Ok(cron) => {
                if let Times::Every { interval, offset } = cron.times {
                    check_interval("cron", interval, offset, &mut |_, fault| add("cron", format!("{text:?}: {fault}")));
                }
                zones.push((text, cron.zone));
            }
            Err(wrong) => wrong.into_iter().for_each(|fault| add("cron", format!("{text:?}: {fault}"))),
        }
    }
    check_zones(declared, &zones, add);
    if let (Some(start), Some(end)) = (declared.start, declared.end)
        && end < start
    {
        add("end", format!("{end} is before the start, {start}: there is no time between"));
    }
    if let Some(jitter) = declared.jitter.filter(|jitter| *jitter > LONGEST) {
        add("jitter", format!("{} is too long", super::text::duration(jitter)));
    }
}

fn check_interval(field: &str, every: Duration, offset: Duration, add: &mut impl FnMut(&str, String)) {
    let text = super::text::duration;
    if every < Duration::from_secs(1) {
        add(field, format!("every {} is too often: 1s is the least", text(every)));
    } else if every > LONGEST {
        add(field, format!("every {} is too rare: 100 years is the most", text(every)));
    } else if every.subsec_nanos() > 0 || offset.subsec_nanos() > 0 {
        add(field, format!("every {} and {}: Temporal counts whole seconds", text(every), text(offset)));
    } else if offset >= every {
        add(field, format!("the offset {} is not shorter than the interval, {}", text(offset), text(every)));
    }
}

/// The server wants one zone for all: each cron string's own, or the schedule's.
fn check_zones(declared: &Declared, crons: &[(&String, Option<String>)], add: &mut impl FnMut(&str, String)) {
    let named = declared.time_zone.as_ref().filter(|zone| !zone.is_empty());
    if declared.time_zone.as_ref().is_some_and(String::is_empty) {
        add("time_zone", "it is empty: leave it out for UTC".to_owned());
    }
    if !declared.time_zone_data.is_empty() {
        let name = named.cloned().unwrap_or_default();
        let read = BASE64.decode(&declared.time_zone_data).map_err(|error| error.to_string());
        let read = read.and_then(|data| TimeZone::tzif(&name, &data).map_err(|error| error.to_string()));
        if let Err(reason) = read {
            add("time_zone_data", format!("it is no file of TZif: {reason}"));
        }
    } else if let Some(zone) = named
        && let Err(fault) = known_zone(zone)
    {
        add("time_zone", fault);
    }
    let Some((first, rest)) = crons.split_first() else { return };
    for (text, zone) in rest {
        if *zone != first.1 {
            let name = |zone: &Option<String>| zone.clone().unwrap_or_else(|| "no zone".to_owned());
            let (here, there) = (name(zone), name(&first.1));
            add(
                "cron",
                format!("{text:?} has {here}, and {:?} has {there}: all have one zone, best by time_zone", first.0),
            );
        }
    }
    if let Some(zone) = &first.1 {
        if let Err(fault) = known_zone(zone) {
            add("cron", format!("{:?}: {fault}", first.0));
        } else if let Some(named) = named.filter(|named| *named != zone) {
            add("cron", format!("{:?} has the zone {zone}, and time_zone is {named}: give one of them", first.0));
        }
    }
}

/// The server reads names letter by letter.
fn known_zone(name: &str) -> Result<(), String> {
    let right = "write a name of the IANA database such as Europe/Berlin or UTC";
    let Ok(zone) = TimeZone::get(name) else { return Err(format!("there is no zone {name:?}: {right}")) };
    match zone.iana_name() {
        Some(known) if known == name => Ok(()),
        Some(known) => Err(format!("there is no zone {name:?}: it is written {known:?}")),
        None => Err(format!("{name:?} is no zone: {right}")),
    }
}

fn check_policies(declared: &Declared, add: &mut impl FnMut(&str, String)) {
    if let Some(window) = declared.catchup_window {
        if window < SHORTEST_CATCHUP {
            add("catchup_window", format!("{} is too short: 10s is the least", super::text::duration(window)));
        } else if window > LONGEST {
            add("catchup_window", format!("{} is too long: 100 years is the most", super::text::duration(window)));
        }
    }
    if declared.remaining_actions == Some(0) {
        add(
            "remaining_actions",
            "0 would never start anything: leave it out for no limit, or make it paused".to_owned(),
        );
    }
}

fn check_workflow(declared: &Declared, add: &mut impl FnMut(&str, String)) {
    let timeouts = [
        ("execution_timeout", declared.execution_timeout),
        ("run_timeout", declared.run_timeout),
        ("task_timeout", declared.task_timeout),
    ];
    for (field, timeout) in timeouts {
        let Some(timeout) = timeout else { continue };
        if timeout.is_zero() {
            add(field, "0 is no limit for Temporal: leave it out".to_owned());
        } else if timeout > LONGEST {
            add(field, format!("{} is too long: leave it out for no limit", super::text::duration(timeout)));
        }
    }
    if let Some(retry) = &declared.retry {
        check_retry(retry, add);
    }
    let attributes = [
        ("search_attributes", &declared.search_attributes),
        ("schedule_search_attributes", &declared.schedule_search_attributes),
    ];
    for (field, attributes) in attributes {
        for (name, value) in attributes {
            if name.starts_with(TEMPORALS_OWN) {
                add(field, format!("{name} is the server's own"));
            } else if value.is_null() || value.is_object() {
                add(field, format!("{name} has no value that a search attribute can have"));
            }
        }
    }
    if declared.memo.contains_key(crate::RECORD) {
        add("memo", format!("{} is where Mainspring keeps what it applied: take another name", crate::RECORD));
    }
    for (field, text, most) in [("summary", &declared.summary, SUMMARY), ("details", &declared.details, DETAILS)] {
        let bytes = Value::from(text.as_str()).to_string().len();
        if bytes > most {
            add(field, format!("it has {bytes} bytes as JSON, and {most} are allowed"));
        }
    }
    if let Some(priority) = &declared.priority {
        if i32::try_from(priority.key).is_err() {
            add("priority", format!("{} is none: 1 to 5 unless the server says otherwise", priority.key));
        }
        if priority.fairness_key.len() > FAIRNESS_KEY {
            add("priority", format!("its fairness key has more than {FAIRNESS_KEY} bytes"));
        }
        if priority.fairness_weight.is_some_and(|weight| !weight.is_finite() || weight <= 0.0) {
            add("priority", "its fairness weight is not above 0".to_owned());
        }
    }
}

fn check_retry(retry: &Retry, add: &mut impl FnMut(&str, String)) {
    let text = super::text::duration;
    if retry.initial_interval.is_zero() || retry.initial_interval > LONGEST {
        add("retry", format!("its first interval is {}: 1s is usual", text(retry.initial_interval)));
    }
    if !retry.backoff.is_finite() || retry.backoff < 1.0 {
        add("retry", format!("its backoff is {}: 1 at least", retry.backoff));
    }
    if let Some(most) = retry.maximum_interval.filter(|most| *most < retry.initial_interval || *most > LONGEST) {
        add(
            "retry",
            format!("its longest interval is {}, and its first is {}", text(most), text(retry.initial_interval)),
        );
    }
    if i32::try_from(retry.maximum_attempts).is_err() {
        add("retry", format!("{} attempts are too many: 0 is no limit", retry.maximum_attempts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_a_zone_that_are_none_are_refused_and_with_rules_the_name_is_a_label() {
        let schedule = || Schedule::untyped("nightly", "sweep", []).task_queue("billing").time_zone("Our/Office");
        let said = |schedule: Schedule| schedule.faults().iter().map(ToString::to_string).collect::<Vec<_>>();
        let wrong = said(schedule().time_zone_data(b"no rules"));
        assert!(matches!(&wrong[..], [one] if one.starts_with("time_zone_data: it is no file of TZif: ")), "{wrong:?}");
        assert!(said(schedule().time_zone_data(include_bytes!("../../tests/plans/berlin.tzif"))).is_empty());
        assert!(said(schedule())[0].starts_with("time_zone: there is no zone \"Our/Office\""));
    }
}
