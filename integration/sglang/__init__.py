"""The model server: an OpenAI-compatible HTTP client, and the launch profiles of SGLang."""
