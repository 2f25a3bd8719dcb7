"""Measurements that are run by hand: quality, speed and a real model."""
