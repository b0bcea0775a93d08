"""Launch profiles of SGLang: profiles.yaml, and the records it is read into."""

from integration.sglang.profiles.profile import Profile, ProfileError, load_profiles, profile_named

__all__ = ["Profile", "ProfileError", "load_profiles", "profile_named"]
