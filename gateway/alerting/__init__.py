"""Alerts: finding what is wrong, and bringing it to a person; `alarms` opens both."""
