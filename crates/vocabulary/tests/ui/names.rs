use mainspring_vocabulary::Failure;

#[derive(Failure)]
enum OneNameTwice {
    #[failure(terminal, message = "the card was declined")]
    CardDeclined,
    #[failure(terminal, message = "the card was stolen", type_name = "CardDeclined")]
    CardStolen,
}

#[derive(Failure)]
enum NameOfOurs {
    #[failure(terminal, message = "the bank panicked")]
    Panic,
}

#[derive(Failure)]
#[failure(terminal, message = "nameless", type_name = "")]
struct Nameless;

#[derive(Failure)]
enum Shouted {
    #[failure(terminal, message = "no disk")]
    IO,
}

fn main() {}
