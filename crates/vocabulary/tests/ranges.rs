//! `Ranges` against a set that holds every unit.

use std::collections::BTreeSet;

use mainspring_vocabulary::Ranges;
use proptest::prelude::*;

fn units(ranges: &Ranges<u32>) -> BTreeSet<u32> {
    ranges.iter().flat_map(|(start, end)| *start..*end).collect()
}

fn pieces() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((0_u32..60, 0_u32..8), 0..60)
}

proptest! {
    #[test]
    fn they_hold_exactly_what_was_inserted(pieces in pieces(), from in 0_u32..60, length in 0_u32..30) {
        let mut ranges = Ranges::with_capacity(1000);
        let mut set = BTreeSet::new();
        for (start, length) in pieces {
            ranges.insert(start..start + length);
            set.extend(start..start + length);
        }
        prop_assert_eq!(units(&ranges), set.clone());
        let list: Vec<_> = ranges.iter().collect();
        prop_assert!(list.windows(2).all(|pair| pair[0].1 < pair[1].0), "apart, with a gap between: {:?}", list);
        let within = from..from + length;
        let missing: BTreeSet<u32> = ranges.missing(within.clone()).into_iter().flatten().collect();
        let expected: BTreeSet<u32> = within.clone().filter(|unit| !set.contains(unit)).collect();
        prop_assert_eq!(ranges.covers(&within), expected.is_empty());
        prop_assert_eq!(missing, expected);
    }

    #[test]
    fn without_room_they_forget_and_never_claim_what_was_not_done(pieces in pieces(), capacity in 1_usize..6) {
        let mut ranges = Ranges::with_capacity(capacity);
        let mut set = BTreeSet::new();
        for (start, length) in pieces {
            ranges.insert(start..start + length);
            set.extend(start..start + length);
            prop_assert!(ranges.len() <= capacity);
        }
        let held = units(&ranges);
        prop_assert!(held.is_subset(&set));
        prop_assert!(held == set || ranges.forgotten() > 0, "what is not held was counted");
    }

    #[test]
    fn json_keeps_them(pieces in pieces()) {
        let mut ranges = Ranges::with_capacity(10);
        pieces.into_iter().for_each(|(start, length)| ranges.insert(start..start + length));
        let text = serde_json::to_string(&ranges).unwrap();
        prop_assert_eq!(serde_json::from_str::<Ranges<u32>>(&text).unwrap(), ranges);
    }
}
