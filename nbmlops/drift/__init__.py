"""How far a table has moved from another one: effect sizes first, a p-value as a footnote."""
