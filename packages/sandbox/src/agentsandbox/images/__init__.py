"""Images that boxes are made of: the base image, task environments from recipes, images of registries; how much disk they take."""

from agentsandbox.images.base_recipe import recipe_name, recipe_sha256
from agentsandbox.images.ensure import Image, ensure_image, ensure_recipe, recipe_image
from agentsandbox.images.recipe import Recipe

__all__ = ["Image", "Recipe", "ensure_image", "ensure_recipe", "recipe_image", "recipe_name", "recipe_sha256"]
