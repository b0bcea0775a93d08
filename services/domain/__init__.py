"""What we say of reports, messages, jobs, reviews and deliveries: their states, and one frozen record a noun."""
