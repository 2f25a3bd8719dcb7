"""From a query to a ranking of passages."""
