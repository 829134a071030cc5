"""An emulated Code Assist (`cloudcode-pa`) with the Google sign-in that leads to it."""
