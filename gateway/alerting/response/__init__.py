"""What is done about it: the life of alerts, policy, who is told and how. Knows no readings."""
