"""The rules: who may, what is stored together, what becomes a job."""
