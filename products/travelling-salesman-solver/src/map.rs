//! An instance: its nodes, their distances, and the nearest of each.

use std::io::Cursor;

use tsplib::{EdgeWeightType, NodeCoord};

/// Beyond this the best tour would not fit into a heartbeat with room to spare.
const MOST_NODES: usize = 10_000;
/// How many neighbours a change looks at; more find little.
const NEIGHBOURS: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Metric {
    Rounded,
    Ceiling,
    PseudoEuclidean,
}

/// Nodes are named by their places, from 0.
#[derive(Debug)]
pub(crate) struct Map {
    name: String,
    ids: Vec<u64>,
    points: Vec<(f64, f64)>,
    metric: Metric,
    near: Vec<Vec<u32>>,
}

impl Map {
    /// The error says what is wrong, and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // The parser makes room for as many nodes as are announced.
        let lines = text.lines().count();
        let announced = text.lines().filter_map(|line| line.split_once(':'));
        let announced =
            announced.filter(|(key, _)| key.trim() == "DIMENSION").filter_map(|(_, value)| value.trim().parse().ok());
        if let Some(announced) = announced.max().filter(|announced: &usize| *announced > lines) {
            return Err(format!("DIMENSION is {announced}, and there are only {lines} lines: each node has one"));
        }
        let instance = tsplib::parse(Cursor::new(text)).map_err(|error| format!("it is no TSPLIB file: {error}"))?;
        let metric = match instance.edge_weight_type {
            Some(EdgeWeightType::Euc2d) => Metric::Rounded,
            Some(EdgeWeightType::Ceil2d) => Metric::Ceiling,
            Some(EdgeWeightType::Att) => Metric::PseudoEuclidean,
            Some(other) => {
                return Err(format!("its EDGE_WEIGHT_TYPE {other:?} is not supported: take EUC_2D, CEIL_2D or ATT"));
            }
            None => return Err("it has no EDGE_WEIGHT_TYPE: EUC_2D, CEIL_2D or ATT".to_owned()),
        };
        let Some(NodeCoord::Two(nodes)) = instance.node_coord.filter(|_| instance.dimension > 0) else {
            return Err("it has no nodes: they come after NODE_COORD_SECTION, a line each: 1 37.5 52.0".to_owned());
        };
        if !(3..=MOST_NODES).contains(&nodes.len()) {
            return Err(format!("it has {} nodes: at least 3, at most {MOST_NODES} can be solved", nodes.len()));
        }
        if let Some((id, ..)) = nodes.iter().find(|(_, x, y)| !x.is_finite() || !y.is_finite()) {
            return Err(format!("node {id} lies nowhere: both coordinates have to be numbers"));
        }
        let points = nodes.iter().map(|&(_, x, y)| (f64::from(x), f64::from(y))).collect();
        let ids = nodes.iter().map(|&(id, ..)| id as u64).collect();
        let mut map = Self { name: instance.name, ids, points, metric, near: Vec::new() };
        map.near = (0..map.len()).map(|node| map.nearest(node)).collect();
        Ok(map)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn len(&self) -> usize {
        self.points.len()
    }

    /// The number that the instance gives a node.
    pub(crate) fn id(&self, node: u32) -> u64 {
        self.ids[node as usize]
    }

    /// The nearest nodes of one, nearest first.
    pub(crate) fn near(&self, node: u32) -> &[u32] {
        &self.near[node as usize]
    }

    /// As TSPLIB has them, in whole numbers.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite, and never below 0")]
    pub(crate) fn distance(&self, a: u32, b: u32) -> u64 {
        let ((ax, ay), (bx, by)) = (self.points[a as usize], self.points[b as usize]);
        let (dx, dy) = (ax - bx, ay - by);
        let squares = dx.mul_add(dx, dy * dy);
        match self.metric {
            Metric::Rounded => squares.sqrt().round() as u64,
            Metric::Ceiling => squares.sqrt().ceil() as u64,
            // Rounded to nearest, and up if that fell short.
            Metric::PseudoEuclidean => (squares / 10.0).sqrt().ceil() as u64,
        }
    }

    /// The length of a closed tour.
    pub(crate) fn length(&self, order: &[u32]) -> u64 {
        let edges = order.iter().zip(order.iter().cycle().skip(1));
        edges.map(|(&a, &b)| self.distance(a, b)).sum()
    }

    /// Whether each node is there once.
    pub(crate) fn is_tour(&self, order: &[u32]) -> bool {
        let mut seen = vec![false; self.len()];
        let all_new =
            order.iter().all(|&node| seen.get_mut(node as usize).is_some_and(|seen| !std::mem::replace(seen, true)));
        all_new && order.len() == self.len()
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are at most MOST_NODES")]
    fn nearest(&self, node: usize) -> Vec<u32> {
        let mut others: Vec<u32> = (0..self.len()).filter(|&other| other != node).map(|other| other as u32).collect();
        let distance = |other: &u32| (self.distance(node as u32, *other), *other);
        let count = NEIGHBOURS.min(others.len());
        others.select_nth_unstable_by_key(count - 1, distance);
        others.truncate(count);
        others.sort_unstable_by_key(distance);
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(head: &str, nodes: &str) -> String {
        format!("NAME: little\nTYPE: TSP\n{head}NODE_COORD_SECTION\n{nodes}EOF\n")
    }

    #[test]
    fn distances_are_rounded_as_the_instance_says() {
        let of = |metric: &str| {
            let text = instance(&format!("DIMENSION: 3\nEDGE_WEIGHT_TYPE: {metric}\n"), "1 0 0\n2 1 1\n3 10 0\n");
            let map = Map::parse(&text).unwrap();
            (map.distance(0, 1), map.distance(0, 2), map.length(&[0, 1, 2]))
        };
        assert_eq!(of("EUC_2D"), (1, 10, 20));
        assert_eq!(of("CEIL_2D"), (2, 10, 22));
        assert_eq!(of("ATT"), (1, 4, 8));
    }

    #[test]
    fn what_cannot_be_solved_says_why() {
        let said = |text: &str| Map::parse(text).unwrap_err();
        let three = "1 0 0\n2 1 1\n3 10 0\n";
        assert!(said("hello").starts_with("it is no TSPLIB file: invalid keyword: hello"), "{}", said("hello"));
        let far = instance("DIMENSION: 99999999999\nEDGE_WEIGHT_TYPE: EUC_2D\n", three);
        assert_eq!(said(&far), "DIMENSION is 99999999999, and there are only 9 lines: each node has one");
        let geo = instance("DIMENSION: 3\nEDGE_WEIGHT_TYPE: GEO\n", three);
        assert_eq!(said(&geo), "its EDGE_WEIGHT_TYPE Geo is not supported: take EUC_2D, CEIL_2D or ATT");
        let two = instance("DIMENSION: 2\nEDGE_WEIGHT_TYPE: EUC_2D\n", "1 0 0\n2 1 1\n");
        assert_eq!(said(&two), "it has 2 nodes: at least 3, at most 10000 can be solved");
        let nan = instance("DIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\n", "1 0 0\n2 nan 1\n3 10 0\n");
        assert_eq!(said(&nan), "node 2 lies nowhere: both coordinates have to be numbers");
        let none = said("NAME: x\nDIMENSION: 0\nEDGE_WEIGHT_TYPE: EUC_2D\n");
        assert!(none.starts_with("it has no nodes: "), "{none}");
        assert!(said("NAME: x\n").starts_with("it has no EDGE_WEIGHT_TYPE: "));
    }
}
