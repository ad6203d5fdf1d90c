//! Makes the tables of `analytics`, and payments of the last ten days to try it with.
//!
//!     cargo run -p analytics --example payments -- sqlite:analytics.db
#![allow(clippy::print_stdout)]

use std::str::FromStr;

use jiff::{Timestamp, ToSpan};
use sqlx::Executor;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Payments an hour.
const EACH_HOUR: i64 = 3;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite:analytics.db".to_owned());
    let begin = Timestamp::now().checked_sub((240).hours())?;
    let rows: Vec<String> = (0..240 * EACH_HOUR)
        .map(|n| {
            let at = begin.checked_add((n * 3600 / EACH_HOUR).seconds()).unwrap_or(begin);
            format!("('{}', {})", at.strftime("%Y-%m-%dT%H:%M:%SZ"), 500 + n * 37 % 9000)
        })
        .collect();
    let insert = format!("INSERT INTO payments (paid_at, cents) VALUES {}", rows.join(", "));
    if url.starts_with("sqlite:") {
        let pool = SqlitePool::connect_with(SqliteConnectOptions::from_str(&url)?.create_if_missing(true)).await?;
        pool.execute(include_str!("../schema/sqlite.sql")).await?;
        pool.execute(insert.as_str()).await?;
    } else {
        let pool = sqlx::PgPool::connect(&url).await?;
        pool.execute(include_str!("../schema/postgres.sql")).await?;
        pool.execute(insert.as_str()).await?;
    }
    println!("{} payments are there", rows.len());
    Ok(())
}
