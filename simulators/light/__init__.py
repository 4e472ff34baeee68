"""Light stations: the agent's own protocol logic over a list in memory, many of them in one process."""
