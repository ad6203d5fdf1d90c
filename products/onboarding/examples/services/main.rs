//! The three services of `onboarding` on this machine, to try the product with:
//!
//!     cargo run -p onboarding --example services
//!
//! It prints the settings that lead a worker to it, and then each thing that it made. Ctrl-C ends it.
// It is a program for a terminal.
#![allow(clippy::print_stdout)]

mod service;

use service::Services;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), std::io::Error> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8090".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| {
        let text = format!("{address} cannot be listened on ({error}): give another as the argument, as HOST:PORT");
        std::io::Error::new(error.kind(), text)
    })?;
    for (setting, value) in service::settings(listener.local_addr()?) {
        println!("export {setting}={value}");
    }
    let (services, mut made) = Services::new();
    let told = async {
        while let Some(made) = made.recv().await {
            println!("made {made}");
        }
    };
    tokio::select! {
        ended = axum::serve(listener, services.router()) => ended,
        () = told => Ok(()),
        ended = tokio::signal::ctrl_c() => ended,
    }
}
