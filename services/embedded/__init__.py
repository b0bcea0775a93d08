"""The embedded defaults: PostgreSQL, Valkey and a FHIR server from wheels, for demo, trial and test."""
