"""The worked examples that pages open with, before the model is loaded: `static/examples/<page>.json`.

`python -m app presets --measure home` writes one anew. An `EXACT` one is of float32; the others are of what
this server computes by default, because their pages show the same numbers again.
"""
