"""The tables of /analytics and its queries: the only SQL of this namespace."""

from coursewire.namespaces.analytics.store.activity import (
    erase_activity,
    existing_courses,
    insert_activity,
    known,
    roles_of,
    trim_activity,
)
from coursewire.namespaces.analytics.store.jobs import (
    FIRST_JOB,
    JobPlace,
    active_jobs_of_course,
    active_jobs_of_owner,
    erase_jobs,
    insert_job,
    job_digest,
    job_page,
    jobs_of_owner,
    load_job,
    save_job,
    save_jobs,
    silent_jobs,
    trim_jobs,
)

__all__ = [
    "FIRST_JOB",
    "JobPlace",
    "active_jobs_of_course",
    "active_jobs_of_owner",
    "erase_activity",
    "erase_jobs",
    "existing_courses",
    "insert_activity",
    "insert_job",
    "job_digest",
    "job_page",
    "jobs_of_owner",
    "known",
    "load_job",
    "roles_of",
    "save_job",
    "save_jobs",
    "silent_jobs",
    "trim_activity",
    "trim_jobs",
]
