"""/analytics: live progress of AI jobs, engagement of a course while the class works, milestones and alerts.

contract/     what it says and hears
namespace.py  the door: which command runs which function
rules/        pure decisions: who may see what, what a report makes of a job, what counts as a milestone
service/      load, decide, save, append
store/        its tables and queries
http/         routes for the LMS and for workers
"""
