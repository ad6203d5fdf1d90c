use mainspring_vocabulary::Failure;

#[derive(Failure)]
enum MissingField {
    #[failure(terminal, message = "card {last5} was declined")]
    CardDeclined { last4: String, bank: String },
}

#[derive(Failure)]
enum MissingIndex {
    #[failure(terminal, message = "card {1} was declined")]
    CardDeclined(String),
}

#[derive(Failure)]
enum NoFieldAtAll {
    #[failure(terminal, message = "card {} was declined")]
    CardDeclined,
}

#[derive(Failure)]
enum TwoSources {
    #[failure(terminal, message = "two")]
    Two(#[source] std::io::Error, #[source] std::io::Error),
}

fn main() {}
