//! `travelling-salesman` on a real server, and its activity alone.

use std::time::{Duration, Instant};

use mainspring_testing::{ActivityRun, Env, NotDone, TestError, run_twice};
use temporalio_sdk::activities::ExecutableActivity;
use travelling_salesman_solver::activities::{Found, Solver};
use travelling_salesman_solver::product;
use travelling_salesman_solver_contract::{
    Activities, BestLength, GetBestLength, SolveInput, Tour, TravellingSalesman,
};

type Outcome = Result<(), TestError>;

/// The best there is, proven: <http://comopt.ifi.uni-heidelberg.de/software/TSPLIB95/STSP.html>.
const OPTIMUM: u64 = 7542;

fn berlin(rounds: u32) -> SolveInput {
    SolveInput { rounds, tries_per_round: 500, ..SolveInput::new(include_str!("berlin52.tsp")) }
}

fn alone(
    input: SolveInput,
) -> ActivityRun<impl ExecutableActivity<Implementer = Solver, Input = SolveInput, Output = Tour>> {
    ActivityRun::new(Solver::improve_tour, input).heartbeat_timeout(Duration::from_secs(10))
}

fn is_whole(tour: &Tour) -> bool {
    let mut nodes = tour.nodes.clone();
    nodes.sort_unstable();
    nodes.into_iter().eq(1..=52)
}

#[tokio::test]
async fn a_tour_of_known_optimum_is_within_five_percent_and_its_length_can_be_asked() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).start().await?;
    let run = worker.start::<TravellingSalesman>(berlin(10)).await?;
    let tour = run.result().await?;
    assert!((OPTIMUM..=OPTIMUM * 105 / 100).contains(&tour.length), "{}", tour.length);
    assert!(is_whole(&tour), "{:?}", tour.nodes);
    assert_eq!((tour.name.as_str(), tour.rounds), ("berlin52", 10));
    assert_eq!(run.query(GetBestLength, ()).await?, Some(BestLength { length: tour.length, round: 10 }));
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn the_workflow_is_told_once_in_ten_seconds_and_keeps_the_shortest() -> Outcome {
    let env = Env::shared().await?;
    let (tell, told) = tokio::sync::watch::channel(false);
    let solve = move |_| {
        let mut told = told.clone();
        async move {
            let _ = told.wait_for(|told| *told).await;
            Ok(Tour { name: "mocked".to_owned(), length: 90, nodes: vec![1, 2, 3], rounds: 3 })
        }
    };
    let worker = env.worker([product()]).mock(Activities::improve_tour, solve).start().await?;
    let run = worker.start::<TravellingSalesman>(berlin(3)).await?;
    assert_eq!(run.query(GetBestLength, ()).await?, None);
    for (length, round) in [(100, 1), (120, 2)] {
        run.signal(travelling_salesman_solver_contract::BetterTour, BestLength { length, round }).await?;
    }
    // Each query sees the signals that came before it.
    assert_eq!(run.query(GetBestLength, ()).await?, Some(BestLength { length: 100, round: 1 }));
    tell.send_replace(true);
    assert_eq!(run.result().await?.length, 90);
    worker.stop().await?;

    let worker = env.worker([product()]).start().await?;
    let begun = Instant::now();
    let run = worker.start::<TravellingSalesman>(berlin(30)).await?;
    run.result().await?;
    let took = begun.elapsed();
    let client = env.client().await?;
    let signals = mainspring_testing::Workflows::workflow(&client, run.workflow_id()).fetch_history(Default::default());
    let signals = signals.into_events().await?;
    let signals = signals.iter().filter(|event| format!("{:?}", event.event_type()) == "WorkflowExecutionSignaled");
    // A search of less than ten seconds tells once.
    let most = 1 + took.as_secs() / 10;
    let told = signals.count() as u64;
    assert!((1..=most).contains(&told), "it told {told} times in {took:?}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn an_invalid_instance_fails_once_and_says_why() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).start().await?;
    let error = worker.execute::<TravellingSalesman>(SolveInput::new("NAME: x\n")).await.unwrap_err();
    let failure = error.failure().ok_or("it has a failure")?;
    assert_eq!(failure.type_name(), Some("InvalidInstance"), "{error}");
    assert!(error.to_string().contains("the instance cannot be solved: it has no EDGE_WEIGHT_TYPE"), "{error}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn an_attempt_goes_on_where_the_one_before_it_was_and_finds_the_same_tour() -> Outcome {
    let whole = alone(berlin(6)).on(Solver).await;
    let last = whole.progress_as::<Found>().pop().ok_or("it beats")?;
    let whole = whole.result?;
    assert_eq!(last.round, 6);

    let half = alone(berlin(3)).on(Solver).await;
    let half = half.progress_as::<Found>().pop().ok_or("it beats")?;
    assert_eq!(half.round, 3);
    let rest = alone(berlin(6)).attempt(2).progress(&half).on(Solver).await;
    assert_eq!(rest.progress_as::<Found>().first(), Some(&half), "what the attempt before has left is beaten anew");
    assert_eq!(rest.result?, whole);

    // Work that was done, and whose report was lost, is not done again.
    let again = alone(berlin(6)).attempt(2).progress(&last).on(Solver).await;
    assert_eq!(again.result?, whole);

    assert_eq!(
        run_twice(Solver::improve_tour, berlin(2)).heartbeat_timeout(Duration::from_secs(10)).on(Solver).await?.rounds,
        2
    );

    // What another instance has left is no tour of this one.
    let foreign = Found { order: vec![0, 1, 1], round: 5 };
    let fresh = alone(berlin(6)).attempt(2).progress(&foreign);
    assert_eq!(fresh.on(Solver).await.result?, whole);
    Ok(())
}

#[tokio::test]
async fn a_search_ends_when_its_worker_leaves_or_its_workflow_cancels_it() -> Outcome {
    let endless = || SolveInput { rounds: 100_000, ..berlin(1) };
    let running = alone(endless()).grace(Duration::from_secs(60)).start_on(Solver).await?;
    running.beaten(1).await;
    running.shut_down();
    let Err(NotDone::Failed(failure)) = running.end().await.result else { return Err("it ends with a failure".into()) };
    assert_eq!(failure.type_name, "WorkerShuttingDown", "{}", failure.message);

    let running = alone(endless()).start_on(Solver).await?;
    running.beaten(1).await;
    running.cancel();
    assert!(matches!(running.end().await.result, Err(NotDone::Cancelled)));
    Ok(())
}
