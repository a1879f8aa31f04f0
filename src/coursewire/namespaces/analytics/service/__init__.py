"""What /analytics does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit.

activity  takes in what learners do
channels  who may listen to what
"""

from coursewire.namespaces.analytics.service.activity import record_activity, take_batch, trim_activity
from coursewire.namespaces.analytics.service.channels import check_cohort_channel, check_course_channel
from coursewire.namespaces.analytics.service.erasure import erase_user

__all__ = [
    "check_cohort_channel",
    "check_course_channel",
    "erase_user",
    "record_activity",
    "take_batch",
    "trim_activity",
]
