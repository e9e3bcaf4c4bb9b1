"""Commands in processes of their own: start them, follow their progress, stop them, and find them again."""

from .events import EventLog, JobEvent, read_events
from .job import JOBS, Job, JobError, JobState, announce_job, find_jobs, start_job
from .shell import command_line

__all__ = [
    "JOBS",
    "EventLog",
    "Job",
    "JobError",
    "JobEvent",
    "JobState",
    "announce_job",
    "command_line",
    "find_jobs",
    "read_events",
    "start_job",
]
