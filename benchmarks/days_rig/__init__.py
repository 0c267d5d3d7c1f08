"""Weeks of many users in virtual time: real services, simulated exchange, people and model."""
