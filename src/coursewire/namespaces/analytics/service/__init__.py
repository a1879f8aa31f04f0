"""What /analytics does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit.

activity      takes in what learners do
alerts        tells staff what they should look at
milestones    says what was reached, each once
channels      who may listen to what, and what comes with it
jobs          what workers report, and who wants it to end
job_lists     jobs as people see them
late          reports of hours that are over, which the class is not shown yet
measuring     what figures are made of, and who is told of them
metrics       answers about figures, series, who is at risk
overdue_jobs  jobs that nobody has heard of for too long
risk_alerts   alerts of learners at risk, as they come and go
rollups       sums of activity by time
xapi          keeps statements, and takes the activity out of them
"""

from coursewire.namespaces.analytics.service.activity import record_activity, take_batch, trim_activity
from coursewire.namespaces.analytics.service.alerts import (
    clear_at_risk,
    follow_job_again,
    follow_stalled_job,
    list_alerts,
    raise_at_risk,
)
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
from coursewire.namespaces.analytics.service.late import note_late, trim_late
from coursewire.namespaces.analytics.service.measuring import (
    OWN_METRICS,
    derive_own,
    mark_activity,
    mark_roster,
)
from coursewire.namespaces.analytics.service.metrics import (
    latest_of_cohort,
    list_at_risk,
    read_metrics,
    read_series,
)
from coursewire.namespaces.analytics.service.milestones import (
    follow_activity,
    follow_members,
    list_milestones,
    put_milestone,
    put_rules,
    trim_days,
)
from coursewire.namespaces.analytics.service.overdue_jobs import give_jobs_up, stall_jobs, trim_jobs
from coursewire.namespaces.analytics.service.risk_alerts import clear_who_came, clear_who_left
from coursewire.namespaces.analytics.service.xapi import Given, store_statements, trim_statements

__all__ = [
    "OWN_METRICS",
    "Given",
    "cancel_job",
    "check_cohort_channel",
    "check_course_channel",
    "check_job_channel",
    "clear_at_risk",
    "clear_who_came",
    "clear_who_left",
    "create_job",
    "derive_own",
    "erase_user",
    "follow_activity",
    "follow_job_again",
    "follow_members",
    "follow_stalled_job",
    "give_jobs_up",
    "latest_of_cohort",
    "latest_of_course",
    "latest_of_job",
    "latest_of_user",
    "list_alerts",
    "list_at_risk",
    "list_jobs",
    "list_milestones",
    "mark_activity",
    "mark_roster",
    "note_late",
    "put_milestone",
    "put_rules",
    "raise_at_risk",
    "read_job",
    "read_metrics",
    "read_series",
    "record_activity",
    "report_job",
    "stall_jobs",
    "store_statements",
    "take_batch",
    "trim_activity",
    "trim_days",
    "trim_jobs",
    "trim_late",
    "trim_statements",
]
