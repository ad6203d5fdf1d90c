//! Revenue reports on real databases, by hand and by their schedule.

mod days;
mod scheduled;
mod shop;

type Outcome = Result<(), mainspring_testing::TestError>;
