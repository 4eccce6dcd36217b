"""Published worked examples, run through the engine that decides live settlements."""
