"""The alert rules: what is wrong, from when on, how bad, and what to do first."""
