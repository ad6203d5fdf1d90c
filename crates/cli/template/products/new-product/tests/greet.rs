//! `new-product-greet` on a real server, on each of its paths.

use mainspring_testing::{Env, TestError, run_twice};
use new_product::activities::Greeter;
use new_product::contract::{Activities, Greet, GreetError, GreetInput};
use new_product::product;

type Outcome = Result<(), TestError>;

fn input(name: &str) -> GreetInput {
    GreetInput { name: name.to_owned() }
}

#[tokio::test]
async fn whoever_is_named_is_greeted() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).start().await?;
    assert_eq!(worker.execute::<Greet>(input("Ada")).await?, "Hello, Ada!");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn without_a_name_it_fails_at_once_and_says_why() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).start().await?;
    let error = worker.execute::<Greet>(input("")).await.err().ok_or("it greeted nobody")?;
    let failure = error.failure().ok_or("it did not fail by a failure")?;
    assert_eq!(failure.type_name(), Some(GreetError::NO_NAME.name()), "{error}");
    assert!(error.to_string().contains("there is nobody to greet: name is empty"), "{error}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn the_workflow_gives_what_its_activity_gave() -> Outcome {
    let env = Env::shared().await?;
    let compose = |input: GreetInput| async move { Ok(format!("Good evening, {}.", input.name)) };
    let worker = env.worker([product()]).mock(Activities::compose, compose).mocks_only().start().await?;
    assert_eq!(worker.execute::<Greet>(input("Ada")).await?, "Good evening, Ada.");
    assert_eq!(worker.calls(Activities::compose).len(), 1);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn its_activity_runs_twice_like_once() -> Outcome {
    assert_eq!(run_twice(Greeter::compose, input("Ada")).on(Greeter).await?, "Hello, Ada!");
    Ok(())
}
