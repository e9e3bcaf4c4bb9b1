"""Long work in another process: commands that tell of themselves, can be stopped and found again."""

from .events import EventLog, JobEvent, read_events
from .job import Job, JobError, JobState, find_jobs, start_job

__all__ = ["EventLog", "Job", "JobError", "JobEvent", "JobState", "find_jobs", "read_events", "start_job"]
