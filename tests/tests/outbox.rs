//! The outbox while its processes are killed: every committed intent runs once, none that was not committed, and an effect
//! is done once.

use std::time::{Duration, Instant};

use mainspring_outbox::Outbox;
use mainspring_outbox::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use mainspring_outbox::sqlx::{PgPool, Postgres, Sqlite, SqlitePool, query, query_as, query_scalar};
use mainspring_testing::{Env, Process, TestError, Workflows, postgres};
use temporalio_client::WorkflowCountOptions;

type Outcome = Result<(), TestError>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lab-outbox");
const KILLS: usize = 24;
/// More kills may follow for so long, where those have not hit enough.
const LONGEST_FIRE: Duration = Duration::from_secs(120);
/// So many kills in a row may spare a process: one that is spared for long does all its work, and ends by itself.
const SPARED: usize = 2;

/// The processes under fire.
struct Range {
    env: Env,
    queue: String,
    database: String,
    /// A test repeats with its seed as far as the machine lets it.
    seed: u64,
}

impl Range {
    async fn new(database: String) -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let seed =
            std::env::var("LAB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
        Ok(Self { queue: env.queue("outbox"), env, database, seed })
    }

    fn spawn(&self, role: &str) -> Result<Process, TestError> {
        let settings = [
            ("TEMPORAL_ADDRESS", self.env.address()),
            ("LAB_ROLE", role),
            ("LAB_DATABASE", &self.database),
            ("LAB_QUEUE", &self.queue),
        ];
        Process::spawn(PROGRAM, &[], settings)
    }

    /// Kills one after the other at random moments, each followed by another of its role. `look` runs after each kill, before
    /// the next of that role, and says whether enough is hit.
    async fn fire(
        &self,
        roles: &[(&'static str, &'static str)],
        mut look: impl AsyncFnMut(&'static str) -> Result<bool, TestError>,
    ) -> Result<(), TestError> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut running = Vec::new();
        for (role, _) in roles {
            running.push(self.spawn(role)?);
        }
        let mut spared = vec![0; roles.len()];
        let (from, mut kills, mut is_enough) = (Instant::now(), 0, false);
        while kills < KILLS || (!is_enough && from.elapsed() < LONGEST_FIRE) {
            kills += 1;
            let overdue = spared.iter().position(|kills| *kills >= SPARED);
            let one = overdue.unwrap_or_else(|| random.usize(..roles.len()));
            for kills in &mut spared {
                *kills += 1;
            }
            spared[one] = 0;
            let (role, at_work) = roles[one];
            let process = &mut running[one];
            process.line(at_work).await?;
            // sleep: the moment of the kill is what is random
            tokio::time::sleep(Duration::from_millis(random.u64(..250))).await;
            let killed = running.swap_remove(one).kill9().await?;
            // One that has left by itself was not hit.
            assert_eq!(killed.code, 137, "seed {}: {role} was to be killed at work: {:?}", self.seed, killed.lines);
            is_enough = look(role).await?;
            running.push(self.spawn(role)?);
            let last = running.len() - 1;
            running.swap(one, last);
        }
        for process in running {
            process.kill9().await?;
        }
        Ok(())
    }
}

/// What is the same for both databases.
macro_rules! suite {
    ($name:ident, $database:ty, $pool:ty, $open:path) => {
        mod $name {
            use super::*;

            async fn tables(pool: &$pool) -> Result<Outbox<$database>, TestError> {
                query("CREATE TABLE orders (id TEXT PRIMARY KEY)").execute(pool).await?;
                query("CREATE TABLE ledger (number BIGINT)").execute(pool).await?;
                let outbox = Outbox::new(pool.clone());
                outbox.migrate().await?;
                Ok(outbox)
            }

            pub(super) async fn intents() -> Outcome {
                let (database, pool, _folder) = $open().await?;
                let outbox = tables(&pool).await?;
                let range = Range::new(database).await?;
                // A row whose time was moved is claimed: what a relay had in hand when it was killed stays so for 30 s.
                let claimed = "SELECT COUNT(*) FROM mainspring_starts WHERE due_at > written_at";
                let (mut claims, mut kills, mut hits) = (0, [0, 0], 0);
                let look = async |role: &'static str| {
                    let now: i64 = query_scalar(claimed).fetch_one(&pool).await?;
                    let orders: i64 = query_scalar("SELECT COUNT(*) FROM orders").fetch_one(&pool).await?;
                    kills[usize::from(role == "relay")] += 1;
                    hits += u32::from(role == "relay" && now > claims);
                    claims = now;
                    Ok(kills[0] > 0 && hits > 0 && orders > 50)
                };
                range.fire(&[("app", "took an order"), ("relay", "relaying")], look).await?;
                let orders: Vec<String> = query_scalar("SELECT id FROM orders").fetch_all(&pool).await?;
                let left = outbox.backlog().await?;
                // What the last relays had claimed comes due again when their claims run out.
                let last = range.spawn("relay")?;
                let mut looks = tokio::time::interval(Duration::from_millis(200));
                let waiting = async {
                    while outbox.backlog().await?.waiting > 0 {
                        looks.tick().await;
                    }
                    Ok::<_, TestError>(())
                };
                tokio::time::timeout(Duration::from_secs(90), waiting).await??;
                last.kill9().await?;
                let client = range.env.client().await?;
                let listed = format!("TaskQueue = '{}'", range.queue);
                let count = async || -> Result<usize, TestError> {
                    Ok(client.count_workflows(listed.as_str(), WorkflowCountOptions::default()).await?.count())
                };
                let indexed = async {
                    while count().await? < orders.len() {
                        looks.tick().await;
                    }
                    Ok::<_, TestError>(())
                };
                tokio::time::timeout(Duration::from_secs(60), indexed).await??;
                let seed = range.seed;
                eprintln!(
                    "seed {seed}: {} kills of the application, {} of the relay, {hits} of these with rows in hand; {} orders \
                     committed, {} of them not started when the fire ended",
                    kills[0],
                    kills[1],
                    orders.len(),
                    left.waiting
                );
                assert!(kills[0] > 0 && hits > 0, "seed {seed}: nothing was hit");
                assert!(orders.len() > 50, "seed {seed}: the application hardly ran: {} orders", orders.len());
                for order in &orders {
                    client.workflow(order).describe(Default::default()).await?;
                }
                // Each has one, so as many runs as orders are one run each, and none without an order.
                assert_eq!(count().await?, orders.len(), "seed {seed}");
                assert_eq!(outbox.backlog().await?.set_aside, 0, "seed {seed}");
                Ok(())
            }

            pub(super) async fn effects() -> Outcome {
                let (database, pool, _folder) = $open().await?;
                tables(&pool).await?;
                let range = Range::new(database).await?;
                range.fire(&[("once", "booked 1."), ("once", "booked 2.")], async |_role| Ok(true)).await?;
                let midway: i64 = query_scalar("SELECT COUNT(*) FROM ledger").fetch_one(&pool).await?;
                let mut last = range.spawn("once")?;
                for number in 0..3000 {
                    last.line(&format!("booked {number}.")).await?;
                }
                last.line("all is booked").await?;
                let booked: Vec<(i64, i64)> =
                    query_as("SELECT number, COUNT(*) FROM ledger GROUP BY number ORDER BY number")
                        .fetch_all(&pool)
                        .await?;
                let seed = range.seed;
                eprintln!("seed {seed}: {KILLS} kills, {midway} of 3000 booked when the fire ended");
                let wanted: Vec<(i64, i64)> = (0..3000).map(|number| (number, 1)).collect();
                assert!((3..3000).contains(&midway), "seed {seed}: the kills hit no work");
                assert_eq!(booked, wanted, "seed {seed}");
                Ok(())
            }
        }
    };
}

mod on_postgres {
    use super::*;

    pub(super) async fn open() -> Result<(String, PgPool, ()), TestError> {
        let url = postgres().await?.database("outbox").await?;
        Ok((url.clone(), PgPool::connect(&url).await?, ()))
    }
}

mod on_sqlite {
    use super::*;

    pub(super) async fn open() -> Result<(String, SqlitePool, tempfile::TempDir), TestError> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("app.db");
        let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).busy_timeout(Duration::from_secs(30));
        Ok((format!("sqlite:{}", file.display()), SqlitePool::connect_with(options).await?, folder))
    }
}

suite!(in_postgres, Postgres, PgPool, on_postgres::open);
suite!(in_sqlite, Sqlite, SqlitePool, on_sqlite::open);

#[tokio::test]
async fn every_committed_intent_runs_once_and_no_other_over_kills_on_postgres() -> Outcome {
    in_postgres::intents().await
}

#[tokio::test]
async fn every_committed_intent_runs_once_and_no_other_over_kills_on_sqlite() -> Outcome {
    in_sqlite::intents().await
}

#[tokio::test]
async fn an_effect_is_done_once_over_kills_on_postgres() -> Outcome {
    in_postgres::effects().await
}

#[tokio::test]
async fn an_effect_is_done_once_over_kills_on_sqlite() -> Outcome {
    in_sqlite::effects().await
}
