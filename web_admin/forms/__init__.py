"""Forms made from the shapes of the settings: what they are called, and how they are read back."""
