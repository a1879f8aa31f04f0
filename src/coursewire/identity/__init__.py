"""Token -> Caller; course membership and roles."""
