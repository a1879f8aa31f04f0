"""What /analytics does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit.

activity      takes in what learners do
channels      who may listen to what, and what comes with it
jobs          what workers report, and who wants it to end
job_lists     jobs as people see them
overdue_jobs  jobs that nobody has heard of for too long
xapi          keeps statements, and takes the activity out of them
"""

from coursewire.namespaces.analytics.service.activity import record_activity, take_batch, trim_activity
from coursewire.namespaces.analytics.service.channels import (
    check_cohort_channel,
    check_course_channel,
    latest_of_course,
    latest_of_user,
)
from coursewire.namespaces.analytics.service.erasure import erase_user
from coursewire.namespaces.analytics.service.job_lists import (
    check_job_channel,
    latest_of_job,
    list_jobs,
    read_job,
)
from coursewire.namespaces.analytics.service.jobs import cancel_job, create_job, report_job
from coursewire.namespaces.analytics.service.overdue_jobs import give_jobs_up, stall_jobs, trim_jobs
from coursewire.namespaces.analytics.service.xapi import Given, store_statements, trim_statements

__all__ = [
    "Given",
    "cancel_job",
    "check_cohort_channel",
    "check_course_channel",
    "check_job_channel",
    "create_job",
    "erase_user",
    "give_jobs_up",
    "latest_of_course",
    "latest_of_job",
    "latest_of_user",
    "list_jobs",
    "read_job",
    "record_activity",
    "report_job",
    "stall_jobs",
    "store_statements",
    "take_batch",
    "trim_activity",
    "trim_jobs",
    "trim_statements",
]
