"""What unions report upwards: figures of a day, a month, a year, with how they were come by."""
