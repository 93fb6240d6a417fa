"""Who serves models over OpenAI's API: names, addresses, keys, and a model to begin with. Data only.

The order is the order of preference: keys are looked for, and local servers are asked, from the top down.
"""

from __future__ import annotations

from dataclasses import dataclass

SMALL_CONTEXT = (
    "Ollama cuts prompts silently at its context length, which is 4,096 tokens on most machines: start it with "
    "OLLAMA_CONTEXT_LENGTH=32768 ollama serve (`ollama ps` shows the length in use)"
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider. `base` None: OpenAI's own. `keys`: the variables its key may be in; none for a local server.

    `model` is taken when only the provider is named; a local server is asked what it has. `note`: what to know.
    """

    name: str
    title: str
    base: str | None
    keys: tuple[str, ...] = ()
    model: str | None = None
    note: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return not self.keys


_ALL = (
    Provider("openai", "OpenAI", None, ("OPENAI_API_KEY",), "gpt-5-mini"),
    Provider(
        "openrouter", "OpenRouter", "https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",), "openrouter/auto"
    ),
    Provider(
        "gemini",
        "Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "gemini-flash-latest",
    ),
    Provider("mistral", "Mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",), "mistral-medium-latest"),
    Provider("deepseek", "DeepSeek", "https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",), "deepseek-chat"),
    Provider("groq", "Groq", "https://api.groq.com/openai/v1", ("GROQ_API_KEY",), "openai/gpt-oss-120b"),
    Provider("together", "Together", "https://api.together.xyz/v1", ("TOGETHER_API_KEY",), "openai/gpt-oss-120b"),
    Provider(
        "fireworks",
        "Fireworks",
        "https://api.fireworks.ai/inference/v1",
        ("FIREWORKS_API_KEY",),
        "accounts/fireworks/models/gpt-oss-120b",
    ),
    Provider("ollama", "Ollama", "http://127.0.0.1:11434/v1", note=SMALL_CONTEXT),
    Provider("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1"),
    Provider("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1"),
    Provider("vllm", "vLLM", "http://127.0.0.1:8000/v1"),
)
PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in _ALL}
