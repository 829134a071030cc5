"""An emulated Kiro upstream (specs/kiro.md section 12): runtime, management, legacy Q, logins and refresh."""
