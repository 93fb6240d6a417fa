"""How a loop is carried out: effects, wrappers, drivers, sessions, results."""
