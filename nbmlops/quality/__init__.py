"""What a table has to be: a contract, and the rows that break it."""
