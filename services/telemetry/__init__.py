"""Logs, metrics, traces, health. Patients' text passes through none of them."""
