"""The pages of docs/recipes, and the pieces of code on them."""

from __future__ import annotations

import re
from pathlib import Path

RECIPES = Path(__file__).parents[1] / "docs" / "recipes"


def blocks(name: str, language: str) -> list[str]:
    """Returns the pieces of code of a recipe, in their order."""
    return re.findall(rf"```{language}\n(.*?)```", (RECIPES / f"{name}.md").read_text("utf-8"), re.DOTALL)
