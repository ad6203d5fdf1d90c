"""The benchmark's workflow on Python's SDK: five echo activities."""

import asyncio
import os
import signal
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker


@activity.defn(name="echo")
async def echo(text: str) -> str:
    return text


@workflow.defn(name="bench")
class Bench:
    @workflow.run
    async def run(self, text: str) -> str:
        for _ in range(5):
            text = await workflow.execute_activity(echo, text, start_to_close_timeout=timedelta(seconds=30))
        return text


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Worker(client, task_queue=os.environ["BENCH_QUEUE"], workflows=[Bench], activities=[echo]):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
