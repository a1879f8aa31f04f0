"""/analytics: live progress of AI jobs, engagement of a course while the class works, milestones and alerts.

contract/     what it says and hears
namespace.py  the door: which command runs which function
rules/        pure decisions: who may see what, what a report makes of a job, figures of a window, what is a milestone
service/      load, decide, save, append
store/        its tables and queries
http/         routes for the LMS and for workers
trust.py      what a browser's word is taken for

In the background:

measuring.py  computes figures as activity comes in, and says what has changed; board.py holds them in memory
rolling.py    sums activity up by time
overdue.py    jobs that nobody has heard of for too long
alerting.py   learners at risk
tidying.py    deletes what nothing may ask for any more
"""
