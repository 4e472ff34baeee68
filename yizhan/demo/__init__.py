"""Everything on one machine: embedded broker, gateway, a town of simulated stations, a story to watch."""
