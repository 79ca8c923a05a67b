"""The load every server gets: eight short prompts in turn, N streams at once."""

from dataclasses import dataclass
from typing import Any

PROMPTS = (
    "The capital of France is",
    "Once upon a time there was a fox who",
    "To make bread you need flour, water and",
    "The first thing I noticed about the house was",
    "In 1905 a young clerk in a patent office",
    "Dear Sir or Madam,\nI am writing to",
    "The river was high that spring, and",
    "def fibonacci(n):\n",
)
STREAMS = (1, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Load:
    """What one stream asks for."""

    tokens: int = 64  # new tokens; end-of-text is ignored, so that every stream has as many
    temperature: float = 0.8
    logprobs: int = 5  # likeliest alternatives with each token

    def body(self, prompt: str | list[int], model: str, **others: Any) -> dict[str, Any]:
        """The JSON of `POST /v1/completions`, in the words vLLM and llama-server share."""
        return {
            "model": model,
            "prompt": prompt,
            "max_tokens": self.tokens,
            "temperature": self.temperature,
            "logprobs": self.logprobs,
            "ignore_eos": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        } | others
