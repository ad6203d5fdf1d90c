//! Means with their intervals, percentiles and slopes.

/// Student's t for 95 % and 1 to 30 degrees of freedom.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// The mean, and half of its 95 % interval. One value alone has no interval: it is infinite.
#[allow(clippy::cast_precision_loss)]
pub fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, f64::INFINITY);
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let t = T.get(values.len() - 2).copied().unwrap_or(1.96);
    (mean, t * (variance / n).sqrt())
}

/// The value below which that share of the values lies; the nearest one that was seen.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len().max(1));
    values.get(place - 1).copied().unwrap_or(f64::NAN)
}

/// How much `y` grows for each `x`, by least squares.
#[allow(clippy::cast_precision_loss)]
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let above: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    above / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// Whether a budget is kept: it is missed only when even the lower end of the interval is above it.
pub fn verdict(mean: f64, half: f64, budget: f64) -> &'static str {
    if mean - half > budget { "MISSED" } else { "kept" }
}

/// The version of a package in this workspace's lock file.
pub fn locked(package: &str) -> &'static str {
    let lock = include_str!("../../Cargo.lock");
    let name = format!("name = \"{package}\"\nversion = \"");
    let version = lock.split_once(&name).map(|(_, rest)| rest.split('"').next().unwrap_or_default());
    version.unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_a_textbook() {
        let (mean, half) = interval(&[1.0, 2.0, 3.0, 4.0]);
        // Standard deviation 1.29099, standard error 0.645497, t(3) 3.182.
        assert!((mean - 2.5).abs() < 1e-9 && (half - 2.054).abs() < 1e-3, "{mean} {half}");
        assert!(interval(&[1.0]).1.is_infinite());
        assert!((slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) - 2.0).abs() < 1e-9);
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert!((percentile(&mut values, 0.99) - 99.0).abs() < 1e-9);
        assert!((percentile(&mut values, 0.5) - 50.0).abs() < 1e-9);
        assert_eq!(verdict(1.05, 0.03, 1.03), "kept");
        assert_eq!(verdict(1.05, 0.01, 1.03), "MISSED");
        assert_ne!(locked("temporalio-sdk"), "unknown");
    }
}
