use mainspring_vocabulary::Failure;

#[derive(Failure)]
enum WithoutAttribute {
    CardDeclined,
}

#[derive(Failure)]
enum WithoutClass {
    #[failure(message = "the card was declined")]
    CardDeclined,
}

#[derive(Failure)]
enum BothClasses {
    #[failure(terminal, retryable, message = "the card was declined")]
    CardDeclined,
}

#[derive(Failure)]
enum WithoutMessage {
    #[failure(terminal)]
    CardDeclined,
}

#[derive(Failure)]
enum UnknownWord {
    #[failure(terminal, mesage = "the card was declined")]
    CardDeclined,
}

#[derive(Failure)]
enum TerminalWithDelay {
    #[failure(terminal, message = "the card was declined", next_delay = "30s")]
    CardDeclined,
}

#[derive(Failure)]
enum DelayWithoutUnit {
    #[failure(retryable, message = "the bank is busy", next_delay = "soon")]
    BankBusy,
}

#[derive(Failure)]
#[failure(retryable, message = "the bank is busy")]
enum OfTheWhole {
    #[failure(retryable, message = "the bank is busy")]
    BankBusy,
}

#[derive(Failure)]
#[failure(retryable, message = "the bank is busy")]
struct Generic<T>(T);

fn main() {}
