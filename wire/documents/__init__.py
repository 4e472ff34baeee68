"""What the tables and models say, written out for others: schemas, pages and golden frames."""
