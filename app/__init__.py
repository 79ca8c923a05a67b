"""The Base Model Playground: a base language model, shown as it is."""
