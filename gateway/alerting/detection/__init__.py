"""What is wrong, decided: engine, kinds of rules, and taking up again after a kill. Knows no people."""
