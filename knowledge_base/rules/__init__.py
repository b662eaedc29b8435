"""Rules of law as pure functions: who may get legal aid, what is owed, until when."""
