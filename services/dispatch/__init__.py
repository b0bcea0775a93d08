"""Waking workers up: a Celery queue that carries job ids, and the leases under which work is done."""
