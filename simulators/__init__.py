"""Simulated people, rooms, stations and fleets: product code that describes, never imports the gateway."""
