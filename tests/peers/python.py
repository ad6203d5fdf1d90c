"""A worker on Temporal's SDK for Python: what calls Rust, and what Rust calls."""

import asyncio
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker


@activity.defn(name="reverse")
async def reverse(text: str) -> str:
    return text[::-1]


@activity.defn(name="decline")
async def decline(text: str) -> str:
    raise ApplicationError(f"declined in Python: {text}", type="Declined", non_retryable=True)


@workflow.defn(name="python-calls")
class PythonCalls:
    """Calls an activity on a queue of Rust; gives its result, or the type of its error."""

    @workflow.run
    async def run(self, queue: str, name: str, argument: str) -> str:
        try:
            return await workflow.execute_activity(
                name,
                argument,
                task_queue=queue,
                result_type=str,
                start_to_close_timeout=timedelta(seconds=30),
            )
        except ActivityError as error:
            cause = error.cause
            assert isinstance(cause, ApplicationError)
            return f"{cause.type}, non_retryable={cause.non_retryable}: {cause.message}"


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    queue = os.environ["PEER_QUEUE"]
    async with Worker(client, task_queue=queue, workflows=[PythonCalls], activities=[reverse, decline]):
        print("polling", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
