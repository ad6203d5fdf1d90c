"""The replay benchmark's workflow on Python's SDK: replays the history of a file, and prints the seconds that it took."""

import asyncio
import sys
import time
from datetime import timedelta

from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner


@workflow.defn(name="echoes")
class Echoes:
    @workflow.run
    async def run(self, count: int) -> int:
        for n in range(count):
            await workflow.execute_activity("echo", str(n), start_to_close_timeout=timedelta(seconds=30))
        return count


async def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    runner = {} if sys.argv[2] == "sandbox" else {"workflow_runner": UnsandboxedWorkflowRunner()}
    start = time.perf_counter()
    history = WorkflowHistory.from_json("replayed", text)
    await Replayer(workflows=[Echoes], **runner).replay_workflow(history)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    asyncio.run(main())
