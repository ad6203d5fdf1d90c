//! The search: a tour from neighbour to neighbour, then small kicks, each followed by 2-opt where it hit; what is no
//! better is taken back.

use crate::map::Map;

/// How many nodes a kick moves at most, on either side.
const LONGEST_KICK: usize = 30;
/// A search looks this often whether it is still wanted.
const TRIES_A_LOOK: u32 = 64;

/// From the first node always to the nearest that is left.
#[expect(clippy::cast_possible_truncation, reason = "a map has at most 10,000 nodes")]
pub(crate) fn nearest_neighbours(map: &Map) -> Vec<u32> {
    let mut left: Vec<u32> = (1..map.len() as u32).collect();
    let mut order = vec![0];
    let mut here = 0;
    while let Some(place) = (0..left.len()).min_by_key(|&place| map.distance(here, left[place])) {
        here = left.swap_remove(place);
        order.push(here);
    }
    order
}

/// The tour after so many tries; `None` when it is given up. It is never longer than it was.
pub(crate) fn improve(
    map: &Map,
    order: Vec<u32>,
    tries: u32,
    seed: u64,
    given_up: impl Fn() -> bool,
) -> Option<Vec<u32>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut search = Search::new(map, order);
    search.look_at = search.order.clone();
    search.two_opt();
    let (mut best, mut shortest) = (search.order.clone(), map.length(&search.order));
    let mut length = shortest;
    for tried in 0..tries {
        if tried % TRIES_A_LOOK == 0 && given_up() {
            return None;
        }
        // In wrapping numbers, for either part may be a gain.
        length = length.wrapping_add(search.kick(&mut random)).wrapping_add(search.two_opt());
        if length <= shortest {
            shortest = length;
            best.clone_from(&search.order);
        } else {
            search.go_back_to(&best);
            length = shortest;
        }
    }
    Some(best)
}

struct Search<'a> {
    map: &'a Map,
    order: Vec<u32>,
    /// Where in the order a node is.
    place: Vec<usize>,
    /// Nodes whose edges may be improved.
    look_at: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(map: &'a Map, order: Vec<u32>) -> Self {
        let mut search = Self { map, place: vec![0; order.len()], order, look_at: Vec::new() };
        search.note(0, search.order.len());
        search
    }

    fn note(&mut self, from: usize, to: usize) {
        for place in from..to {
            self.place[self.order[place] as usize] = place;
        }
    }

    fn go_back_to(&mut self, order: &[u32]) {
        self.order.copy_from_slice(order);
        self.note(0, order.len());
    }

    fn next(&self, node: u32) -> u32 {
        let place = self.place[node as usize] + 1;
        self.order[if place == self.order.len() { 0 } else { place }]
    }

    fn previous(&self, node: u32) -> u32 {
        let place = self.place[node as usize];
        self.order[if place == 0 { self.order.len() - 1 } else { place - 1 }]
    }

    /// Exchanges two neighbouring pieces of the tour. Gives the change of its length.
    fn kick(&mut self, random: &mut fastrand::Rng) -> u64 {
        let n = self.order.len();
        let longest = LONGEST_KICK.min((n - 1) / 2);
        let (first, second) = (random.usize(1..=longest), random.usize(1..=longest));
        let start = random.usize(0..=n - first - second);
        let (middle, end) = (start + first, start + first + second);
        // The two never make up the whole tour, so the three edges are different ones.
        let edges = |order: &[u32], middle| [start, middle, end].map(|at| (order[(at + n - 1) % n], order[at % n]));
        let length = |edges: [(u32, u32); 3]| edges.map(|(a, b)| self.map.distance(a, b)).iter().sum::<u64>();
        let before = length(edges(&self.order, middle));
        self.order[start..end].rotate_left(first);
        let joined = edges(&self.order, start + second);
        let after = length(joined);
        self.note(start, end);
        self.look_at.extend(joined.iter().flat_map(|&(a, b)| [a, b]));
        after.wrapping_sub(before)
    }

    /// Takes crossings out until nothing that is looked at can be improved. Gives the change of the tour's length.
    fn two_opt(&mut self) -> u64 {
        let mut change = 0_u64;
        while let Some(node) = self.look_at.pop() {
            while let Some(gain) = self.uncross(node) {
                change = change.wrapping_sub(gain);
            }
        }
        change
    }

    /// Replaces an edge of this node by one to a near node, if that makes the tour shorter. Gives the gain.
    fn uncross(&mut self, a: u32) -> Option<u64> {
        let map = self.map;
        for forward in [true, false] {
            let beside = |search: &Self, node| if forward { search.next(node) } else { search.previous(node) };
            let b = beside(self, a);
            let edge = map.distance(a, b);
            for &c in map.near(a) {
                let new = map.distance(a, c);
                if new >= edge {
                    break;
                }
                let d = beside(self, c);
                let (before, after) = (edge + map.distance(c, d), new + map.distance(b, d));
                if after < before {
                    // a→b and c→d become a→c and b→d: what lies between b and c turns round.
                    let (from, to) = if forward { (b, c) } else { (c, b) };
                    self.reverse(from, to);
                    self.look_at.extend([a, b, c, d]);
                    return Some(before - after);
                }
            }
        }
        None
    }

    /// Turns the way from one node on to another round; or the rest, which is the same tour.
    fn reverse(&mut self, from: u32, to: u32) {
        let n = self.order.len();
        let (mut left, mut right) = (self.place[from as usize], self.place[to as usize]);
        let mut count = (right + n - left) % n + 1;
        if count * 2 > n {
            (left, right) = ((right + 1) % n, (left + n - 1) % n);
            count = n - count;
        }
        for _ in 0..count / 2 {
            self.order.swap(left, right);
            self.place[self.order[left] as usize] = left;
            self.place[self.order[right] as usize] = right;
            left = if left + 1 == n { 0 } else { left + 1 };
            right = if right == 0 { n - 1 } else { right - 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(points: &[(u16, u16)]) -> Map {
        let nodes: String = points.iter().enumerate().map(|(n, (x, y))| format!("{} {x} {y}\n", n + 1)).collect();
        let head = format!("NAME: random\nTYPE: TSP\nDIMENSION: {}\nEDGE_WEIGHT_TYPE: EUC_2D\n", points.len());
        Map::parse(&format!("{head}NODE_COORD_SECTION\n{nodes}EOF\n")).unwrap()
    }

    /// The shortest of all tours that begin with node 0.
    fn shortest(map: &Map, order: &mut Vec<u32>, left: &mut Vec<u32>) -> u64 {
        if left.is_empty() {
            return map.length(order);
        }
        let mut best = u64::MAX;
        for place in 0..left.len() {
            let node = left.swap_remove(place);
            order.push(node);
            best = best.min(shortest(map, order, left));
            order.pop();
            left.push(node);
            let last = left.len() - 1;
            left.swap(place, last);
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_search_gives_a_tour_that_is_never_longer_and_the_same_for_a_seed(
            points in proptest::collection::vec((0..2000_u16, 0..2000_u16), 3..60),
            seed: u64,
        ) {
            let map = map(&points);
            let start = nearest_neighbours(&map);
            prop_assert!(map.is_tour(&start));
            let found = improve(&map, start.clone(), 200, seed, || false).unwrap();
            prop_assert!(map.is_tour(&found));
            prop_assert!(map.length(&found) <= map.length(&start));
            prop_assert_eq!(improve(&map, start, 200, seed, || false).unwrap(), found);
        }

        #[test]
        fn of_a_few_nodes_it_finds_the_shortest_tour(
            points in proptest::collection::vec((0..2000_u16, 0..2000_u16), 3..8),
        ) {
            let map = map(&points);
            let found = improve(&map, nearest_neighbours(&map), 2_000, 7, || false).unwrap();
            let mut left: Vec<u32> = (1..map.len() as u32).collect();
            prop_assert_eq!(map.length(&found), shortest(&map, &mut vec![0], &mut left));
        }
    }

    #[test]
    fn a_search_that_nobody_wants_ends() {
        let map = map(&[(0, 0), (5, 5), (5, 0), (0, 5)]);
        assert_eq!(improve(&map, nearest_neighbours(&map), u32::MAX, 1, || true), None);
    }
}
