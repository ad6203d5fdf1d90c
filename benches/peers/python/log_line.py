"""The cost of one line, in microseconds: structlog with bound context, time, callsite and JSON, to /dev/null."""
import sys
import time

import structlog
from structlog.contextvars import bind_contextvars, merge_contextvars
from structlog.processors import CallsiteParameter, CallsiteParameterAdder

LINES = int(sys.argv[1])

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        merge_contextvars,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S.%f", utc=True),
        CallsiteParameterAdder({CallsiteParameter.FILENAME, CallsiteParameter.FUNC_NAME, CallsiteParameter.LINENO}),
        structlog.processors.EventRenamer("msg"),
        structlog.processors.JSONRenderer(),
    ],
    logger_factory=structlog.PrintLoggerFactory(open("/dev/null", "w")),
    cache_logger_on_first_use=True,
)
bind_contextvars(
    activity_id="1",
    activity_type="copy",
    attempt=1,
    task_queue="exports",
    workflow_id="0190c5a1-aaaa-bbbb-cccc-1234567890ab-2026-11-21T01:00:00Z",
    workflow_namespace="default",
    workflow_run_id="0190c5a2-aaaa-bbbb-cccc-1234567890ab",
    workflow_type="s3-export",
    team_id=2,
)
logger = structlog.get_logger()
began = time.perf_counter()
for row in range(LINES):
    logger.info("Finished exporting batch", rows=row, bytes_exported=1234567)
print((time.perf_counter() - began) / LINES * 1e6)
