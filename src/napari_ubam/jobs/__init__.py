"""Commands in processes of their own: start them, follow their progress, stop them, and find them again."""

from .events import EventLog, JobEvent, read_events
from .job import Job, JobError, JobState, find_jobs, start_job

__all__ = ["EventLog", "Job", "JobError", "JobEvent", "JobState", "find_jobs", "read_events", "start_job"]
