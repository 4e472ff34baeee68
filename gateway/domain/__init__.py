"""Pure rules of the trade: stations, occupancy, counters."""
