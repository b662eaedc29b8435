"""The calculators for people: what they type is read, the rules of law work it out."""
