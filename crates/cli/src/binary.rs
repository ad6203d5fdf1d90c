//! What the worker of a task queue is called: one rule for `new product`, which writes it, and for the chart's values, which
//! name it.

/// How worker binaries end: that of `orders`, or of `orders-task-queue`, is `orders-worker`.
pub(crate) const WORKER: &str = "-worker";
const TASK_QUEUE: &str = "-task-queue";
/// Characters of a worker binary's name; Kubernetes and the worker controller make longer names of it.
pub(crate) const LONGEST: usize = 47;

/// The worker of a queue, which is its folder and its name in the chart too: called after the queue; after the first product,
/// where no crate or Kubernetes could bear the queue's name.
pub(crate) fn worker<'a>(queue: &'a str, first_product: &'a str) -> &'a str {
    let stem = queue.strip_suffix(TASK_QUEUE).unwrap_or(queue);
    let letters = stem.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    let begins = stem.starts_with(|letter: char| letter.is_ascii_lowercase());
    let fits = letters && begins && !stem.ends_with('-') && stem.len() + WORKER.len() <= LONGEST;
    if fits { stem } else { first_product }
}

/// The worker binary of a queue.
pub(crate) fn of_queue(queue: &str, first_product: &str) -> String {
    format!("{}{WORKER}", worker(queue, first_product))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_called_after_its_queue_or_after_its_first_product() {
        for (queue, binary) in [
            ("orders-task-queue", "orders-worker"),
            ("warehouse", "warehouse-worker"),
            ("General_Purpose.1", "stock-worker"),
            ("2nd", "stock-worker"),
            ("-task-queue", "stock-worker"),
            ("orders-", "stock-worker"),
        ] {
            assert_eq!(of_queue(queue, "stock"), binary);
        }
        let longest = "q".repeat(40);
        assert_eq!(of_queue(&longest, "stock").len(), LONGEST);
        assert_eq!(of_queue(&format!("{longest}q"), "stock"), "stock-worker");
    }
}
