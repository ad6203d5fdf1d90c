//! What a real PostgreSQL says, and what is made of it.

use std::time::Duration;

use mainspring_outbox::outlook;
use mainspring_outbox::sqlx::postgres::PgPoolOptions;
use mainspring_outbox::sqlx::{Connection, Error, PgConnection, PgPool, query, query_scalar};
use mainspring_servers::Postgres as Server;
use mainspring_vocabulary::outside::Outlook;

const BUSY: Outlook = Outlook::Busy { after: None };

async fn said(pool: &PgPool, statement: &'static str) -> (String, Outlook) {
    let error = query(statement).execute(pool).await.unwrap_err();
    (code(&error), outlook(&error))
}

fn code(error: &Error) -> String {
    error.as_database_error().and_then(|database| database.code()).unwrap_or_default().into_owned()
}

#[tokio::test]
async fn a_constraint_a_name_and_a_value_that_do_not_fit_are_refused() {
    let pool = super::database().await.pool;
    query("CREATE TABLE accounts (id int PRIMARY KEY, balance int CHECK (balance >= 0))").execute(&pool).await.unwrap();
    query("INSERT INTO accounts VALUES (1, 5)").execute(&pool).await.unwrap();
    for (statement, expected) in [
        ("INSERT INTO accounts VALUES (1, 5)", "23505"),
        ("UPDATE accounts SET balance = -1", "23514"),
        ("INSERT INTO accounts VALUES (NULL, 5)", "23502"),
        ("SELECT * FROM nowhere", "42P01"),
        ("SELEC 1", "42601"),
        ("SELECT 'x'::int", "22P02"),
        ("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$", "P0001"),
    ] {
        assert_eq!(said(&pool, statement).await, (expected.to_owned(), Outlook::Refused), "{statement}");
    }
    let none = query_scalar::<_, i32>("SELECT id FROM accounts WHERE id = 2").fetch_one(&pool).await.unwrap_err();
    assert_eq!(outlook(&none), Outlook::Refused, "{none}");
}

#[tokio::test]
async fn whoever_may_not_is_denied() {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(super::database().await.pool.connect_options().as_ref().clone());
    let pool = pool.await.unwrap();
    let role = format!("outlook_{}", std::process::id());
    query(&format!("CREATE ROLE {role}")).execute(&pool).await.unwrap();
    query("CREATE TABLE secrets (id int)").execute(&pool).await.unwrap();
    query(&format!("SET ROLE {role}")).execute(&pool).await.unwrap();
    assert_eq!(said(&pool, "SELECT * FROM secrets").await, ("42501".to_owned(), Outlook::Denied));
    let stranger = pool.connect_options().as_ref().clone().username("nobody_of_that_name");
    let error = PgPoolOptions::new().connect_with(stranger).await.unwrap_err();
    assert_eq!((code(&error).as_str(), outlook(&error)), ("28000", Outlook::Denied), "{error}");
}

#[tokio::test]
async fn a_lock_a_timeout_and_a_conflict_are_tried_again() {
    let pool = super::database().await.pool;
    query("CREATE TABLE counters (id int, n int)").execute(&pool).await.unwrap();
    query("INSERT INTO counters VALUES (1, 0), (2, 0)").execute(&pool).await.unwrap();
    let mut holder = pool.begin().await.unwrap();
    query("UPDATE counters SET n = 1").execute(&mut *holder).await.unwrap();

    let locked = "SELECT * FROM counters FOR UPDATE NOWAIT";
    assert_eq!(said(&pool, locked).await, ("55P03".to_owned(), BUSY));
    let mut hurried = pool.acquire().await.unwrap();
    query("SET statement_timeout = '50ms'").execute(&mut *hurried).await.unwrap();
    let late = query("UPDATE counters SET n = 2").execute(&mut *hurried).await.unwrap_err();
    assert_eq!((code(&late).as_str(), outlook(&late)), ("57014", BUSY));

    let mut behind = pool.begin().await.unwrap();
    query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").execute(&mut *behind).await.unwrap();
    query("SELECT n FROM counters").fetch_all(&mut *behind).await.unwrap();
    holder.commit().await.unwrap();
    let conflict = query("UPDATE counters SET n = n + 1").execute(&mut *behind).await.unwrap_err();
    assert_eq!((code(&conflict).as_str(), outlook(&conflict)), ("40001", BUSY));
}

#[tokio::test]
async fn a_connection_that_is_lost_may_come_back() {
    let mut server = Server::builder().start().await.unwrap();
    let url = server.database("outlook").await.unwrap();
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(5)).connect(&url).await.unwrap();
    let mut victim = PgConnection::connect(&url).await.unwrap();
    let pid: i32 = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut victim).await.unwrap();
    let killed: bool = query_scalar("SELECT pg_terminate_backend($1, 5000)").bind(pid).fetch_one(&pool).await.unwrap();
    assert!(killed);
    let lost = query("SELECT 1").execute(&mut victim).await.unwrap_err();
    // The server's last words, unless the connection went before them.
    assert!(["57P01", ""].contains(&code(&lost).as_str()), "{lost}");
    assert_eq!(outlook(&lost), Outlook::Unreachable, "{lost}");

    let wrong = url.replace("outlook", "nowhere");
    let error = PgConnection::connect(&wrong).await.unwrap_err();
    assert_eq!((code(&error).as_str(), outlook(&error)), ("3D000", Outlook::Refused), "{error}");

    server.stop().await;
    let gone = PgConnection::connect(&url).await.unwrap_err();
    assert_eq!(outlook(&gone), Outlook::Unreachable, "{gone}");
    let pooled = query("SELECT 1").execute(&pool).await.unwrap_err();
    assert!(outlook(&pooled).retryable(), "{pooled}");
}
