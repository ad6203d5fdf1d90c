//! Moments as people read them: on the clock of the schedule's own zone, and in UTC.

use std::time::SystemTime;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::schedule::v1::ScheduleSpec;

/// The zone of a schedule's clock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    name: String,
    /// None if only the server knows it.
    zone: Option<TimeZone>,
}

impl Clock {
    pub(super) fn of(spec: Option<&ScheduleSpec>) -> Self {
        let name = spec.map(|spec| spec.timezone_name.as_str()).filter(|name| !name.is_empty()).unwrap_or("UTC");
        let data = spec.map(|spec| spec.timezone_data.as_slice()).unwrap_or_default();
        let zone = if data.is_empty() { TimeZone::get(name) } else { TimeZone::tzif(name, data) };
        Self { name: name.to_owned(), zone: zone.ok() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_utc(&self) -> bool {
        matches!(self.name.as_str(), "UTC" | "Etc/UTC")
    }

    /// `Sun 2027-03-14 03:30:00 EDT`; nothing if the zone is not known here.
    pub(super) fn local(&self, time: SystemTime) -> Option<String> {
        let zoned = to_second(time)?.to_zoned(self.zone.clone()?);
        Some(zoned.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string())
    }

    /// `{"utc": "2027-03-14T07:30:00Z", "local": "2027-03-14T03:30:00-04:00[America/New_York]"}`.
    pub(super) fn shown(&self, time: SystemTime) -> Value {
        let time = Timestamp::try_from(time).ok();
        let local = time.zip(self.zone.clone()).map(|(time, zone)| time.to_zoned(zone).to_string());
        json!({ "utc": time.map(|time| time.to_string()), "local": local })
    }

    /// On both clocks, for people: `Sun 2027-03-14 03:30:00 EDT  2027-03-14T07:30:00Z`.
    pub(super) fn both(&self, time: SystemTime) -> String {
        let utc = utc(time);
        match self.local(time) {
            _ if self.is_utc() => utc,
            Some(local) => format!("{local}  {utc}"),
            None => format!("{utc}  (this machine does not know {})", self.name),
        }
    }
}

/// To the second: `2027-03-14T07:30:00Z`.
pub(super) fn utc(time: SystemTime) -> String {
    to_second(time).map_or_else(|| "?".to_owned(), |time| time.to_string())
}

/// A time of the server's, if there is one that a clock can show.
pub(super) fn moment<T>(time: Option<T>) -> Option<SystemTime>
where
    SystemTime: TryFrom<T>,
{
    time.and_then(|time| SystemTime::try_from(time).ok())
}

/// Jitter goes below the second, and nobody reads that.
fn to_second(time: SystemTime) -> Option<Timestamp> {
    let round = jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
    Timestamp::try_from(time).ok()?.round(round).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(name: &str) -> Clock {
        Clock::of(Some(&ScheduleSpec { timezone_name: name.to_owned(), ..Default::default() }))
    }

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    #[test]
    fn a_moment_is_shown_on_both_clocks() {
        let new_york = clock("America/New_York");
        assert_eq!(new_york.both(at("2027-03-14T07:30:00.289Z")), "Sun 2027-03-14 03:30:00 EDT  2027-03-14T07:30:00Z");
        assert_eq!(new_york.both(at("2027-03-13T07:30:00Z")), "Sat 2027-03-13 02:30:00 EST  2027-03-13T07:30:00Z");
        let shown = new_york.shown(at("2027-11-07T05:30:00Z"));
        assert_eq!(
            shown,
            json!({ "utc": "2027-11-07T05:30:00Z", "local": "2027-11-07T01:30:00-04:00[America/New_York]" })
        );
        assert_eq!(clock("").both(at("2027-03-14T07:30:00Z")), "2027-03-14T07:30:00Z");
    }

    #[test]
    fn a_zone_that_only_the_server_knows_leaves_utc() {
        let nowhere = clock("Mars/Olympus");
        assert_eq!(
            nowhere.both(at("2027-03-14T07:30:00Z")),
            "2027-03-14T07:30:00Z  (this machine does not know Mars/Olympus)"
        );
        assert_eq!(nowhere.shown(at("2027-03-14T07:30:00Z"))["local"], Value::Null);
    }
}
