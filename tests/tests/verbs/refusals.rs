//! What is refused before anything is sent: nobody listens where these commands would send it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use mainspring_testing::Env;

use crate::desk::{Desk, Outcome, said};

fn nowhere() -> Desk {
    Desk { env: Env::at("127.0.0.1:9"), queue: "desk".to_owned() }
}

#[tokio::test]
async fn input_that_does_not_fit_is_refused_with_its_place_and_what_would_be_right() -> Outcome {
    let account = r#"{"owner": 1, "gaol": 10, "currency": "dollar", "entries": [{"amount": 1}, {"amount": -2}]}"#;
    nowhere().run(&["start", "ledger", account]).await?.is(
        64,
        "",
        "error: the input does not fit ledger:\n  \
         $.goal is missing: it must be an integer from 0 on (gaol is no field of it)\n  \
         $.currency is \"dollar\": it must be one of \"euro\", \"franc\" or null\n  \
         $.entries[1].amount: -2 is less than the minimum of 0\n  \
         $.owner is 1: it must be a string\n\
         --no-check sends it as it is\n",
    );
    nowhere().run(&["start", "ledger"]).await?.is(
        64,
        "",
        "error: ledger wants an input: an object with currency, entries, goal, owner. --no-check sends none\n",
    );
    let number = nowhere().run(&["start", "chain", "\"three\""]).await?;
    number.refuses(64, "  $ is \"three\": it must be an integer from 0 on\n");
    let negative = nowhere().run(&["start", "chain", "-5"]).await?;
    negative.refuses(64, "  $: -5 is less than the minimum of 0\n");
    let two = nowhere().run(&["start", "chain", "-i", "1", "-i", "2"]).await?;
    two.is(64, "", "error: chain takes one input, and 2 were given: put the fields into one JSON object\n");
    let id = nowhere().run(&["start", "book", "--no-check", "{}"]).await?;
    id.is(64, "", "error: the id of book follows from its input, and this one does not decode: give --workflow-id\n");
    Ok(())
}

#[tokio::test]
async fn unchecked_input_is_sent_as_it_is_and_an_unknown_field_is_a_warning() -> Outcome {
    let desk = Desk::idle().await?;
    let said = desk.run(&["start", "ledger", "{\"gaol\": 1}", "--no-check"]).await?;
    assert_eq!(said.code, 0, "{said:?}");
    let said = desk.run(&["start", "ledger", r#"{"owner": "ann", "goal": 1, "curency": "euro", "if-any": 1}"#]).await?;
    assert_eq!(said.code, 0, "{said:?}");
    let warnings: Vec<&str> = said.talk.lines().take(2).collect();
    assert_eq!(
        warnings,
        [
            "warning: $.curency is no field, and will be passed over: did you mean currency?",
            "warning: $[\"if-any\"] is no field, and will be passed over: there is currency, entries, goal, owner",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn what_is_no_json_or_too_large_or_cannot_be_read_is_refused() -> Outcome {
    let desk = nowhere();
    let start = ["start", "ledger"];
    let wrong = desk.run(&["start", "ledger", "{owner: 1}"]).await?;
    let hint = "Write it as one argument, in single quotes";
    wrong.is(64, "", &format!("error: the input is not JSON: key must be a string at line 1 column 2. {hint}\n"));
    let stdin = desk.fed(&["start", "ledger", "-"], b"{").await?;
    stdin.is(64, "", "error: stdin is not JSON: EOF while parsing an object at line 1 column 1\n");
    let empty = desk.run(&["start", "ledger", "-"]).await?;
    empty.is(64, "", "error: stdin is not JSON: EOF while parsing a value at line 1 column 0\n");
    let stdin = desk.fed(&["signal", "-w", "x", "--name", "y", "-i", "-"], b"\"\xff\"").await?;
    stdin.is(64, "", "error: stdin is not UTF-8 at byte 1\n");
    let mut command = desk.command(&start);
    command.arg(OsStr::from_bytes(b"\"ab\xff\""));
    said(command).await?.is(64, "", "error: the input is not UTF-8 at byte 3\n");
    desk.run(&["start", "ledger", "--input-file", "/no/such"]).await?.is(
        64,
        "",
        "error: /no/such cannot be read: No such file or directory (os error 2)\n",
    );
    let huge = [b"\"".as_slice(), &vec![b'x'; 17 << 20], b"\""].concat();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("huge.json");
    std::fs::write(&path, huge)?;
    let path = path.display().to_string();
    let said = desk.run(&["start", "ledger", "--input-file", &path]).await?;
    said.is(64, "", &format!("error: {path} is larger than 16 MiB; Temporal takes at most 2 MiB\n"));
    Ok(())
}

#[tokio::test]
async fn three_mebibytes_are_refused_with_their_size() -> Outcome {
    // A connection is made, for the codec may shrink it; a start is not sent.
    let env = Env::shared().await?;
    let proxy = mainspring_servers::proxy::WireProxy::builder(env.address().parse()?).start().await?;
    let desk = Desk { queue: env.queue("desk"), env: Env::at(proxy.address()) };
    let text = "x".repeat(3 << 20);
    let account = format!("{{\"owner\": \"{text}\", \"goal\": 1}}");
    let said = desk.fed(&["start", "ledger", "-"], account.as_bytes()).await?;
    said.is(
        64,
        "",
        &format!(
            "error: the input is {} bytes (3.0 MiB) as it would be sent; Temporal takes at most 2097152 (2 MiB). Put it where the \
             workflow can read it, and send its address\n",
            account.len()
        ),
    );
    assert_eq!(proxy.count_of("StartWorkflowExecution"), 0);
    Ok(())
}

#[tokio::test]
async fn names_that_nobody_has_are_refused_with_those_that_are_near() -> Outcome {
    let desk = nowhere();
    desk.run(&["start", "ledgre", "{}"]).await?.is(
        64,
        "",
        "error: no product has a workflow ledgre: did you mean ledger?\n",
    );
    let none_is_near = desk.run(&["start", "quux", "{}"]).await?;
    none_is_near.refuses(64, "error: no product has a workflow quux: there is call, steps, fragile, ");
    none_is_near.refuses(64, ", book\n");
    Ok(())
}

#[tokio::test]
async fn arguments_that_exclude_each_other_do_nothing() -> Outcome {
    let desk = nowhere();
    for (arguments, text) in [
        (&["start"][..], "<NAME>"),
        (&["start", "ledger", "1", "-i", "2"], "cannot be used with"),
        (&["cancel"], "<--workflow-id <WORKFLOW_ID>|--query <QUERY>>"),
        (&["cancel", "-w", "x", "--query", "y"], "cannot be used with"),
        (&["cancel", "-w", "x", "--dry-run"], "'--workflow-id <WORKFLOW_ID>' cannot be used with '--dry-run'"),
        (&["terminate", "-w", "x", "--yes"], "cannot be used with"),
        (&["terminate", "-w", "x", "--job-id", "y"], "cannot be used with"),
        (&["terminate", "--query", "x", "--rate", "0"], "write a number over 0, such as 50 or 0.5"),
        (&["signal", "-w", "x"], "--name <NAME>"),
        (&["reset", "-w", "x", "--reason", "y"], "<--event-id <EVENT_ID>|--type <TYPE>>"),
        (&["reset", "--query", "x", "--reason", "y", "--event-id", "4"], "cannot be used with"),
        (&["start", "chain", "1", "--start-delay", "soon"], "write it as 90s, 15m, 2h or 7d"),
        (&["start", "chain", "1", "--memo", "a"], "write it as KEY=JSON"),
        (&["start", "chain", "1", "--memo", "a=b"], "a text is written as a='\"text\"'"),
    ] {
        desk.run(arguments).await?.refuses(64, text);
    }
    Ok(())
}

#[tokio::test]
async fn every_verb_shows_an_example_and_the_exit_codes_are_told() -> Outcome {
    let desk = nowhere();
    let help = desk.run(&["--help"]).await?;
    let told: String = help.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for code in [
        "0 done",
        "1 the workflow failed",
        "64 wrong",
        "66 no such workflow",
        "69 Temporal",
        "70 ",
        "78 ",
        "130 Ctrl-C",
    ] {
        assert!(told.contains(code), "{code} is not in {told}");
    }
    for verb in [
        "start",
        "execute",
        "result",
        "signal",
        "query",
        "update",
        "describe",
        "cancel",
        "terminate",
        "list",
        "count",
        "reset",
    ] {
        let help = desk.run(&[verb, "--help"]).await?;
        assert!(help.out.contains(&format!("mainspring workflow {verb}")), "{}", help.out);
    }
    Ok(())
}
