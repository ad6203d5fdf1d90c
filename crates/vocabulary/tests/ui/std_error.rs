//! Invariant 8: the SDK's blanket `From` would take a std error first, and forget its type and class.

use mainspring_vocabulary::Failure;

#[derive(Debug, Failure)]
enum ByHand {
    #[failure(terminal, message = "the card was declined")]
    CardDeclined,
}

impl std::error::Error for ByHand {}

fn main() {}
