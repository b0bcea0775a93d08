"""Other people's formats and protocols. No database, no queue, nothing of services/."""
