"""A lesson: a hundred virtual students who think, ask, leave, stall and reload, and what came of it."""
