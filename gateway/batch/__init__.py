"""A tick of readings as Arrow columns, with the frames they came in."""
