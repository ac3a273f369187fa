"""The judge layer: a language model that scores steps. The only part of the package that needs ``agentllm``."""
