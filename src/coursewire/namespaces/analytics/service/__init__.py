"""What /analytics does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit.

channels  who may listen to what
"""

from coursewire.namespaces.analytics.service.channels import check_cohort_channel, check_course_channel

__all__ = ["check_cohort_channel", "check_course_channel"]
